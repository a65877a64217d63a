"""Promise tokens: what the house said of one stock position, in a form that it knows again when the basket comes.

A token is the base64url text of its claims, a dot, and a signature over that text as it stands: another spelling of the
same claims is another text, and refused. It is no secret and holds nothing that its owner was not shown.
"""

import base64
import binascii
import enum
from decimal import Decimal

import msgspec

from domains.inventory.model import AvailabilitySemantics
from domains.inventory.signing import PromiseKeys
from domains.vocabulary import LocationId, Sku

TOKEN_MAX = 1_024
"""Characters. A token has about 150; a SKU and a location of 255 characters each still fit."""

_PURPOSE = "promise.1"  # counted up when the claims change their shape


class PromiseClaims(msgspec.Struct, frozen=True, array_like=True):
    """`quantity` of `sku` could be promised at `location_id`, or over the whole network that ships where it is None.

    `observed_at` is when the figure was true and `expires_at` until when the house stands by it, both in seconds since
    the epoch. The token is good for callers of `audience` alone, since audiences may be allotted different stock.
    """

    sku: Sku
    location_id: LocationId | None
    quantity: Decimal
    semantics: AvailabilitySemantics
    observed_at: float
    expires_at: float
    audience: str


class TokenFault(enum.Enum):
    """Why a token says nothing."""

    MALFORMED = "MALFORMED"  # not in the shape of a token
    FOREIGN = "FOREIGN"  # of a key that is not, or no longer, the house's
    FORGED = "FORGED"  # not what the key signed
    EXPIRED = "EXPIRED"  # genuine, and too old


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(PromiseClaims)


def sign_promise(claims: PromiseClaims, keys: PromiseKeys) -> str:
    """The token of `claims`, made with the current key."""
    text = base64.urlsafe_b64encode(_ENCODER.encode(claims)).rstrip(b"=").decode()
    return f"{text}.{keys.sign(_PURPOSE, text)}"


def verify_promise(token: str, keys: PromiseKeys, now_s: float) -> PromiseClaims | TokenFault:
    """What a token says, or why it says nothing. Whatever the token is made of, nothing is raised.

    `now_s` is in seconds since the epoch; a token is good until just before it expires.
    """
    text, dot, signature = token.partition(".")
    if not dot or len(token) > TOKEN_MAX:
        return TokenFault.MALFORMED
    if not keys.known(signature):
        return TokenFault.FOREIGN
    if not keys.vouches(_PURPOSE, text, signature):
        return TokenFault.FORGED
    try:
        claims = _DECODER.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, msgspec.DecodeError):
        return TokenFault.MALFORMED
    return claims if now_s < claims.expires_at else TokenFault.EXPIRED
