"""Where answers are kept: bounds, order, ties and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.answers import AnswerSettings
from gateway.answers.question import Operation, Question
from gateway.answers.store import ENTRY_BYTES, TIE_BYTES, Store
from tests.gateway.answers.kitchen import LATER_S, NOW, whole

OPERATION = Operation()
MANY = 10_000_000
UNTIL = NOW + LATER_S


def named(name: str) -> Question:
    return Question(OPERATION, name.encode())


def test_an_answer_is_kept_until_its_time_is_up() -> None:
    """Given again to the last moment, and not a moment later."""
    store, kept = Store(MANY, MANY), whole()
    assert store.put(named("a"), kept, {}, UNTIL)
    assert store.get(named("a"), NOW + LATER_S - 0.001) is kept
    assert store.get(named("a"), NOW + LATER_S) is None
    assert (len(store), store.bytes) == (0, 0)


def test_the_least_recently_used_goes_first() -> None:
    """Bytes are bounded; what was asked for last stays."""
    weight = ENTRY_BYTES + TIE_BYTES + 3000
    store = Store(3 * weight, MANY)
    for name in "abc":
        store.put(named(name), whole(b"x" * 1400), {"stock": [name]}, UNTIL)
    assert store.get(named("a"), NOW) is not None
    store.put(named("d"), whole(b"x" * 1400), {}, UNTIL)
    assert [store.get(named(name), NOW) is not None for name in "abcd"] == [True, False, True, True]
    assert store.bytes <= 3 * weight


def test_too_large_an_answer_is_not_kept_and_takes_the_place_of_none() -> None:
    """A bound for each answer, counting what it is tied to."""
    store = Store(MANY, ENTRY_BYTES + 10 * TIE_BYTES)
    assert store.put(named("a"), whole(b""), {"stock": ["1"]}, UNTIL)
    assert not store.put(named("b"), whole(b""), {"stock": [str(key) for key in range(10)]}, UNTIL)
    assert not store.put(named("c"), whole(b"x" * 10 * TIE_BYTES), {}, UNTIL)
    assert len(store) == 1


def test_what_is_forgotten_takes_along_what_was_made_of_it() -> None:
    """Answers tied to any of the keys, of that very shelf, and no others."""
    store = Store(MANY, MANY)
    store.put(named("a"), whole(), {"stock": ["1", "2"], "products": ["1"]}, UNTIL)
    store.put(named("b"), whole(), {"stock": ["2"]}, UNTIL)
    store.put(named("c"), whole(), {"products": ["2"]}, UNTIL)
    assert store.forget("stock", ["3"]) == 0
    assert store.forget("nothing", ["1"]) == 0
    assert store.forget("stock", ["1", "2"]) == 2
    assert (len(store), store.get(named("c"), NOW) is not None) == (1, True)
    assert store.clear() == 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sets(st.sampled_from("123456")), st.booleans()), max_size=40))
def test_the_index_holds_nothing_of_what_is_gone(steps: list[tuple[str, set[str], bool]]) -> None:
    """However answers come, replace each other and go, their weight and ties go with them."""
    store = Store(5 * ENTRY_BYTES, MANY)
    for name, keys, put in steps:
        if put:
            store.put(named(name), whole(b""), {"stock": keys}, UNTIL)
        else:
            store.forget("stock", keys)
    for name in "abcdef":
        store.get(named(name), NOW + LATER_S)
    assert (len(store), store.bytes, store._tied.get("stock", {})) == (0, 0, {})


def test_one_that_was_put_again_is_as_good_as_the_new_one() -> None:
    """A second answer to the same question replaces the first, with its time and ties."""
    store = Store(MANY, MANY)
    store.put(named("a"), whole(), {"stock": ["1"]}, UNTIL)
    store.put(named("a"), whole(), {"stock": ["2"]}, NOW + 1)
    assert store.forget("stock", ["1"]) == 0
    assert store.get(named("a"), NOW + 1) is None


@pytest.mark.parametrize(("together", "each"), [(100, 0), (100, 101)])
def test_bounds_that_make_no_sense_are_refused(together: int, each: int) -> None:
    """One answer may not have more room than all, nor none."""
    with pytest.raises(ValueError, match="answer_bytes_max"):
        AnswerSettings(bytes_max=together, answer_bytes_max=each)
