"""What events bring into the projection between two refreshes."""

from __future__ import annotations

from typing import TypeVar

from domains.vocabulary import Sequenced
from gateway.projection.kinds import Kind
from gateway.projection.store import Origin, Store

K = TypeVar("K")
T = TypeVar("T")


async def apply(store: Store, kind: Kind[K, T], item: Sequenced[T], origin: Origin) -> bool:
    """Write one record, told by an event. Answers whether it was news, so that a cache is to forget it.

    Late, repeated and reordered events change nothing. `origin` is who sent it, and when it happened there.
    """
    return bool(await store.put(kind, (item,), origin))
