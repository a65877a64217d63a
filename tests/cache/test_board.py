"""What a cache can answer whole, and by the keys alone."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache import CacheEventKind
from cache.board import ROWS_MAX, STEPS, Board
from cache.memory import MemoryStore
from cache.store import Entry, Put
from domains.products import Product
from domains.vocabulary import FreshnessTier, Question, Reading, Row, Sku, freshest_within
from tests.cache.kitchen import POLICY, SHELF, START, Clock, Notes, Source, products, skus

A, B, NOTHING = Sku("a"), Sku("b"), Sku("nothing")


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    """The first tier."""
    return MemoryStore(1_000_000, clock)


async def test_what_was_found_at_hand_is_had_at_once(source: Source, store: MemoryStore) -> None:
    """From the second time on, in order, with repeats, and the same readings; never a part of what is asked."""
    fetch = products(source, store)
    await fetch(skus("a", "b"))
    assert fetch.at_once([A, B]) is None
    near = fetch.at_hand([A, B, NOTHING])
    found = fetch.at_once([B, A, B])
    assert found is not None
    assert [one is near[key] for one, key in zip(found, (B, A, B), strict=True)] == [True] * 3
    assert fetch.at_once([A, NOTHING]) is None
    assert source.calls == 1


async def test_what_is_not_fresh_is_not_had(source: Source, store: MemoryStore, clock: Clock) -> None:
    """It leaves a step before its time at the earliest, and never after; in that step its age is judged each time."""
    clock.advance(POLICY.fresh_s / STEPS / 2)
    fetch = products(source, store)
    await fetch(skus("a"))
    fetch.at_hand([A])
    clock.advance(POLICY.fresh_s * (1 - 1.01 / STEPS))
    assert fetch.at_once([A]) is not None
    clock.advance(POLICY.fresh_s / STEPS)
    for _ in range(2):
        assert fetch.at_once([A]) is None
        assert fetch.at_hand([A]).keys() == {A}
    clock.advance(POLICY.fresh_s / STEPS)
    assert fetch.at_hand([A]) == {}


async def test_who_has_a_demand_is_judged_for(source: Source, store: MemoryStore) -> None:
    """What is fresh for everybody may be too old for them."""
    fetch = products(source, store)
    await fetch(skus("a"))
    fetch.at_hand([A])
    with freshest_within(1000):
        assert fetch.at_once([A]) is None


async def test_what_is_private_is_had_by_its_owner(source: Source, store: MemoryStore) -> None:
    """By nobody else, and by nobody at all where there is no owner."""
    owner: list[str | None] = ["ada"]
    fetch = products(source, store, owner=lambda: owner[0])
    await fetch(skus("a"))
    fetch.at_hand([A])
    assert fetch.at_once([A]) is not None
    for other in ("bob", "", None):
        owner[0] = other
        assert fetch.at_once([A]) is None


async def test_what_is_gone_from_the_store_is_not_had(source: Source, store: MemoryStore) -> None:
    """Forgotten here or elsewhere, loaded anew, or lost with everything."""
    fetch = products(source, store)

    async def shown() -> None:
        await fetch(skus("a"))
        fetch.at_hand([A])
        assert fetch.at_once([A]) is not None

    await shown()
    await fetch.forget([A])
    assert fetch.at_once([A]) is None
    await shown()
    store.drop(SHELF.name, [fetch._texts.of(A)], None)
    assert fetch.at_once([A]) is None
    await shown()
    newer = Entry(Reading(Product(sku=A, name="new"), "erp", FreshnessTier.FRESH, START, 10.0), START, 90.0, 0.0)
    assert store.put(SHELF, "", {fetch._texts.of(A): Put(newer, (store.number(),))})
    assert fetch.at_once([A]) is None
    fetch.at_hand([A])
    assert [one.value.name for one in fetch.at_once([A]) or ()] == ["new"]
    store.flush()
    assert fetch.at_once([A]) is None


async def test_what_is_had_at_once_counts_as_used(source: Source, clock: Clock) -> None:
    """What nobody asked for again goes out first; what was shown stays for another round, and goes if it is not."""
    source.names |= {f"k{number}": "x" * 1000 for number in range(60)}
    store = MemoryStore(30_000, clock)
    fetch = products(source, store)
    await fetch(skus("a"))
    fetch.at_hand([A])
    for number in range(15):
        await fetch(skus(f"k{number}"))
        assert fetch.at_once([A]) or fetch.at_hand([A])
    assert len(store) < 16
    assert store.used_bytes <= 30_000
    for number in range(15, 60):
        await fetch(skus(f"k{number}"))
    assert fetch.at_once([A]) is None
    assert fetch.at_hand([A]) == {}
    assert store.used_bytes <= 30_000


async def test_it_is_told_as_a_hit(source: Source, store: MemoryStore) -> None:
    """Key by key, as what is at hand."""
    notes = Notes()
    fetch = products(source, store, notes=notes)
    await fetch(skus("a", "b"))
    fetch.at_hand([A, B])
    fetch.at_once([A, B])
    fetch.at_once([A, NOTHING])
    assert notes.count(CacheEventKind.HIT) == 4


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 30), st.floats(0, 5)), max_size=30))
def test_nothing_is_up_for_longer_than_it_may(shown: list[tuple[int, float, float]]) -> None:
    """Whatever is put up when, and how often: what is found is what was put up last, and in its time."""
    board: Board[str] = Board(8.0)
    now, until = START, dict[int, float]()
    for number, (name, lasts_s, passes_s) in enumerate(shown):
        reading = Reading(str(number), "test", FreshnessTier.FRESH, now, 8.0)
        if board.show(name, reading, now + lasts_s, now):
            until[name] = now + lasts_s
        now += passes_s
        for one in range(6):
            if board.all([one], now) is not None:
                assert now < until[one]
    assert board.all([], now) == []
    board.clear()
    assert (board.readings, board.until) == ({}, inf)


def test_what_is_shown_again_and_again_takes_no_room() -> None:
    """Names that were taken down from outside are not listed without end."""
    board: Board[str] = Board(16.0)
    reading = Reading("one", "test", FreshnessTier.FRESH, START, 16.0)
    for _ in range(10_000):
        board.show("a", reading, START + 16, START)
        board.take_down("a")
    assert sum(map(len, board._leaving.values())) < 2_000


async def test_a_question_that_comes_again_is_answered_by_the_same_row(source: Source, store: MemoryStore) -> None:
    """From the second time on, as long as it would be answered by the same readings."""
    fetch = products(source, store)
    await fetch(skus("a", "b"))
    fetch.at_hand([A, B])
    assert type(fetch.at_once((A, B))) is list
    row = fetch.at_once((A, B))
    assert type(row) is Row
    assert fetch.at_once((A, B)) is row
    assert row is not None
    assert fetch.at_once([A, B]) == [row[0], row[1]]
    assert fetch.at_once((B, A)) == [row[1], row[0]]
    source.names["c"] = "C"
    await fetch(skus("c"))
    fetch.at_hand([Sku("c")])
    await fetch.forget([Sku("c")])
    assert fetch.at_once((A, B)) is row
    await fetch.forget([A])
    assert fetch.at_once((A, B)) is None
    await fetch(skus("a"))
    fetch.at_hand([A, B])
    again = fetch.at_once((A, B))
    assert type(again) is Row
    assert again is not None
    assert again is not row
    assert again[1] is row[1]


@given(
    st.lists(
        st.tuples(st.sampled_from(["show", "take down", "clear", "wait"]), st.integers(0, 3), st.booleans()),
        max_size=40,
    )
)
def test_a_row_is_what_is_up(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever was put up, replaced or taken down in between; and nothing but FRESH readings is in it."""
    board: Board[str] = Board(8.0)
    questions, now = [(0, 1), (1, 2, 3), (2,), (), Question((0, 1))], START
    for number, (step, name, is_fresh) in enumerate(steps):
        if step == "show":
            tier = FreshnessTier.FRESH if is_fresh else FreshnessTier.STALE_OK
            board.show(name, Reading(str(number), "test", tier, now, 8.0), now + 8.0, now)
        elif step == "take down":
            board.take_down(name)
        elif step == "clear":
            board.clear()
        else:
            now += 1.0
        for question in questions:
            found, row = board.all(list(question), now), board.all(question, now)
            assert (found is None) == (row is None)
            assert all(one is other for one, other in zip(found or (), row or (), strict=True))
            assert type(row) is not Row or {one.tier for one in row} == {FreshnessTier.FRESH}


def test_no_readings_are_no_row() -> None:
    """A Row says how old its oldest reading is; the empty list, which anybody may ask for again and again, has none."""
    board: Board[str] = Board(16.0)
    board.show("a", Reading("one", "test", FreshnessTier.FRESH, START, 16.0), START + 16, START)
    assert [type(board.all((), START)) for _ in range(3)] == [list] * 3


def test_no_more_rows_are_remembered_than_may_be() -> None:
    """Then all of them are forgotten."""
    board: Board[str] = Board(16.0)
    board.show("a", Reading("one", "test", FreshnessTier.FRESH, START, 16.0), START + 16, START)
    for width in range(1, 300):
        board.all(("a",) * width, START)
        assert sum(map(len, board._rows)) <= ROWS_MAX
