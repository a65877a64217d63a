"""What the ledger keeps: one fingerprint for one meaning, and answers that come back whole."""

import enum
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from domains import loyalty, returns
from domains.vocabulary import Record, Refusal
from resolvers.kept_answers import fingerprint, read_answer, written_answer
from tests.resolvers.goods import NOW, authorization, points, redemption, reservation


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@strawberry.input
class Inner:
    quantity: Decimal
    note: str | None = None


@strawberry.input
class Outer:
    lines: list[Inner]
    colour: Colour = Colour.RED
    at: datetime | None = None
    day: date | None = None
    place: strawberry.ID | None = strawberry.UNSET
    idempotency_key: str | None = None


notes = st.none() | st.text(max_size=5)
lines = st.builds(Inner, quantity=st.decimals(-99, 99, places=2), note=notes)
outers = st.builds(
    Outer,
    lines=st.lists(lines, max_size=3),
    colour=st.sampled_from(Colour),
    day=st.none() | st.dates(),
    place=notes,
)


@given(one=outers, other=outers)
def test_inputs_that_differ_have_different_fingerprints(one: Outer, other: Outer) -> None:
    """Two inputs have one fingerprint exactly when they are equal."""
    assert (fingerprint(one) == fingerprint(other)) is (one == other)


@given(number=st.decimals(-(10**20), 10**20, allow_nan=False, places=5), zeros=st.integers(1, 20))
def test_a_number_may_be_written_in_other_ways(number: Decimal, zeros: int) -> None:
    """2, 2.0 and 20E-1 are one number; the last digit of a long one still counts."""
    longer = Decimal(f"{number:f}" + "0" * zeros)
    assert fingerprint(Inner(quantity=number)) == fingerprint(Inner(quantity=longer))
    assert fingerprint(Inner(quantity=number)) != fingerprint(Inner(quantity=number + Decimal("0.00001")))


def test_what_asks_for_nothing_else_is_the_same() -> None:
    """The key, a member that is null or left out, and another time zone for the same moment change nothing."""
    plain = Outer(lines=[Inner(quantity=Decimal(2))], at=NOW)
    same = [
        replace(plain, idempotency_key="k1"),
        replace(plain, place=None),
        replace(plain, at=NOW.astimezone(timezone(timedelta(hours=2)))),
    ]
    assert {fingerprint(one) for one in same} == {fingerprint(plain)}
    assert fingerprint(replace(plain, at=datetime(2026, 1, 1, tzinfo=UTC))) != fingerprint(plain)


def test_a_text_that_no_encoding_writes_has_a_fingerprint() -> None:
    """A lone surrogate, which JSON lets through, is told from another."""
    one, other = (fingerprint(Inner(quantity=Decimal(1), note=note)) for note in ("\ud800", "\ud801"))
    assert one != other


@strawberry.input
class Odd:
    what: strawberry.scalars.JSON


def test_what_no_input_holds_is_refused() -> None:
    """A value that has no single form is a bug of the input, told at once."""
    with pytest.raises(TypeError, match="set"):
        fingerprint(Odd(what={1, 2}))  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    "answer",
    [
        redemption(1),
        reservation(),
        authorization(1),
        loyalty.InsufficientPoints(message="Too few.", path=("input", "points"), available=points(3)),
        returns.ReturnWindowExpired(message="Too late.", expired_at=NOW),
        returns.MethodNotOffered(message="No.", offered=(returns.ReturnMethod.RETURN_IN_STORE,)),
    ],
)
def test_what_is_kept_comes_back_whole(answer: Record) -> None:
    """An answer is read back as it was written, with the instant of the first time."""
    kept = read_answer(written_answer(answer, (type(answer),), NOW), (Refusal, type(answer)))
    assert kept == (answer, NOW.timestamp())


def test_only_what_the_mutation_answers_is_kept() -> None:
    """An answer that was not announced is a bug on the way in, and on the way out."""
    with pytest.raises(TypeError, match="LoyaltyRedemption"):
        written_answer(redemption(1), (Refusal,), NOW)
    with pytest.raises(LookupError, match="LoyaltyRedemption"):
        read_answer(written_answer(redemption(1), (loyalty.LoyaltyRedemption,), NOW), (Refusal,))
