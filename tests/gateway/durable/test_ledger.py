"""The ledger against a model of it, in real databases, and two who want the same key at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from domains.durable import Begun, InFlight, OtherInput, Replayed, Write
from domains.vocabulary import IdempotencyKey
from gateway.database import Database, open_database
from gateway.durable.ledger import ASK_AGAIN_S, UNSETTLED_S, abandon, begin, prune, settle
from gateway.durable.tables import ledger, prepare

LEASE_S, KEEP_S = 30.0, 3 * 86_400.0
Said = Begun | Replayed | InFlight | OtherInput


def write(key: str, input_: str = "a") -> Write:
    return Write(key=IdempotencyKey(key), fingerprint=input_, operation="hold", caller="ada")


@dataclass
class Line:
    """One row, as the model has it."""

    input: str
    began_at: float
    held_until: float
    expires_at: float
    answer: bytes | None = None


class Model:
    """The ledger in thirty lines of Python."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def begin(self, asked: Write, now: float) -> Said:
        line = self.lines.get(asked.key)
        if line is None or line.expires_at <= now:
            self.lines[asked.key] = Line(asked.fingerprint, now, now + LEASE_S, now + UNSETTLED_S)
            return Begun()
        if line.input != asked.fingerprint:
            return OtherInput()
        if line.answer is not None:
            return Replayed(line.answer)
        if line.held_until > now:
            return InFlight(max(ASK_AGAIN_S, min(now - line.began_at, line.held_until - now)))
        self.lines[asked.key] = Line(asked.fingerprint, now, now + LEASE_S, now + UNSETTLED_S)
        return Begun()

    def settle(self, asked: Write, answer: bytes, now: float) -> bool:
        line = self.lines.get(asked.key)
        if line is not None and line.expires_at > now and (line.input != asked.fingerprint or line.answer is not None):
            return False
        self.lines[asked.key] = Line(asked.fingerprint, now, now, now + KEEP_S, answer)
        return True

    def abandon(self, asked: Write) -> None:
        line = self.lines.get(asked.key)
        if line is not None and line.input == asked.fingerprint and line.answer is None:
            del self.lines[asked.key]

    def prune(self, now: float, limit: int) -> int:
        over = sorted((line.expires_at, key) for key, line in self.lines.items() if line.expires_at <= now)
        for _, key in over[:limit]:
            del self.lines[key]
        return len(over[:limit])


keys, inputs = st.sampled_from(["k1", "k2"]), st.sampled_from(["a", "b"])
moves = st.one_of(
    st.tuples(st.just("begin"), keys, inputs),
    st.tuples(st.just("settle"), keys, inputs),
    st.tuples(st.just("abandon"), keys, inputs),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 4.0, LEASE_S, UNSETTLED_S, KEEP_S]), st.none()),
    st.tuples(st.just("prune"), st.integers(1, 3), st.none()),
)


def check(database: Database, played: list[tuple[str, str | float, str | None]]) -> None:
    """Play the moves on the ledger and on the model, and compare what each says."""
    # Keys of this run alone: one database serves them all, and a table is slow to make.
    mine, model, now = uuid4().hex, Model(), 1_000_000.0
    for number, (move, first, second) in enumerate(played):
        asked = write(f"{mine}:{first}", second or "")
        answer = f'"{number}"'.encode()
        if move == "wait":
            now += float(first)
            continue
        with database.writing.begin() as connection:
            if move == "begin":
                assert begin(connection, database, asked, now, LEASE_S) == model.begin(asked, now)
            elif move == "settle":
                kept = settle(connection, database, asked, answer, None, now=now, keep_s=KEEP_S)
                assert kept is model.settle(asked, answer, now)
            elif move == "abandon":
                abandon(connection, asked)
                model.abandon(asked)
            else:
                assert prune(connection, now, int(first)) == model.prune(now, int(first))
    with database.writing.begin() as connection:
        connection.execute(ledger.delete())


