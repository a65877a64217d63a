"""Who asks in the fuzz: every kind of caller, most of them twice, so that two of equal rights can be compared."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.gateway.identity.minting import rsa_key, token

CUSTOMERS = tuple(f"cust-{number:05}" for number in (1, 2, 3, 4, 900))
"""The last of them has no membership."""

ASKED_SCOPES = "pii:read finance:read returns:authorize"


@dataclass(frozen=True)
class Person:
    """`rights` says whom they equal: two of the same rights see the same. `credential` is None for a visitor."""

    name: str
    rights: str
    credential: str | None


def _static(name: str, rights: str, **said: str) -> tuple[Person, str]:
    lines = "".join(f'{key} = "{value}"\n' for key, value in said.items() if key != "scopes")
    scopes = f"scopes = {said['scopes'].split()}\n".replace("'", '"') if "scopes" in said else ""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Person(name, rights, name), f'[[identity.tokens]]\nsha256 = "{digest}"\nsubject = "{name}"\n{lines}{scopes}'


def _signed(name: str, rights: str, **claims: str) -> Person:
    now = int(time.time())
    told: dict[str, Any] = {f"retailgraph_{key}": value for key, value in claims.items()}
    bare: dict[str, Any] = {"retailgraph_store": None, "scope": None}
    return Person(name, rights, token(rsa_key(), sub=name, iat=now, exp=now + 86_400, **(bare | told)))


_STATIC = (
    *(_static(f"web-{one[5:]}", f"customer {one}", customer=one) for one in CUSTOMERS),
    *(_static(f"app-{one[5:]}", f"customer {one}", customer=one, audience="mobile") for one in CUSTOMERS[:2]),
    _static("asked-1", "customer cust-00001 with scopes", customer=CUSTOMERS[0], scopes=ASKED_SCOPES),
    _static("abroad-1", "customer cust-00001 of the eu", customer=CUSTOMERS[0], region="eu"),
    _static("abroad-2", "customer cust-00002 of the eu", customer=CUSTOMERS[1], region="eu"),
    _static("clerk-7", "clerk of store-007", audience="associate", store="store-007"),
    _static("clerk-8", "clerk of store-007", audience="associate", store="store-007"),
    _static("clerk-eu", "clerk of the eu", audience="associate", store="store-012", region="eu"),
    _static("clerk-pii", "clerk who reads it all", audience="associate", store="store-007", scopes="pii:read"),
    _static("market-web", "marketplace of WEB", audience="partner/marketplace", channel="WEB"),
    _static("market-web-2", "marketplace of WEB", audience="partner/marketplace", channel="WEB"),
    _static("market-app", "marketplace of APP", audience="partner/marketplace", channel="APP"),
    _static("market-pii", "marketplace that reads it all", audience="partner/marketplace", channel="APP",
            scopes="pii:read finance:read"),
    _static("market-none", "marketplace without a channel", audience="partner/marketplace"),
    _static("ops", "operations", audience="operations"),
)  # fmt: skip

TOKENS = "".join(toml for _, toml in _STATIC)
KEY_OF = "acme"
"""Who holds the API key, made when the database is there."""


def people(api_key: str) -> tuple[Person, ...]:
    """All of them; `api_key` is the one of the database, of a partner."""
    return (
        Person("visitor", "visitor", None),
        *(person for person, _ in _STATIC),
        _signed("jwt-1", "customer cust-00001", audience="storefront", customer=CUSTOMERS[0]),
        _signed("jwt-2", "customer cust-00002", audience="storefront", customer=CUSTOMERS[1]),
        _signed("jwt-clerk", "clerk of store-007", audience="associate", store="store-007"),
        Person(KEY_OF, "partner", api_key),
    )


def headers_of(person: Person) -> Mapping[str, str]:
    return {} if person.credential is None else {"authorization": f"Bearer {person.credential}"}
