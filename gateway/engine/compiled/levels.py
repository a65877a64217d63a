"""The items of a row, as parents of stages: what was made of all of them is given again while all is as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from domains.vocabulary import Row, Rows
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.remembering import Lasting, Memo, Written, is_well
from gateway.engine.compiled.running import Entry, Run
from gateway.engine.compiled.source import Source

if TYPE_CHECKING:
    from gateway.engine.compiled.stages import Stage


class Whole(NamedTuple):
    """The objects that were made of a row, and what the stages below were told, by their numbers."""

    written: Lasting
    answers: dict[int, Rows]


class Level(Sequence[Entry]):
    """The items of one row, as parents of the stages below.

    Their objects may be those of an earlier answer, until somebody looks at an entry to write into it. Then there are
    copies of them instead, for this answer alone.
    """

    __slots__ = ("_answers", "_container", "_entries", "_index", "_rowed", "_whole", "row")

    def __init__(
        self, rowed: Rowed, row: Row, container: dict[str, Any], index: tuple[int, ...], known: Whole | list[Entry]
    ) -> None:
        """`container` is the object in which they stand, at `index` without their own."""
        self.row = row
        self._rowed = rowed
        self._container = container
        self._index = index
        self._whole = known if isinstance(known, Whole) else None
        self._entries = None if isinstance(known, Whole) else known
        self._answers: dict[int, Rows] = {}

    @property
    def first_index(self) -> tuple[int, ...]:
        """Where the first of them stands."""
        return (*self._index, 0)

    def complete(self, run: Run, stage: Stage, write: Any, values: Sequence[Any]) -> None:
        """Have `values` written, unless they are the very rows of which it is written already."""
        if type(values) is Rows:
            self._answers[stage.number] = values
        if self._whole is None or self._whole.answers.get(stage.number) is not values:
            write(run, self, values)
        if self._entries is not None and len(self._answers) == len(self._rowed.stages) and is_well(run):
            self._container[self._rowed.key] = self._rowed.keep(self.row, self._made(), self._answers)

    def _made(self) -> list[Entry]:
        if self._entries is None:
            objects = [] if self._whole is None else [one.copy() for one in self._whole.written]
            self._container[self._rowed.key] = objects
            index = self._index
            pairs = enumerate(zip(self.row, objects, strict=True))
            self._entries = [(one, made, (*index, place)) for place, (one, made) in pairs]
        return self._entries

    def __len__(self) -> int:
        return len(self.row)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._made())

    def __getitem__(self, place: Any) -> Any:
        return self._made()[place]


class Rowed:
    """A list at one place of a plan that may be a row, with `stages` below its items that are told in rows as well.

    A list of 24 products with availability, asked for again, takes 24 objects less, and all that is done for each.
    """

    def __init__(self, written: Written, key: str, stages: Sequence[Stage]) -> None:
        self.key = key
        self.stages = stages
        self._written = written
        self._memo: Memo[Whole] = written.memo()
        for stage in stages:
            stage.in_levels = True

    def again(self, run: Run, row: Row, container: dict[str, Any], index: tuple[int, ...]) -> Lasting | None:
        """What was made of the row before, and its items as parents of the stages; None when nothing was."""
        whole = self._memo.get(id(row))
        if whole is None:
            return None
        self._queue(run, Level(self, row, container, index, whole))
        return whole.written

    def begun(self, run: Run, row: Row, objects: list[Any], container: dict[str, Any], index: tuple[int, ...]) -> None:
        """These objects were made of the row just now, and are queued one by one."""
        if not row or None in objects or not is_well(run):
            return
        entries = run.queues[self.stages[0].number][-len(row) :]
        for stage in self.stages:
            del run.queues[stage.number][-len(row) :]
        self._queue(run, Level(self, row, container, index, entries))

    def keep(self, row: Row, entries: Sequence[Entry], answers: dict[int, Rows]) -> Lasting:
        """What was made of the row by now, to be given again."""
        lasting = Lasting(made for _, made, _ in entries)
        self._written.keep_whole(self._memo, row, Whole(lasting, answers), lasting)
        return lasting

    def _queue(self, run: Run, level: Level) -> None:
        for stage in self.stages:
            run.queues[stage.number].append(level)


def is_told_in_rows(stages: Sequence[Stage], place: Place) -> bool:
    """Whether the stages below a list stand right below its items, and write the same for the same rows."""
    items = (*place.path, None)
    return all(one.alike and one.ask is None and one.place.path[:-1] == items for one in stages)


def rows_kept(source: Source, written: Written, place: Place, stages: Sequence[Stage]) -> tuple[str, str]:
    """Names in generated text of two functions: what was made of a row before, and what keeps what is made of it."""
    if stages:
        rowed = Rowed(written, str(place.path[-1]), stages)
        return source.constant("again", rowed.again), source.constant("begun", rowed.begun)
    memo = written.memo()

    def again(_run: Run, row: Row, _container: dict[str, Any], _index: tuple[int, ...]) -> list[Any] | None:
        return memo.get(id(row))

    def keep(run: Run, row: Row, objects: list[Any], _container: dict[str, Any], _index: tuple[int, ...]) -> None:
        written.keep_row(memo, run, row, objects)

    return source.constant("again", again), source.constant("keep", keep)


def by_levels(stage: Stage) -> None:
    """Have a stage whose parents may come in levels write what is not written."""
    write = stage.complete

    def complete(run: Run, entries: Sequence[Entry], values: Sequence[Any]) -> None:
        if type(entries) is Level:
            entries.complete(run, stage, write, values)
        else:
            write(run, entries, values)

    stage.complete = complete


def joined(queue: Sequence[Entry | Level]) -> Sequence[Entry]:
    """The parents of a stage out of what was queued for it: a level if that is all, else one by one."""
    if len(queue) == 1 and type(queue[0]) is Level:
        return queue[0]
    entries: list[Entry] = []
    for one in queue:
        if isinstance(one, Level):
            entries += one
        else:
            entries.append(one)
    return entries
