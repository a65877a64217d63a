"""The keys by which the house knows its own words again, and how it signs with them."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

SECRET_BYTES_MIN: Final = 32
"""As long as the hash: a shorter secret is the weaker of the two (RFC 2104, 3)."""

_TAG_BYTES = 16  # 128 bits, half of the hash, which is the least that RFC 2104, 5 advises
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)


@dataclass(frozen=True)
class SigningKey:
    """`id` is public and stands in whatever the key signed. Raises ValueError for a weak secret and an odd id."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.id):
            raise ValueError("the id of a signing key has 1 to 16 letters, digits, hyphens and underscores")
        if len(self.secret) < SECRET_BYTES_MIN:
            raise ValueError(f"the secret of a signing key has at least {SECRET_BYTES_MIN} bytes")


@dataclass(frozen=True)
class PromiseKeys:
    """`current` signs; `previous`, if any, still vouches for what it signed, so that keys can be changed in service.

    Raises ValueError when both have the same id.
    """

    current: SigningKey
    previous: SigningKey | None = None

    def __post_init__(self) -> None:
        if self.previous is not None and self.previous.id == self.current.id:
            raise ValueError("two signing keys have two ids")

    def sign(self, purpose: str, text: str) -> str:
        """A signature: the key's id, a dot and a tag. One for one `purpose` is worth nothing for another."""
        return f"{self.current.id}.{_tag(self.current, purpose, text)}"

    def known(self, signature: str) -> bool:
        """Whether the signature names one of these keys."""
        return self._key(signature) is not None

    def vouches(self, purpose: str, text: str, signature: str) -> bool:
        """Whether one of these keys made exactly this signature, compared in a time that tells nothing of it."""
        key = self._key(signature)
        if key is None:
            return False
        expected = f"{key.id}.{_tag(key, purpose, text)}"
        return hmac.compare_digest(expected.encode(), _bytes(signature))

    def _key(self, signature: str) -> SigningKey | None:
        id_ = signature.partition(".")[0]
        return next((key for key in (self.current, self.previous) if key is not None and key.id == id_), None)


def _tag(key: SigningKey, purpose: str, text: str) -> str:
    # The purpose has no NUL, so nothing that is signed can pass for another purpose's.
    digest = hmac.digest(key.secret, purpose.encode() + b"\0" + _bytes(text), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_TAG_BYTES]).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a client may send half a surrogate pair; it is just not ours
