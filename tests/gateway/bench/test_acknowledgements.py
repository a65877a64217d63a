"""What the durable bench makes of what it measured."""

from gateway.bench.acknowledgements import ABOVE_MS_MAX, claims, row
from gateway.bench.load import Outcome, Sample


def acked(*milliseconds: float, outcome: Outcome = Outcome.DONE, detail: str = "") -> list[Sample]:
    return [Sample("orderSubmit", outcome, one / 1000, detail) for one in milliseconds]


def test_a_row_compares_with_the_call_alone() -> None:
    """The tail is compared with the tail of the plain call, the middle with its middle."""
    measured = row("orderSubmit", acked(*[30.0] * 98, 60.0, 70.0), "OMS /v1/x", [0.010] * 98 + [0.020, 0.025])
    assert (measured["p50_ms"], measured["p99_ms"], measured["max_ms"]) == (30.0, 60.0, 70.0)
    assert (measured["above_p50_ms"], measured["above_p99_ms"]) == (20.0, 40.0)
    assert (measured["operations"], measured["success_ratio"], measured["why"]) == (100, 1.0, [])


def test_the_worst_operation_decides() -> None:
    """One that is late, one that is refused, or one call of the ERP, and the claim is missed."""
    good = row("orderSubmit", acked(*[30.0] * 100), "OMS /v1/x", [0.010])
    assert [claim.holds for claim in claims([good, good], 0)] == [True, True, True]
    late = row("returnAuthorize", acked(*[11.0 + ABOVE_MS_MAX] * 100), "OMS /v1/x", [0.010])
    assert [claim.holds for claim in claims([good, late], 1)] == [False, True, False]
    refused = acked(*[30.0] * 99) + acked(30.0, outcome=Outcome.REFUSED, detail="ReservationNotOpen")
    named = row("orderSubmit", refused, "OMS /v1/x", [0.010])
    assert [claim.holds for claim in claims([good, named], 0)] == [True, False, True]
    assert named["why"] == ["ReservationNotOpen"]
