"""The numbers of the GraphQL endpoint, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How requests are read and answered. Raises ValueError when a limit is not positive."""

    # A basket of 200 lines with its document takes some 60 KiB; decoding 1 MiB holds the event loop for about 5 ms.
    body_max_bytes: int = 1024 * 1024
    # 1 MiB over a poor mobile uplink (1 Mbit/s) takes 8 s. Longer than this is a stalled or a hostile sender.
    body_timeout_s: float = 10.0
    # Inputs nest three or four deep. Far below what any decoder or recursion limit bears.
    json_depth_max: int = 32
    # Tokens and cookies of a browser come to 8 KiB at most; servers commonly stop at 16 or 32.
    # How many headers there may be is no setting: HEAD_LINES_MAX, which the connection counts.
    headers_max_bytes: int = 32 * 1024
    # A document sent by GET; what browsers and content networks carry safely is 8 KiB, the rest goes by POST.
    url_max_bytes: int = 16 * 1024
    # Lists are bounded before anything runs, and 10,000 items with all their fields take 3 to 6 MB; the texts in them
    # are as long as somebody wrote them, and may be asked for under 50 names. It is measured when it is written: what
    # is too large is not held for a client who reads slowly. Each operation of a batch has as many.
    answer_max_bytes: int = 8 * 1024 * 1024
    # Shoppers leave after some 3 s; an associate waits longer. A caller may ask for less by X-Request-Deadline-Ms.
    request_timeout_s: float = 5.0
    # Outside calls end at the deadline by themselves. What still runs after this much more is cut.
    request_grace_s: float = 0.25
    # How long a cut operation may take to clean up before it is left behind.
    cancel_timeout_s: float = 1.0
    # 0 refuses batches: an array of operations defeats limits, caches and traces per operation. Loaders batch better.
    batch_max: int = 0
    # What the 2026 draft recommends for data with errors; clients ignore it, logs and gateways in front can count it.
    # 200 for networks that choke on a code they do not know.
    partial_status: Literal[200, 294] = 294
    # Refused variables and documents that do not validate. The conformance suite of 2022 that clients and tools use
    # insists on 400; the 2026 draft recommends 422. Both are 4xx, which is what it says MUST be.
    unprocessable_status: Literal[400, 422] = 400
    # For answers that no cache in between may keep: those with errors, of mutations, with what belongs to somebody.
    cache_control: str = "no-store"

    def __post_init__(self) -> None:
        positive = (
            "body_max_bytes",
            "body_timeout_s",
            "json_depth_max",
            "headers_max_bytes",
            "url_max_bytes",
            "answer_max_bytes",
            "request_timeout_s",
            "cancel_timeout_s",
        )
        wrong = [name for name in positive if getattr(self, name) <= 0]
        if wrong:
            raise ValueError(f"more than 0: {', '.join(wrong)}")
        if self.batch_max < 0 or self.request_grace_s < 0:
            raise ValueError("no limit is negative: batch_max, request_grace_s")


DEFAULT_SETTINGS = HttpSettings()
