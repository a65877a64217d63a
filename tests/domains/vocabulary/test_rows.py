"""Rows are known by their identity, and know how fresh they are."""

from domains.vocabulary import FreshnessTier, Question, Reading, Row, Rows


def read(observed_at: float, max_age_s: float) -> Reading[str]:
    return Reading("value", "test", FreshnessTier.FRESH, observed_at, max_age_s)


def test_a_row_knows_its_oldest_and_the_first_to_go_stale() -> None:
    """Which need not be the same reading; rows that came together know the same of all."""
    readings = [read(50.0, 99.0), read(100.0, 1.0), read(70.0, 50.0)]
    row, rows = Row(readings), Rows.of(readings, 2)
    assert (row.observed_at, row.fresh_until) == (50.0, 101.0)
    assert (rows.observed_at, rows.fresh_until) == (50.0, 101.0)
    assert list(map(len, rows)) == [2, 1]


def test_a_question_is_no_other_with_the_same_keys() -> None:
    """It is itself alone, and otherwise a tuple."""
    one, other = Question("ab"), Question("ab")
    assert len({one, other}) == 2
    assert one != other
    assert list(one) == list(other) == ["a", "b"]
    assert isinstance(one, tuple)
