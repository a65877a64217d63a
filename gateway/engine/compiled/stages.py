"""Stages: a field with a resolver is asked for in all its parents at once, and then completed in all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from graphql import GraphQLList, get_nullable_type, is_list_type
from graphql.pyutils import is_iterable
from strawberry.execution import optimized_is_awaitable as is_awaitable

from domains.vocabulary import Row, Rows
from gateway.engine.compiled.beside import Side, Wait, together
from gateway.engine.compiled.levels import joined
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.resolving import Ask, AskAll
from gateway.engine.compiled.running import Entry, Run

_LISTS = frozenset({list})
_ROWS = frozenset({Row})


def _unbound(_run: Run, _entries: Sequence[Entry], _values: Sequence[Any]) -> None:
    raise RuntimeError("the generated text has not been compiled")


@dataclass(slots=True, eq=False)
class Stage:
    """One field with a resolver at one place. `complete` is the generated function `name`; `children` are the stages
    whose parents it makes. `ask` or `ask_all` tells the values; where there are both, the latter those of one parent,
    and sooner. `alike` is whether it always writes the same for the same rows, `in_levels` whether its parents may be
    the items of a row, `is_list` whether its values are lists."""

    number: int
    name: str
    place: Place
    ask: Ask | None
    ask_all: AskAll | None
    children: list[Stage] = field(default_factory=list)
    complete: Callable[[Run, Sequence[Entry], Sequence[Any]], None] = _unbound
    alike: bool = False
    in_levels: bool = False
    is_list: bool = False
    # Classes of list items that are known not to be awaitable.
    plain: set[type] = field(default_factory=lambda: {str, int, type(None)})

    def __post_init__(self) -> None:
        self.is_list = is_list_type(get_nullable_type(self.place.type))


def begin(run: Run, stages: Sequence[Stage]) -> Wait | None:
    """Run stages whose parents are made, and all below them. What it returns has to be awaited."""
    waits: list[tuple[Wait, Place, Sequence[Entry]]] = []
    for stage in stages:
        entries: Sequence[Entry] = run.queues[stage.number]
        if not entries:
            continue
        run.queues[stage.number] = []
        if stage.in_levels:
            entries = joined(entries)
        if run.nulled:
            entries = [entry for entry in entries if run.lives(stage.place, entry)]
        wait = _asked(run, stage, entries) if entries else None
        if wait is not None:
            waits.append((wait, stage.place, entries))
    if not waits:
        return None
    # A stage that waits alone needs no task of its own, which is 7 us less.
    return waits[0][0] if len(waits) == 1 else together(run, [Side(*one) for one in waits])


def serially(run: Run, stages: Sequence[Stage]) -> Wait | None:
    """The root fields of a mutation: each with all that is below it before the next."""

    async def rest(wait: Wait, stages: Sequence[Stage]) -> None:
        await wait
        following = serially(run, stages)
        if following is not None:
            await following

    for number, stage in enumerate(stages):
        wait = begin(run, [stage])
        if wait is not None:
            return rest(wait, stages[number + 1 :])
    return None


def _asked(run: Run, stage: Stage, entries: Sequence[Entry]) -> Wait | None:
    if stage.ask_all is not None and (stage.ask is None or len(entries) == 1):
        return _after(run, stage, entries, stage.ask_all)
    values = stage.ask(run, entries) if stage.ask is not None else []
    if any(map(is_awaitable, values)):
        return _after_each(run, stage, entries, values)
    return _completed(run, stage, entries, values)


async def _after(run: Run, stage: Stage, entries: Sequence[Entry], ask_all: AskAll) -> None:
    values: Sequence[Any]
    try:
        values = await ask_all(run, entries)
    except Exception as error:  # noqa: BLE001 - whatever a resolver raises is the answer of its field
        values = [error] * len(entries)
    wait = _completed(run, stage, entries, values)
    if wait is not None:
        await wait


async def _after_each(run: Run, stage: Stage, entries: Sequence[Entry], values: list[Any]) -> None:
    wait = _completed(run, stage, entries, await _each(values))
    if wait is not None:
        await wait


def _completed(run: Run, stage: Stage, entries: Sequence[Entry], values: Sequence[Any]) -> Wait | None:
    if stage.is_list and not _are_plain(values, stage.plain):
        type_: Any = get_nullable_type(stage.place.type)
        plain, values = stage.plain, list(values)
        odd = [number for number, value in enumerate(values) if not _is_plain(value, plain)]
        for number in odd:
            values[number] = _tidy(values[number], type_, plain)
        if odd and any(map(is_awaitable, values)):
            return _drained(run, stage, entries, values)
    stage.complete(run, entries, values)
    return begin(run, stage.children)


async def _drained(run: Run, stage: Stage, entries: Sequence[Entry], values: list[Any]) -> None:
    stage.complete(run, entries, await _each(values))
    wait = begin(run, stage.children)
    if wait is not None:
        await wait


async def _each(values: list[Any]) -> list[Any]:
    """`values` with awaitables replaced by their results or exceptions."""
    waiting = [number for number, value in enumerate(values) if is_awaitable(value)]
    results: list[Any]
    if len(waiting) == 1:  # without a task of its own
        try:
            results = [await values[waiting[0]]]
        except Exception as error:  # noqa: BLE001 - whatever a resolver raises is the answer of its field
            results = [error]
    else:
        results = await asyncio.gather(*[values[number] for number in waiting], return_exceptions=True)
    for number, result in zip(waiting, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
        values[number] = result
    return values


def _are_plain(values: Sequence[Any], plain: set[type]) -> bool:
    if type(values) is Rows or _ROWS.issuperset(map(type, values)):
        return True
    return _LISTS.issuperset(map(type, values)) and plain.issuperset(map(type, chain.from_iterable(values)))


def _is_plain(value: Any, plain: set[type]) -> bool:
    """Whether a value is a list in which no awaitable can be, nor another list."""
    return type(value) is list and plain.issuperset(map(type, value))


def _tidy(value: Any, type_: GraphQLList[Any], plain: set[type]) -> Any:
    """The value of a list field as a list, or an awaitable of it if it holds awaitables."""
    inner = get_nullable_type(type_.of_type)
    try:
        if isinstance(value, AsyncIterable):
            return _gathered(value)
        if not is_iterable(value):
            return value
        items = value if type(value) is list else list(value)
        if is_list_type(inner):
            items = [_tidy(item, inner, plain) for item in items]
        if any(map(is_awaitable, items)):
            return _each(list(items))
        plain.update(known for known in map(type, items) if not issubclass(known, list | tuple | AsyncIterable))
    except Exception as error:  # noqa: BLE001 - an iterable of a resolver may run its code
        return error
    return items


async def _gathered(values: AsyncIterable[Any]) -> list[Any]:
    return [value async for value in values]
