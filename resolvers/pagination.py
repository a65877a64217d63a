"""Relay connections: pages of a longer list, each item with the cursor of its place."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import strawberry

from domains.vocabulary import InvalidInput, Page, Reading, UpstreamError
from resolvers.identity import name_of
from resolvers.reading import Made, each

T = TypeVar("T")

FIRST_MAX = 100
CURSOR_MAX = 2_048

First = Annotated[int, strawberry.argument(description=f"How many items: 1 to {FIRST_MAX}.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor after which the page begins; without one, the first page.")
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items precede this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item of this page, if any.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item; ask for the page after it.")


@strawberry.type(description="One page of a list.")
class Connection:
    page_info: PageInfo = strawberry.field(description="Where this page stands in its list.")


@strawberry.type(description="One item of a page.")
class Edge:
    cursor: str = strawberry.field(description="The place of this item in its list.")


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """An edge: an item and its cursor."""

    node: T
    cursor: str


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """A connection: what a Connection type shows."""

    edges: Sequence[Placed[T]]
    nodes: Sequence[T]
    page_info: PageInfo


def page_size(first: int, *path: str | int) -> int:
    """`first` if it is a page. Raises InvalidInput."""
    if not 1 <= first <= FIRST_MAX:
        raise InvalidInput(f"A page has 1 to {FIRST_MAX} items.", path or ("first",))
    return first


def cursor_of(kind: str, id_: str) -> str:
    """The opaque place of `id_` in a list of `kind`."""
    return base64.urlsafe_b64encode(f"{kind}:{id_}".encode()).decode("ascii")


def id_after(kind: str, after: str | None, *path: str | int) -> str | None:
    """The id that a cursor of a list of `kind` stands for.

    Raises InvalidInput when it is the cursor of another kind of list, or none at all.
    """
    if after is None:
        return None
    path = path or ("after",)
    try:
        text = base64.b64decode(after[:CURSOR_MAX], altchars=b"-_", validate=True).decode("utf-8")
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("This is not a cursor. Send one that an earlier page gave.", path) from error
    found, colon, id_ = text.partition(":")
    if not colon or found != kind:
        raise InvalidInput("This cursor is of another list. Send one that an earlier page of this list gave.", path)
    return name_of(id_, *path)


def pages_of(
    kind: str,
    readings: Iterable[Reading[Page[T]] | UpstreamError | None],
    after: str | None,
    id_of: Callable[[T], str],
) -> list[Made | UpstreamError | None]:
    """The pages that a Fetch answered, one connection for each; every item has the freshness of its page."""
    return [
        Made(_page(kind, reading, after, id_of), (reading,)) if isinstance(reading, Reading) else reading
        for reading in readings
    ]


def _page(kind: str, reading: Reading[Page[T]], after: str | None, id_of: Callable[[T], str]) -> Paged[Reading[T]]:
    return paged(
        kind,
        [id_of(item) for item in reading.value.items],
        each(reading, reading.value.items),
        has_next=reading.value.has_next,
        has_previous=after is not None,
    )


def paged(kind: str, ids: Sequence[str], nodes: Sequence[T], *, has_next: bool, has_previous: bool) -> Paged[T]:
    """One page: `nodes` with the cursors of their `ids`."""
    edges = [Placed(node, cursor_of(kind, id_)) for id_, node in zip(ids, nodes, strict=True)]
    return Paged(
        edges=edges,
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=has_next,
            has_previous_page=has_previous,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )
