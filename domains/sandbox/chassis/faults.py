"""The knobs that make a service misbehave."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domains.sandbox.chassis.ask import misshapen
from domains.sandbox.chassis.route import Refused

Ratio = Annotated[float, Meta(ge=0, le=1)]


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All off by default. Ratios say how many of the calls are hit, 0 to 1; each is drawn on its own.

    `latency_ms` and `stall_s` are waited on top of the usual latency; `stall_s` before anything is done.
    `error_ratio` answers `error_status` (with Retry-After when `retry_after_s` is set) and `error_in_200` an error in
    a 200, both without doing anything; `reset` resets the TCP connection likewise. `lost_reply` hits writes only: the
    write happens, then the connection is reset. `truncated` announces the whole answer and hangs up after half of it,
    `garbled` answers what is not JSON, `wrong_types` answers JSON whose values have other types than agreed.
    `drip_ms_per_byte` sends the answer byte by byte. `quota_per_s` stands in for the usual quota; 0 grants no call.
    `endpoints` are the paths hit, all when empty; `quota_per_s` heeds it too.
    """

    latency_ms: Annotated[float, Meta(ge=0, le=600_000)] = 0
    stall_s: Annotated[float, Meta(ge=0, le=600)] = 0
    error_ratio: Ratio = 0
    error_status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after_s: Annotated[int, Meta(ge=0, le=3600)] | None = None
    error_in_200: Ratio = 0
    reset: Ratio = 0
    lost_reply: Ratio = 0
    truncated: Ratio = 0
    garbled: Ratio = 0
    wrong_types: Ratio = 0
    drip_ms_per_byte: Annotated[float, Meta(ge=0, le=10_000)] = 0
    quota_per_s: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    endpoints: Annotated[tuple[str, ...], Meta(max_length=100)] = ()


NONE = Faults()


def read_faults(body: dict[str, Any], paths: frozenset[str]) -> Faults:
    """The faults in `body`. Raises Refused 422, naming what is allowed, for an unknown knob, value or endpoint."""
    unknown = sorted(body.keys() - set(Faults.__struct_fields__))
    if unknown:
        raise _not_allowed("knobs", unknown, Faults.__struct_fields__)
    try:
        faults = msgspec.convert(body, Faults)
    except msgspec.ValidationError as exc:
        raise misshapen(f"{exc}.") from exc
    strange = sorted(set(faults.endpoints) - paths)
    if strange:
        raise _not_allowed("endpoints", strange, sorted(paths))
    return faults


def _not_allowed(what: str, unknown: list[str], allowed: list[str] | tuple[str, ...]) -> Refused:
    return misshapen(f"Unknown {what}: {', '.join(unknown)}. Allowed: {', '.join(allowed)}.")
