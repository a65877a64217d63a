"""API keys: `rgk_<id>_<secret><checksum>`, kept in the database as digests.

SHA-256 and no slow hash on purpose: bcrypt and its kind make guessing a person's password slow. A secret of 256 random
bits cannot be guessed at any speed, and a slow hash would let strangers spend our processor.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from gateway.identity.callers import digest_of, unknown
from gateway.identity.keyring import Ring
from gateway.identity.refused import CredentialExpired, Unauthenticated
from resolvers.context import Caller

PREFIX = "rgk_"
"""So that scanners for leaked secrets know one when they see it."""

ID_CHARACTERS, SECRET_CHARACTERS, CHECKSUM_CHARACTERS = 12, 43, 6
_ALPHABET = string.digits + string.ascii_letters  # 62: a double click selects the whole of it
_FORM = re.compile(
    f"{PREFIX}([0-9A-Za-z]{{{ID_CHARACTERS}}})_[0-9A-Za-z]{{{SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}}", re.ASCII
)
_NOBODYS = bytes(32)  # compared where there is no key of that id, so that both take the same time


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One live key: the digest of its token and whom it stands for. `ends_at` is in seconds since the epoch."""

    digest: bytes
    caller: Caller
    ends_at: float | None


def make_token() -> tuple[str, str]:
    """A new key's id and the token with its secret."""
    id_ = _random(ID_CHARACTERS)
    token = f"{PREFIX}{id_}_{_random(SECRET_CHARACTERS)}"
    return id_, token + checksum(token)


def id_of(token: str) -> str:
    """The id in a token. Raises Unauthenticated for a token that was mistyped or cut."""
    form = _FORM.fullmatch(token)
    if form is None or not hmac.compare_digest(checksum(token[:-CHECKSUM_CHARACTERS]), token[-CHECKSUM_CHARACTERS:]):
        raise Unauthenticated("The API key is incomplete or mistyped: its checksum does not fit.")
    return form[1]


class ApiKeys:
    """Who holds which API key."""

    def __init__(self, ring: Ring[ApiKey], clock: Callable[[], float] = time.time) -> None:
        self._ring = ring
        self._clock = clock

    async def caller(self, token: str) -> Caller:
        """Whose key this is. Raises Unauthenticated, and IdentityUnavailable when nobody can tell."""
        key = await self._ring.find(id_of(token))
        fits = hmac.compare_digest(_NOBODYS if key is None else key.digest, digest_of(token))
        if key is None or not fits:
            raise unknown()
        if key.ends_at is not None and key.ends_at <= self._clock():
            raise CredentialExpired("The API key has ended. Use the one that it was replaced by.")
        return key.caller


def _random(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def checksum(text: str) -> str:
    """CRC-32 in the same alphabet: it finds slips of a hand, and hides nothing."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
