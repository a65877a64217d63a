"""Every number the Wire acts upon, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, fields

from domains.vocabulary import SystemRole


@dataclass(frozen=True, slots=True, kw_only=True)
class WirePolicy:
    """How one outside system is treated. Raises ValueError when the numbers contradict each other."""

    # One attempt. A healthy lookup takes 20 to 70 ms; a second is far outside of that and still bearable for a shopper.
    timeout_s: float = 1.0
    # What is kept of the deadline for answering without this system: a cut at the very end helps nobody.
    deadline_margin_s: float = 0.02
    # A TCP and TLS handshake within one region takes some 10 ms; one lost SYN is repeated after 1 s, which is too late.
    connect_timeout_s: float = 0.5
    # Little's law: 32 slots at 50 ms carry 640 calls/s, more than a system of this kind serves from one process.
    slots_max: int = 32
    # Two rounds of slots: a longer queue only makes every answer late, a shorter one sheds ordinary bursts.
    queue_max: int = 64
    # What waits longer than this would be answered after its caller has lost patience.
    queue_timeout_s: float = 0.25
    # A lookup of 200 products is some 200 KiB. Decoding 4 MiB blocks the loop for about 20 ms, the most we accept.
    body_max_bytes: int = 4 * 1024 * 1024

    # Long enough for a quiet system to gather the minimum, short enough to forget an outage that is over.
    window_s: float = 10.0
    # Below 20 calls a ratio is noise: 3 of 5 failures happen to a system that fails one call in five.
    minimum_calls: int = 20
    # Half of the calls lost: retries within their budget can no longer hide it.
    failure_ratio: float = 0.5
    # Half of the time limit: an answer that comes is not a failure, yet holds its slot ten times as long as it should.
    # Nor does anybody wait longer for it who can have the last known answer.
    slow_call_s: float = 0.5
    # Nearly all slow, so that one slow kind of key does not close a capability.
    slow_ratio: float = 0.8
    # A restart behind a load balancer takes a second or two; the first probe comes early, later ones ever less often.
    cool_down_s: float = 1.0
    cool_down_max_s: float = 30.0
    # Processes that saw the same outage do not come back in step. Also spreads callers after a vendor's pause.
    jitter_ratio: float = 0.2

    # Two more tries hide what a rolling restart loses; a third has never been worth its load.
    retries_max: int = 2
    # Full jitter below 50, 100 ms: about one usual answer time.
    retry_base_s: float = 0.05
    retry_max_s: float = 0.5
    # The longest a call sits out a vendor's Retry-After or pause, if its deadline allows; with more, its caller (a
    # workflow, a refresh) does better to know at once and come back.
    retry_after_max_s: float = 5.0
    # At most a tenth more load on a system in trouble, so that retries cannot keep an overload alive on their own.
    retry_budget_ratio: float = 0.1
    # A quiet system earns next to nothing from the ratio; one retry a second harms nobody.
    retry_floor_per_s: float = 1.0

    # A vendor's quota window is a minute, seldom more; we do not believe a header that shuts us out for longer.
    pause_max_s: float = 60.0
    # A 429 without Retry-After still says "less"; a second is what vendors' guides ask for at least.
    pause_default_s: float = 1.0

    # Distinct serialised keys (carts, memberships) in work at once; beyond it calls are shed like any other overload.
    serial_keys_max: int = 1024

    # The estimate of p95: enough samples to have a twentieth, from recent traffic only.
    latency_samples_max: int = 256
    latency_minimum: int = 20
    latency_window_s: float = 15.0
    # How often a call goes out although the estimate says it is too late, so that the estimate can recover.
    latency_probe_every_s: float = 1.0

    def __post_init__(self) -> None:
        negative = [field.name for field in fields(self) if getattr(self, field.name) < 0]
        if negative:
            raise ValueError(f"no limit is negative: {', '.join(negative)}")
        for name in ("failure_ratio", "slow_ratio", "jitter_ratio", "retry_budget_ratio"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is a share, at most 1")
        for name in (
            "timeout_s",
            "slots_max",
            "body_max_bytes",
            "window_s",
            "minimum_calls",
            "failure_ratio",
            "slow_ratio",
        ):
            if getattr(self, name) == 0:
                raise ValueError(f"{name} is more than 0")
        if self.slow_call_s > self.timeout_s:
            # Otherwise a call that our deadline cuts could never tell the breaker how slow the system is.
            raise ValueError("slow_call_s is at most timeout_s")
        if self.cool_down_s > self.cool_down_max_s:
            raise ValueError("cool_down_s is at most cool_down_max_s")


DEFAULTS: dict[SystemRole, WirePolicy] = {
    # Never on checkout, asked by associates and by background work: patient, but few at a time. A loaded ERP takes
    # 0.3 s for a lookup and 1 s for an order, and serves some 30 such lookups a second from 8 workers.
    SystemRole.ERP: WirePolicy(
        timeout_s=5.0, slow_call_s=2.5, slots_max=8, queue_max=32, queue_timeout_s=1.0, cool_down_s=2.0,
        cool_down_max_s=60.0, retries_max=1, retry_base_s=0.2,
    ),
    # Stock, orders and reservations: on every page, so quick to give up and wide enough for a busy hour.
    SystemRole.OMS: WirePolicy(timeout_s=1.5, slow_call_s=0.75, slots_max=64, queue_max=128),
    # Balances and holds at checkout: a write that we cut is unknown until the ledger is read, so it is given time.
    SystemRole.LOYALTY: WirePolicy(timeout_s=2.0, slow_call_s=0.8),
    # Profiles: nice to have on a page, usually rented by quota, so few at a time and out of the way quickly.
    SystemRole.CRM: WirePolicy(slots_max=16, queue_max=32, retries_max=1),
}  # fmt: skip
"""Where a deployment says nothing else, this is how each role is treated."""
