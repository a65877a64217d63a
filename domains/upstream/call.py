"""What a connector says about a request, beyond HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

CALL = "retailgraph.call"
"""The key of the `Call` in the `extensions` of an httpx request."""

DECODED = "retailgraph.decoded"
"""The key of the decoded value in the `extensions` of the response the Wire hands back."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one capability of an outside system.

    `capability` names what is asked ("stock", "pricing"): breakers and latencies are kept per capability, so names are
    few and fixed, never built from data. `decode` reads the whole body of a 2xx answer inside the guarded region: an
    UpstreamError it raises passes through (that is how an error inside a 200 is told), a ValueError or a
    msgspec.DecodeError becomes UpstreamGarbled. A `write` is repeated only if it has an `idempotency_key` the system
    honours; sending that key is the connector's business. Calls with one `serialise_by` are never in flight together.
    """

    capability: str
    decode: Callable[[bytes], object]
    write: bool = False
    idempotency_key: str | None = None
    serialise_by: str | None = None

    @property
    def repeatable(self) -> bool:
        """Whether asking twice changes no more than asking once."""
        return not self.write or self.idempotency_key is not None


def decoded(response: httpx.Response) -> object:
    """The value `Call.decode` made of the body. Raises LookupError when the response did not come through a Wire."""
    try:
        value: object = response.extensions[DECODED]
    except KeyError as missing:
        raise LookupError("this response holds no decoded value: it did not come through a Wire") from missing
    return value
