"""Runs: page by page, taken up after a crash, by one process at a time, with one exception for each discrepancy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domains.durable import (
    BusinessException,
    ExceptionSource,
    Mismatch,
    Reconciliation,
    ReconciliationQuery,
    Severity,
)
from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.database import open_database
from gateway.durable import Journal, open_exception
from gateway.reconcile import Checked, Leaf, Progress, Reconciler, ReconcileStopped
from gateway.reconcile.runs import LEASE_S, begin, prepare_turn, take_turn
from tests.gateway.durable.shop import START, Clock, House, open_house

DAY_S = 86_400.0


@dataclass
class Books:
    """Three pages of two things each; `wrong` says what is found of a key, `heals` what agrees at the second look."""

    wrong: dict[str, str] = field(default_factory=dict)
    heals: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    fails_at: str | None = None
    pages: list[str | None] = field(default_factory=list)
    looked_again: list[Collection[str]] = field(default_factory=list)
    name: str = "books"
    second_look_s: float = 2.0

    async def total(self, since: float) -> int | None:
        return 6

    async def page(self, since: float, cursor: str | None) -> Leaf:
        if self.fails_at is not None and cursor == self.fails_at:
            raise UpstreamTimeout(SystemRole.ERP, "postings")
        self.pages.append(cursor)
        number = int(cursor or 0)
        return Leaf(
            tuple(self._checked(f"{number}{letter}") for letter in "ab"), str(number + 1) if number < 2 else None
        )

    async def again(self, keys: Collection[str]) -> tuple[Checked, ...]:
        self.looked_again.append(sorted(keys))
        for key in self.heals & set(keys):
            self.wrong.pop(key, None)
        return tuple(self._checked(key) for key in sorted(keys) if key not in self.gone)

    def _checked(self, key: str) -> Checked:
        found = self.wrong.get(key)
        mismatch = Mismatch(key=key, what="its number", expected="1", found=found or "")
        return Checked(key, f"thing {key}", () if found is None else (mismatch,))


@asynccontextmanager
async def comparing(url: str, books: Books, clock: Clock | None = None) -> AsyncIterator[tuple[House, Reconciler]]:
    async with open_house(url, clock) as house:
        yield house, reconciler(house, books)


def reconciler(house: House, books: Books) -> Reconciler:
    return Reconciler(house.journal, [books], every_s=3600, window_s=DAY_S, sleep=house.clock.sleep)


async def runs_of(journal: Journal) -> list[Reconciliation]:
    query = ReconciliationQuery(first=10)
    return list((await journal.durable.reconciliations(frozenset({query})))[query].value.items)


async def open_of(house: House) -> dict[str, BusinessException]:
    return {one.about: one for one in await house.exceptions()}


async def test_a_run_goes_page_by_page_and_is_kept(url: str) -> None:
    """What was checked, what matched and each mismatch are kept, and told page by page."""
    books, told = Books(wrong={"1a": "2"}), list[Progress]()
    async with comparing(url, books) as (house, comparer):
        run = await comparer.run("books", on_progress=told.append)
        assert (run.checked, run.matched, [one.found for one in run.mismatches]) == (6, 5, ["2"])
        assert books.pages == [None, "1", "2"]
        assert [(one.checked, one.matched, one.is_over) for one in told] == [(2, 2, False), (4, 3, False), (6, 5, True)]
        assert {one.total for one in told} == {6}
        (kept,) = await runs_of(house.journal)
        assert (kept.id, kept.checked, kept.matched, kept.mismatches) == (run.id, 6, 5, run.mismatches)
        assert kept.finished_at is not None
        (exception,) = await house.exceptions()
        assert exception.title == "thing 1a does not agree everywhere: its number: 2 instead of 1"
        assert exception.about == "books/1a"


async def test_what_agrees_at_the_second_look_was_only_changing(url: str) -> None:
    """Between two questions to two systems something may happen; what is under way by then is left out."""
    books = Books(wrong={"0a": "2", "1a": "2"}, heals={"0a"}, gone={"1a"})
    async with comparing(url, books) as (house, comparer):
        run = await comparer.run("books")
        assert (run.checked, run.matched) == (5, 5)
        assert books.looked_again == [["0a"], ["1a"]]
        assert house.clock.now == START + 2 * books.second_look_s
        assert await house.exceptions() == []


async def test_an_exception_follows_what_is_found(url: str) -> None:
    """The same again opens no second one, something else replaces it, and agreement ends it; what a person resolved
    stays resolved until something else is found."""
    books = Books(wrong={"1a": "2", "2b": "3"})
    async with comparing(url, books) as (house, comparer):
        await comparer.run("books")
        first = await open_of(house)
        await comparer.run("books")
        assert await open_of(house) == first
        await house.journal.durable.resolve(first["books/2b"].id, "It is known.")
        books.wrong["1a"] = "7"
        await comparer.run("books")
        (second,) = (await open_of(house)).values()
        assert (second.about, second.id != first["books/1a"].id) == ("books/1a", True)
        del books.wrong["1a"]
        books.wrong["2b"] = "4"
        await comparer.run("books")
        assert list(await open_of(house)) == ["books/2b"]
        notes = {one.id: one.note for one in await house.exceptions(open_only=False)}
        assert notes[second.id] == "A later check found that they agree."


async def test_what_did_not_agree_is_looked_at_again_however_long_ago(url: str) -> None:
    """What no page comes past any more is still looked at until it agrees; what does come is counted once."""
    books = Books(wrong={"9z": "2", "0a": "2"})
    async with comparing(url, books) as (house, comparer):
        await house.journal.write(
            lambda c: open_exception(
                c,
                ExceptionSource.RECONCILIATION,
                "books/9z",
                title="of an earlier run",
                impact="",
                severity=Severity.WARNING,
                now=START,
            )
        )
        run = await comparer.run("books")
        assert (run.checked, run.matched, books.looked_again[0]) == (7, 5, ["9z"])
        del books.wrong["9z"]
        run = await comparer.run("books")
        assert (run.checked, run.matched) == (7, 6)
        assert list(await open_of(house)) == ["books/0a"]


async def test_a_run_that_failed_is_taken_up_where_it_was(url: str) -> None:
    """The next one goes on behind the last page that was written, under the same id."""
    books = Books(wrong={"0a": "2"}, fails_at="1")
    async with comparing(url, books) as (house, comparer):
        with pytest.raises(ReconcileStopped, match="Run it again to go on from there"):
            await comparer.run("books")
        (stopped,) = await runs_of(house.journal)
        assert (stopped.checked, stopped.finished_at) == (2, None)
        books.fails_at, books.pages[:] = None, []
        house.clock.now += 60
        run = await reconciler(house, books).run("books")
        assert (run.id, run.checked, run.matched, books.pages) == (stopped.id, 6, 5, ["1", "2"])


async def test_a_run_that_looks_further_back_begins_anew(url: str) -> None:
    """An interrupted run of a shorter time is no part of it."""
    books = Books(fails_at="1")
    async with comparing(url, books) as (house, comparer):
        with pytest.raises(ReconcileStopped):
            await comparer.run("books")
        books.fails_at = None
        run = await comparer.run("books", since=START - 30 * DAY_S)
        assert run.checked == 6
        assert {one.id == run.id: one.checked for one in await runs_of(house.journal)} == {True: 6, False: 2}


async def test_one_process_at_a_time_compares(url: str) -> None:
    """A second one is told so; one that was suspended until its lease was over writes nothing more."""

    class Slow(Books):
        async def page(self, since: float, cursor: str | None) -> Leaf:
            if cursor == "1" and not self.pages[1:]:
                self.pages.append("held")
                with pytest.raises(ReconcileStopped, match="Another process is comparing books already"):
                    await other.run("books")
                house.clock.now += LEASE_S
                finished.append(await other.run("books"))
            return await super().page(since, cursor)

    books, finished = Slow(), list[Reconciliation]()
    async with comparing(url, books) as (house, comparer):
        other = reconciler(house, Books())
        with pytest.raises(ReconcileStopped, match="Another process has taken over"):
            await comparer.run("books")
        (kept,) = await runs_of(house.journal)
        assert (kept.id, kept.checked) == (finished[0].id, 6)


async def test_a_run_is_kept_until_its_second_look(url: str) -> None:
    """However long that is after the first, nobody else takes the run over meanwhile."""
    tried: list[str] = []
    async with open_house(url) as house:
        other = reconciler(house, Books())

        async def rest(seconds: float) -> None:
            house.clock.now += seconds
            try:
                await other.run("books")
            except ReconcileStopped as stopped:
                tried.append(str(stopped))

        books = Books(wrong={"0a": "2"}, second_look_s=3 * LEASE_S)
        comparer = Reconciler(house.journal, [books], every_s=3600, window_s=DAY_S, sleep=rest)
        assert (await comparer.run("books")).checked == 6
    assert set(tried) == {"Another process is comparing books already."}


async def test_of_two_that_begin_in_the_same_moment_one_compares(postgres_url: str) -> None:
    """Where nothing was ever compared there is no row to wait for; the second waits all the same, and leaves it."""
    database = open_database(postgres_url, 1)
    async with open_house(postgres_url) as house:
        with database.writing.begin() as connection:
            first = begin(connection, "books", START, holder="one", now=START)
            second = asyncio.create_task(
                house.journal.write(lambda c: begin(c, "books", START, holder="two", now=START))
            )
            await asyncio.wait({second}, timeout=0.2)  # time enough to begin, if it may
        assert first is not None
        assert await second is None
    database.close()


async def test_a_turn_is_one_processes(url: str) -> None:
    """Nobody's comes before the first time, and then one process has it until the next."""
    async with open_house(url) as house:

        async def turn(now: float) -> bool:
            return await house.journal.write(lambda connection: take_turn(connection, now, 3600))

        database = house.journal.database
        await house.journal.write(lambda connection: prepare_turn(connection, database, START + 3600))
        await house.journal.write(
            lambda connection: prepare_turn(connection, database, START + 7200)
        )  # another process
        assert [await turn(START), await turn(START + 3600), await turn(START + 3601), await turn(START + 7200)] == [
            False,
            True,
            False,
            True,
        ]


async def test_a_process_compares_when_it_is_its_turn(sqlite_url: str) -> None:
    """In the background, and again after a while when a system failed."""
    books = Books(fails_at="1")
    async with open_house(sqlite_url) as house:
        rested, go_on = asyncio.Event(), asyncio.Event()

        async def rest(seconds: float) -> None:
            rested.set()
            await go_on.wait()
            go_on.clear()
            house.clock.now += seconds

        comparer = Reconciler(house.journal, [books], every_s=3600, window_s=DAY_S, sleep=rest)
        async with comparer.running():
            for moment in (START, START + 3600, START + 3900):
                await asyncio.wait_for(rested.wait(), 10)
                rested.clear()
                house.clock.now = moment
                go_on.set()
                if moment == START + 3600:
                    await asyncio.wait_for(rested.wait(), 10)
                    (stopped,) = await runs_of(house.journal)
                    assert stopped.finished_at is None
                    books.fails_at = None
            await asyncio.wait_for(rested.wait(), 10)
        (run,) = await runs_of(house.journal)
        assert (run.checked, run.finished_at is not None) == (6, True)
