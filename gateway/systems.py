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

_ADDRESS = "an http:// or https:// address without user, query or fragment, such as https://oms.internal:8443"
_PRICE = 'an amount and a currency, such as "0.01 EUR"'
_PRICED = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ([A-Z]{3})")


def _address(value: object) -> object:
    """An address we can append paths to. Credentials in addresses end up in logs, so they have a key of their own."""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_ADDRESS)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(_ADDRESS)
    return parts.geturl().rstrip("/")


def _price(value: object) -> object:
    """More than nothing: points that are worth nothing pay for nothing."""
    priced = _PRICED.fullmatch(value) if isinstance(value, str) else None
    if value is not None and (priced is None or not Decimal(priced[1])):
        raise ValueError(_PRICE)
    return value


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


class Systems(Section):
    """The four roles. Each is named: a deployment without an ERP points `erp` at a service that stands in for one."""

    erp: System
    oms: System
    loyalty: LoyaltySystem
    crm: System

    @model_validator(mode="before")
    @classmethod
    def _complete_wire(cls, given: Any) -> Any:
        """Lay the numbers that were given over the role's own, so that each is written down once."""
        if not isinstance(given, dict):
            return given
        complete = dict(given)
        for role in SystemRole:
            system = given.get(role.value.lower())
            if isinstance(system, dict) and isinstance(system.get("wire", {}), dict):
                wire = asdict(DEFAULTS[role]) | system.get("wire", {})
                complete[role.value.lower()] = {**system, "wire": wire}
        return complete

    def of(self, role: SystemRole) -> System:
        system: System = getattr(self, role.value.lower())
        return system
