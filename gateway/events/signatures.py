"""Whether a webhook comes from whom it says: Standard Webhooks 1.0.0.

HMAC-SHA256 over `id.timestamp.body`, keyed by a secret `whsec_` and base64; several signatures may stand side by side
while a secret is changed (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md). Written here
because the library of that name brings an HTTP client and four more packages for these lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TOLERANCE_S = 300
"""How far a sender's clock may be off, and how old a repeat may be that somebody recorded: the specification's own."""

PREFIX = "whsec_"
_KEY_MIN, _KEY_MAX = 16, 64  # bytes; the specification asks for 24 to 64 and older secrets have fewer
_SIGNATURES_MAX = 8
_ID_MAX = 255  # characters, as of a CloudEvent's; Postgres indexes no text of a few thousand


class NotAuthentic(Exception):
    """The webhook is not signed by whom it says. `why` is for our log alone."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, repr=False)
class WebhookSecret:
    """One shared secret."""

    key: bytes

    @classmethod
    def parse(cls, text: str) -> WebhookSecret:
        """Raises ValueError for anything but `whsec_` and the base64 of 16 to 64 bytes."""
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not text.startswith(PREFIX) or not _KEY_MIN <= len(key) <= _KEY_MAX:
            raise ValueError(f"a secret is {PREFIX} and the base64 of {_KEY_MIN} to {_KEY_MAX} bytes")
        return cls(key)

    def sign(self, id_: str, timestamp: int, body: bytes) -> str:
        """One signature, as it stands in `webhook-signature`."""
        signed = b".".join((id_.encode(), str(timestamp).encode(), body))
        return "v1," + base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secret: WebhookSecret, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a webhook sent at `timestamp`, in whole seconds since the epoch."""
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": secret.sign(id_, timestamp, body),
    }


def verify(secrets: Sequence[WebhookSecret], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a webhook that one of `secrets` signed, at most TOLERANCE_S ago or ahead. Raises NotAuthentic.

    Every secret is tried against every signature, whichever fits, so that the time taken says nothing.
    """
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not stamp.isascii() or not stamp.isdigit() or len(stamp) > len("99999999999"):
        raise NotAuthentic("it has no webhook-id or no webhook-timestamp")
    if len(id_) > _ID_MAX:
        raise NotAuthentic(f"its webhook-id has more than {_ID_MAX} characters")
    if abs(now - int(stamp)) > TOLERANCE_S:
        raise NotAuthentic("its webhook-timestamp is too far from our clock")
    given = headers.get("webhook-signature", "").split(" ")[:_SIGNATURES_MAX]
    fits = False
    for secret in secrets:
        right = secret.sign(id_, int(stamp), body).encode()
        for signature in given:
            fits |= hmac.compare_digest(signature.encode("utf-8", "replace"), right)
    if not fits:
        raise NotAuthentic("no signature fits")
    return id_
