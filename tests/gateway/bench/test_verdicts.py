"""The claims of the checkout bench, each of which can be missed."""

import pytest

from gateway.bench import Outcome, Sample
from gateway.bench.verdicts import Counts, Row, claims

NOBODY = Counts({"OMS": 10}, {}, 0)


def row(
    name: str,
    *,
    failed: int = 0,
    refused: int = 0,
    elapsed_s: float = 0.01,
    counts: Counts = NOBODY,
    in_force: bool = True,
) -> Row:
    outcomes = [Outcome.FAILED] * failed + [Outcome.REFUSED] * refused
    outcomes += [Outcome.DONE] * (1000 - len(outcomes))
    samples = [Sample("points", outcome, elapsed_s) for outcome in outcomes]
    return Row(name, "", [samples[:300], samples[300:]], counts, ["told"], [0.0, None], in_force)


HEALTHY = row("healthy")


def test_a_good_run_holds() -> None:
    """No calls, no failures, the same p95, conditions in force: every claim holds."""
    assert [claim.holds for claim in claims([HEALTHY, row("hanging")])] == [True] * 4


@pytest.mark.parametrize(
    ("broken", "missed"),
    [
        (row("x", counts=Counts({"ERP": 1}, {}, 0)), 0),
        (row("x", counts=Counts({}, {}, 1)), 0),
        (row("x", failed=2), 1),
        (row("x", elapsed_s=0.0121), 2),
        (row("x", in_force=False), 3),
    ],
    ids=["the Wire counted a call", "the ERP counted a call", "two in a thousand failed", "slower", "not in force"],
)
def test_each_claim_can_be_missed(broken: Row, missed: int) -> None:
    """One thing goes wrong in one condition: exactly its own claim is missed."""
    assert [place for place, claim in enumerate(claims([HEALTHY, broken])) if not claim.holds] == [missed]


def test_the_limits_are_met_at_the_limit() -> None:
    """One failure in a thousand and a p95 of 1.2 times the healthy one are within what is claimed."""
    assert all(claim.holds for claim in claims([HEALTHY, row("x", failed=1, elapsed_s=0.012)]))


def test_the_business_may_say_no() -> None:
    """A refusal is an answer, told apart: it lowers the success that is shown, and misses no claim."""
    short = row("x", refused=50)
    assert claims([HEALTHY, short])[1].holds
    assert (short.success, short.answered) == (0.95, 1.0)
    assert short.as_json(HEALTHY)["refused"] == 50


def test_the_healthy_erp_is_held_to_it_too() -> None:
    """Calls and failures with a healthy ERP miss the claims as well."""
    calls, success, *_ = claims([row("healthy", failed=5, counts=Counts({"ERP": 3}, {}, 3)), row("x")])
    assert (calls.holds, success.holds) == (False, False)
    assert calls.measured.startswith("3 calls")


def test_an_erp_that_is_gone_has_no_count_of_its_own() -> None:
    """Its own count is unknown then, not zero; what the gateway tried still counts."""
    told = row("refusing", counts=Counts({"ERP": 2}, {"ERP": 1}, None)).as_json(HEALTHY)
    assert told["erp_calls"] == 2
    assert told["erp_calls_by_its_own_count"] is None
    assert told["erp_calls_refused_at_the_wire"] == 1


def test_a_burst_of_the_machine_is_not_the_products() -> None:
    """One slow window in three misses nothing, wherever it falls; a condition that is slower in most rounds does."""

    def of_rounds(*seconds: float) -> Row:
        windows = [[Sample("points", Outcome.DONE, elapsed_s)] * 20 for elapsed_s in seconds]
        return Row("x", "", windows, NOBODY, ["told"], [0.0], True)

    healthy = of_rounds(0.01, 0.01, 0.02)
    assert claims([healthy, of_rounds(0.01, 0.5, 0.02)])[2].holds
    assert claims([of_rounds(0.01, 0.5, 0.02), healthy])[2].holds
    assert not claims([healthy, of_rounds(0.013, 0.01, 0.026)])[2].holds
