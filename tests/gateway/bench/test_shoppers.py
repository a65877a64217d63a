"""What counts as an answer to a shopper."""

import pytest

from gateway.bench import Outcome
from gateway.bench.asking import Answer
from gateway.bench.shoppers import judged


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        (Answer(200, {"hold": {"__typename": "Held"}}), Outcome.DONE, ""),
        (Answer(200, {"hold": {"__typename": "InsufficientStock"}}), Outcome.REFUSED, "InsufficientStock"),
        (Answer(200, {"hold": {"__typename": "BackendUnavailable"}}), Outcome.FAILED, "BackendUnavailable"),
        (Answer(200, {"hold": None}), Outcome.FAILED, "no answer"),
        (Answer(294, {"hold": {"__typename": "Held"}}, ("UPSTREAM_TIMEOUT",)), Outcome.FAILED, "UPSTREAM_TIMEOUT"),
        (Answer(200, {"hold": {"__typename": "Held"}}, ("X",)), Outcome.FAILED, "X"),
        (Answer(503, {}), Outcome.FAILED, "HTTP 503"),
        (Answer(0, {}, fault="TimeoutError"), Outcome.FAILED, "TimeoutError"),
    ],
)
def test_only_a_whole_answer_with_what_was_asked_for_is_done(answer: Answer, outcome: Outcome, detail: str) -> None:
    """A refusal of the business is told apart; an absent system, errors and other statuses are failures."""
    ended, made = judged("points", answer, "hold", "Held")
    assert (ended.outcome, ended.detail) == (outcome, detail)
    assert (made is not None) == (outcome is Outcome.DONE)
