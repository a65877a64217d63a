"""A schema of everything that Strawberry can do and the product does not: toys that break by their number."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import strawberry
from strawberry.permission import BasePermission

from resolvers.batching import Batched
from tests.gateway.engine.compiled.both import slowly


class BrokenToyError(Exception):
    pass


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


class OddIds(BasePermission):
    message = "odd ids only"

    def has_permission(self, source: Any, info: strawberry.Info[Any, Any], **_: Any) -> bool:
        return bool(source.id % 2 == 1)


@strawberry.input
class Window:
    start: int = 0
    size: int | None = None


@strawberry.interface
class Thing:
    id: int
    name: str | None


@strawberry.type
class Box(Thing):
    size: float
    colour: Colour
    made: dt.datetime | None
    price: decimal.Decimal

    @strawberry.field
    def label(self, prefix: str = "box") -> str:
        return str(fail_or(self, f"{prefix} {self.id}"))

    @strawberry.field
    def short(self) -> str | None:
        return None if self.id % 6 == 0 else str(fail_or(self, f"b{self.id}"))

    @strawberry.field
    async def inner(self) -> Box | None:
        await slowly(1)
        box: Box | None = fail_or(self, make_box(self.id * 7 + 1) if self.id < 60 else None)
        return box

    @strawberry.field
    def must(self) -> Box:
        return None if self.id % 5 == 0 else make_box(self.id + 3)  # type: ignore[return-value]  # broken on purpose

    @strawberry.field
    async def soon(self) -> Box:
        await slowly(self.id % 4)
        return None if self.id % 5 == 1 else make_box(self.id + 2)  # type: ignore[return-value]  # likewise

    @strawberry.field(permission_classes=[OddIds])  # type: ignore[untyped-decorator]  # as Strawberry declares it
    def secret(self) -> str | None:
        return "secret"


@strawberry.type
class Bag(Thing):
    code: uuid.UUID
    tags: list[str | None]
    grid: list[list[int]] | None
    boxes: list[Box]
    maybe_boxes: list[Box | None] | None

    @strawberry.field
    async def content(
        self, info: strawberry.Info[Any, Any], window: Window
    ) -> list[Annotated[Box | Bag, strawberry.union("Content")]]:
        await slowly(1)
        info.context.paths.add(tuple(info.path.as_list()))
        found: list[Any] = [make(self.id + n) for n in range(window.start, window.start + (window.size or 2))]
        return list(fail_or(self, found))

    @strawberry.field
    async def drops(self) -> AsyncIterator[Box]:
        for number in range(self.id % 3):
            await slowly(1)
            yield fail_or(self, make_box(number))

    @strawberry.field(extensions=[Batched(lambda parents, _info, times: load_stock(parents, times))])  # type: ignore[untyped-decorator]  # likewise
    async def stock(self, times: int = 1) -> int | None: ...

    @strawberry.field(extensions=[Batched(lambda parents, _info: load_boxes(parents))])  # type: ignore[untyped-decorator]  # likewise
    async def loaded(self) -> list[Box]:
        raise AssertionError("a batch field is resolved by its extension")


def fail_or(self: Thing, value: Any) -> Any:
    if self.id % 11 == 0:
        raise BrokenToyError(f"broken {self.id}")
    return value


async def load_stock(parents: Sequence[Bag], times: int) -> list[Any]:
    await slowly(1)
    return [BrokenToyError("no stock") if p.id % 4 == 0 else p.id * times for p in parents]


async def load_boxes(parents: Sequence[Bag]) -> list[Any]:
    return [[make_box(p.id + n) for n in range(2)] if p.id % 9 else None for p in parents]


def make_box(n: int) -> Box:
    wrong: Any = n % 13 == 0  # a leaf that cannot be serialised
    return Box(
        id=n,
        name=None if n % 3 == 0 else f"b{n}",
        size="x" if wrong else n + 0.5,  # type: ignore[arg-type]  # broken on purpose
        colour="green" if n % 17 == 0 else Colour.RED if n % 2 else Colour.BLUE,  # type: ignore[arg-type]  # likewise
        made=dt.datetime(2025, 1, 1 + n % 28, tzinfo=dt.UTC) if n % 2 else None,
        price=decimal.Decimal(n) / 8,
    )


def make_bag(n: int) -> Bag:
    boxes: list[Any] = [make_box(n + k) for k in range(n % 4)] + ([None] if n % 10 == 9 else [])
    return Bag(
        id=n,
        name=f"g{n}",
        code=uuid.UUID(int=n),
        tags=["a", None, str(n)],
        grid=[[n], [1, 2]] if n % 2 else None,
        boxes=boxes,
        maybe_boxes=[make_box(n), None] if n % 3 else None,
    )


def make(n: int) -> Box | Bag:
    return make_bag(n) if n % 2 else make_box(n)


@strawberry.type
class Query:
    @strawberry.field
    def things(self, first: int = 3, start: int = 1) -> list[Thing]:
        return [make(start + n) for n in range(first)]

    @strawberry.field
    async def thing(self, id: int) -> Thing | None:  # noqa: A002 - the argument's name
        return make(id) if id else None

    @strawberry.field
    def bag(self, id: int = 1) -> Bag:  # noqa: A002 - the argument's name
        return make_bag(id)

    @strawberry.field
    async def box(self, id: int = 1) -> Box | None:  # noqa: A002 - the argument's name
        return make_box(id)


SCHEMA = strawberry.Schema(Query, types=[Box, Bag])