@contextmanager
def prepared(url: str) -> Iterator[Database]:
    database = open_database(url)
    prepare(database)
    yield database
    database.close()


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with prepared(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'model.db'}") as database:
        yield database


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """One of each kind."""
    with prepared(url) as opened:
        yield opened


@given(played=st.lists(moves, max_size=12))
@example(played=[("settle", "k1", "a"), ("wait", KEEP_S, None), ("begin", "k1", "b")])
@example(played=[("begin", "k1", "a"), ("wait", UNSETTLED_S, None), ("settle", "k1", "b")])
@example(played=[("begin", "k1", "a"), ("wait", UNSETTLED_S, None), ("prune", 1, None)])
@settings(max_examples=60)
def test_the_ledger_does_as_its_model_on_sqlite(
    sqlite: Database, played: list[tuple[str, str | float, str | None]]
) -> None:
    """However beginnings, endings and time interleave, everybody is told what the model tells them."""
    check(sqlite, played)


@given(played=st.lists(moves, min_size=3, max_size=12))
@settings(max_examples=15)
def test_the_ledger_does_as_its_model_on_postgres(
    postgres: str, played: list[tuple[str, str | float, str | None]]
) -> None:
    """The same on the other database."""
    with prepared(postgres) as database:
        check(database, played)


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_want_a_key_one_begins(database: Database, round_: int) -> None:
    """Connections that race for one key are told Begun once; the others that it is in flight."""
    racers = database.connections
    ready = Barrier(racers)

    def race(_: int) -> Said:
        ready.wait(timeout=10)
        with database.writing.begin() as connection:
            return begin(connection, database, write(f"k{round_}"), 100.0, LEASE_S)

    with ThreadPoolExecutor(racers) as threads:
        said = list(threads.map(race, range(racers)))
    assert said.count(Begun()) == 1
    assert said.count(InFlight(ASK_AGAIN_S)) == racers - 1


def test_whoever_waits_for_a_writer_hears_what_it_wrote(database: Database) -> None:
    """A beginning that meets an unfinished transaction waits for it, and is told its answer, or takes the free key."""
    with database.writing.begin() as connection:
        begin(connection, database, write("k1"), 100.0, LEASE_S)

    def again() -> Said:
        with database.writing.begin() as connection:
            return begin(connection, database, write("k1"), 101.0, LEASE_S)

    with ThreadPoolExecutor(1) as threads:
        with database.writing.begin() as connection:
            settle(connection, database, write("k1"), b"1", "flow-1", now=100.5, keep_s=KEEP_S)
            late = threads.submit(again)
        assert late.result(timeout=10) == Replayed(b"1")
        with database.writing.begin() as connection:
            assert prune(connection, 100.5 + KEEP_S, 10) == 1
            late = threads.submit(again)
        assert late.result(timeout=10) == Begun()


def test_nothing_is_kept_of_a_transaction_that_fails(database: Database) -> None:
    """An answer stands or falls with whatever else its transaction writes."""
    with database.writing.begin() as connection:
        begin(connection, database, write("k1"), 100.0, LEASE_S)
    with database.writing.connect() as connection, connection.begin() as transaction:
        settle(connection, database, write("k1"), b"1", "flow-1", now=101.0, keep_s=KEEP_S)
        transaction.rollback()
    with database.writing.begin() as connection:
        assert begin(connection, database, write("k1"), 102.0, LEASE_S) == InFlight(2.0)


def test_a_prune_ends_at_its_limit_and_takes_the_oldest(tmp_path: Path) -> None:
    """Of what is over, the longest first, a bounded number at a time."""
    with prepared(f"sqlite:///{tmp_path / 'prune.db'}") as database, database.writing.begin() as connection:
        for number in range(5):
            settle(connection, database, write(f"k{number}"), b"1", None, now=float(number), keep_s=10.0)
        assert prune(connection, 13.5, 3) == 3
        assert connection.execute(select(func.min(ledger.c.expires_at))).scalar_one() == 13.0
        assert prune(connection, 13.5, 3) == 1
