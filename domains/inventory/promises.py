"""The house's word on stock: given as tokens and ids, and known again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from domains.inventory.model import Availability
from domains.inventory.promise_token import PromiseClaims, TokenFault, sign_promise, verify_promise
from domains.inventory.reservation_id import seal_reservation, unseal_reservation
from domains.inventory.signing import SECRET_BYTES_MIN, PromiseKeys, SigningKey
from domains.vocabulary import FreshnessTier, Reading

PROMISE_S = 600
"""Ten minutes: from looking at an item to having it in a basket that is reserved."""


@dataclass(frozen=True)
class Promises:
    """What was promised is known again by `keys`; a promise is stood by for `ttl_s` seconds."""

    keys: PromiseKeys
    ttl_s: float = PROMISE_S

    @classmethod
    def passing(cls) -> Promises:
        """With a key made up on the spot: good within one process, for as long as it runs."""
        return cls(PromiseKeys(SigningKey("passing", secrets.token_bytes(SECRET_BYTES_MIN))))

    def sign(self, reading: Reading[Availability], audience: str, now: datetime) -> str | None:
        """A token for what may be promised of a position; None where that is nothing, or not known, or where whoever
        would have to keep the promise is failing."""
        availability = reading.value
        figure = availability.available_to_promise
        if figure is None or figure <= 0 or reading.tier is FreshnessTier.STALE_DEGRADED:
            return None
        claims = PromiseClaims(
            sku=availability.sku,
            location_id=availability.location_id,
            quantity=figure,
            semantics=availability.semantics,
            observed_at=reading.observed_at,
            expires_at=now.timestamp() + self.ttl_s,
            audience=audience,
        )
        return sign_promise(claims, self.keys)

    def verify(self, token: str, now: datetime) -> PromiseClaims | TokenFault:
        """What a token says, or why it says nothing."""
        return verify_promise(token, self.keys, now.timestamp())

    def seal(self, id_: str, owner: str) -> str:
        """The public id of the OMS's reservation `id_`, for `owner` alone."""
        return seal_reservation(id_, owner, self.keys)

    def unseal(self, public: str, owner: str) -> str | None:
        """The OMS's id behind a public one; None when the house did not give it to `owner`."""
        return unseal_reservation(public, owner, self.keys)
