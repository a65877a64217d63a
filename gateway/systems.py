"""The `[systems]` sections: how the four outside systems are reached, and what a connector must know of one."""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import Money, SystemRole
from gateway.sections import SECRET_FILE_BYTES_MAX, Section

REGIONS_MAX = 16
"""Staff who are bound to no region may ask all of them at once."""

_ADDRESS = "an http:// or https:// address without user, query or fragment, such as https://oms.internal:8443"
_PRICE = 'an amount and a currency, such as "0.01 EUR"'
_REGION = "lower-case letters, digits and hyphens, as in eu-central"
_PRICED = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ([A-Z]{3})")


def _address(value: object) -> object:
    """An address we can append paths to. Credentials in addresses end up in logs, so they have a key of their own."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_one = parts is not None and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as exc:  # what stands for the port is none
        raise ValueError(_ADDRESS) from exc
    if parts is None or not is_one or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(_ADDRESS)
    return parts.geturl().rstrip("/")


def _price(value: object) -> object:
    """More than nothing: points that are worth nothing pay for nothing."""
    priced = _PRICED.fullmatch(value) if isinstance(value, str) else None
    if value is not None and (priced is None or not Decimal(priced[1])):
        raise ValueError(_PRICE)
    return value


def _region(value: object) -> object:
    """A name that can stand in keys of the settings, in a claim of a token and in the name of a cache's shelf."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", value)):
        return value
    raise ValueError(_REGION)


Region = Annotated[str, BeforeValidator(_region)]


class System(Section):
    """How one outside system is reached. Exactly one of `token` and `token_file`, or neither."""

    # The open role contracts: what a system speaks that no connector of a vendor's own was chosen for.
    vendor: str = "open"
    # No default: a gateway that guesses where its ERP stands would find somebody else's.
    url: Annotated[str, BeforeValidator(_address)] = Field(description=_ADDRESS)
    # None: the network itself decides who may ask, as in a service mesh.
    token: SecretStr | None = None
    # Read once; a secret that was mounted as a file never shows up in a process list.
    token_file: Path | None = None
    # Per role, each with its reason: domains/upstream/policy.py.
    wire: WirePolicy

    @model_validator(mode="before")
    @classmethod
    def _read_token_file(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("token_file") is None:
            return given
        if given.get("token") is not None:
            raise ValueError("either token or token_file, not both")
        return {**given, "token": _secret(Path(str(given["token_file"])))}


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_FILE_BYTES_MAX + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(f"a token_file with text that can be read ({exc})") from exc
    if not text or len(content) > SECRET_FILE_BYTES_MAX:
        raise ValueError(f"a token_file with 1 to {SECRET_FILE_BYTES_MAX} bytes, which {path} has not")
    return text


def _patient(given: Any, role: SystemRole) -> Any:
    """A system with the numbers that were given laid over those of its role."""
    if not isinstance(given, dict) or not isinstance(given.get("wire", {}), dict):
        return given
    return {**given, "wire": asdict(DEFAULTS[role]) | given.get("wire", {})}


class LoyaltySystem(System):
    """The loyalty engine, and how it holds points."""

    # Only an engine that cannot hold them is debited, and the gateway keeps the holds.
    holds: Literal["native_lock", "debit"] = "native_lock"
    # What a redemption is worth is said by who holds the points: the engine, or else this.
    point_value: Annotated[str | None, BeforeValidator(_price)] = Field(default=None, description=_PRICE)

    @model_validator(mode="after")
    def _knows_its_worth(self) -> Self:
        if self.holds == "debit" and self.point_value is None:
            raise ValueError(f'with holds = "debit" a point_value too: {_PRICE}')
        return self

    @property
    def worth(self) -> Money | None:
        """What one point is worth, where the engine does not say."""
        if self.point_value is None:
            return None
        amount, currency_code = self.point_value.split(" ")
        return Money(amount=Decimal(amount), currency_code=currency_code)


class CrmSystem(System):
    """The CRM: one for everybody, or this one and others, each of the customers of a region."""

    # The region of this one; customers and staff who are bound to none are of it too.
    region: Annotated[str | None, BeforeValidator(_region)] = Field(default=None, description=_REGION)
    # By region. Once regions have names, whoever is bound to one that is not among them is shown nobody.
    regions: dict[Region, System] = Field(default_factory=dict, max_length=REGIONS_MAX)

    @model_validator(mode="before")
    @classmethod
    def _complete_regions(cls, given: Any) -> Any:
        """Each region's Wire has the numbers of a CRM's, until it is given others."""
        if not isinstance(given, dict) or not isinstance(given.get("regions"), dict):
            return given
        return {**given, "regions": {name: _patient(one, SystemRole.CRM) for name, one in given["regions"].items()}}

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.region is not None and self.region in self.regions:
            raise ValueError(f"a region of its own: {self.region} is among regions too")
        return self


class Systems(Section):
    """The four roles. Each is named: a deployment without an ERP points `erp` at a service that stands in for one."""

    erp: System
    oms: System
    loyalty: LoyaltySystem
    crm: CrmSystem

    @model_validator(mode="before")
    @classmethod
    def _complete_wire(cls, given: Any) -> Any:
        """Lay the numbers that were given over the role's own, so that each is written down once."""
        if not isinstance(given, dict):
            return given
        complete = dict(given)
        for role in SystemRole:
            complete[role.value.lower()] = _patient(given.get(role.value.lower()), role)
        return {name: system for name, system in complete.items() if name in given}

    def of(self, role: SystemRole) -> System:
        system: System = getattr(self, role.value.lower())
        return system

    def slow_s(self, role: SystemRole, region: str | None = None) -> float:
        """How long one may take, in seconds, before it counts as slow; `region` is that of another CRM than home's."""
        system = self.of(role) if region is None else self.crm.regions[region]
        return system.wire.slow_call_s
