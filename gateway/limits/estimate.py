"""What an operation may cost at most, told from its text and its variables before it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import msgspec
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from domains.vocabulary import ServingTier, SystemRole
from gateway.limits.lists import Places, Product, count_of, items_of, lists_of
from gateway.paths import Touch

KEYS_MAX: Final = 500
"""Keys that one call takes by the open role contracts (`domains.connectors.open`). More are several calls."""

KNOWN_MAX: Final = 64
"""Lengths of an operation's lists whose cost is remembered: a page has one or two. 1 us where adding up takes 6."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What the schema says where the usual reckoning would be wrong, by "Type.field".

    `calls`: how many calls a batch of the field makes to each system (@cost). `assumed`: how long its list is when no
    argument tells (@listSize).
    """

    calls: Mapping[str, Mapping[SystemRole, int]] = field(default_factory=dict)
    assumed: Mapping[str, int] = field(default_factory=dict)


# A struct, which is made in a fifth of the time of a frozen dataclass: there is one for each operation.
class Cost(msgspec.Struct, frozen=True):
    """`calls` to each system at most, when nothing is remembered; `items` of lists in the answer."""

    calls: Mapping[SystemRole, int]
    items: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one field asks one system at one place, for all its `parents` at once: `calls` for each KEYS_MAX of its
    `keys`."""

    touch: Touch
    system: SystemRole
    calls: int
    keys: Product
    parents: Product

    def of(self, variables: Mapping[str, object]) -> int:
        """The calls with these variables."""
        keys = self.keys.of(variables)
        return self.calls if keys <= KEYS_MAX else self.calls * -(-keys // KEYS_MAX)


class Estimate:
    """The cost of one operation as a function of its variables. Most do not depend on them, and are summed up once."""

    def __init__(self, batches: Iterable[Batch] = (), lists: Iterable[tuple[Product, ...]] = ()) -> None:
        self._moving: list[Batch] = []
        self._growing: list[tuple[Product, ...]] = []
        calls: Counter[SystemRole] = Counter()
        count = 0
        for batch in batches:
            if batch.keys.sizes:
                self._moving.append(batch)
            else:
                calls[batch.system] += batch.of({})
        for products in lists:
            if any(one.sizes for one in products):
                self._growing.append(products)
            else:
                count += max(one.number for one in products)
        self._fixed = Cost(dict(calls), count)
        moving = chain((batch.keys for batch in self._moving), chain.from_iterable(self._growing))
        self._names = sorted({size.variable for one in moving for size in one.sizes if size.variable is not None})
        self._known: dict[tuple[int | None, ...], Cost] = {}

    def of(self, variables: Mapping[str, object]) -> Cost:
        """The cost with these variables, as they were sent. That of the first few lengths is worked out once."""
        if not self._moving and not self._growing:
            return self._fixed
        lengths = tuple([count_of(variables[name]) if name in variables else None for name in self._names])
        cost = self._known.get(lengths)
        if cost is None:
            cost = self._summed(variables)
            if len(self._known) < KNOWN_MAX:
                self._known[lengths] = cost
        return cost

    def _summed(self, variables: Mapping[str, object]) -> Cost:
        calls, items = {**self._fixed.calls}, self._fixed.items
        for batch in self._moving:
            calls[batch.system] = calls.get(batch.system, 0) + batch.of(variables)
        for products in self._growing:
            items += max([one.of(variables) for one in products])
        return Cost(calls, items)


NOTHING: Final = Estimate()


def estimate(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    touched: Iterable[Touch],
    priced: Priced,
) -> Estimate:
    """What a valid operation may cost that can reach `touched`.

    A field of tier LIVE is one call per system and KEYS_MAX keys, however many parents it has: relations are asked a
    level at a time. Nearer tiers cost nothing. Several fields that one call answers together are counted apart, and
    so is what a cache has: this is what must be affordable, not what is paid.
    """
    places = lists_of(schema, document, operation, priced.assumed)
    return Estimate(
        batches(places, touched, priced),
        (items for place in places.values() if (items := items_of(place))),
    )


def batches(places: Places, touched: Iterable[Touch], priced: Priced) -> list[Batch]:
    """What is counted of `touched`, each apart: a batch for each system that a field may ask LIVE."""
    return [
        Batch(
            touch,
            system,
            priced.calls.get(touch.coordinate, {}).get(system, 1),
            keys,
            parents,
        )
        for touch in touched
        if touch.served.tier is ServingTier.LIVE and touch.path in places
        for keys, parents in dict.fromkeys(
            (one.keys, one.parents) for one in places[touch.path] if touch.coordinate in one.coordinates
        )
        for system in sorted(touch.served.systems, key=lambda role: role.value)
    ]
