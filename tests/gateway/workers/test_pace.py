"""How soon a worker that ended is replaced."""

from __future__ import annotations

from gateway.workers import RestartPace


def test_the_first_one_is_replaced_at_once_and_the_others_ever_later() -> None:
    """A worker that ends out of the blue costs nobody a wait; one that ends again and again does not spin."""
    pace = RestartPace()
    assert [pace.wait_s(failures) for failures in (1, 2, 3, 4)] == [0.0, 0.5, 1.0, 2.0]
    assert pace.wait_s(12) == pace.wait_s(2000) == pace.most_s
