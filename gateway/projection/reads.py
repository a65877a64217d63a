"""Reading the projection: Fetches like those of a vendor, answered from the database and never by the ERP itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Row, Select, String, and_, bindparam, false, or_, select

from domains.inventory import Location, Network, StockKey, StockPosition
from domains.products import Product
from domains.vocabulary import (
    Fetch,
    FreshnessTier,
    LocationId,
    ProjectionCold,
    Reading,
    Sku,
    SystemRole,
    UpstreamGarbled,
    UpstreamUnreachable,
)
from gateway.database import TROUBLE
from gateway.projection.kinds import LOCATIONS, POSITIONS, PRODUCTS, Kind, locations, positions, refreshes
from gateway.projection.network import summed
from gateway.projection.store import Store

K = TypeVar("K")
T = TypeVar("T")

SOURCE = "erp:projection"

# Statements are put together once, and the keys bound each time: it takes as long as to ask them.
_KEYS = bindparam("keys", type_=String, expanding=True)
_SKUS = bindparam("skus", type_=String, expanding=True)

KEYS_MAX = 10_000
"""Most keys of one statement: SQLite takes 32,766 parameters (sqlite.org/limits.html). More keys are several."""

OVERDUE_RATIO = 2.0
"""Up to this many times its max age a record counts as one whose refresh is late; older, as one without a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxAges:
    """How long after it was last known to be true a record still counts as fresh."""

    # Four refreshes of every 30 s: one that is slow or fails does not make the whole stock look stale.
    positions_s: float = 120.0
    # Names and prices change a few times a day; ten minutes is how long the cache keeps them too.
    products_s: float = 600.0
    # Stores open and close by the month.
    locations_s: float = 3600.0


@dataclass(frozen=True)
class ProjectionReads:
    """The reads that the projection answers. Each makes one statement of up to KEYS_MAX keys.

    A key that is not there is missing once its kind was read to the end. Before, it is unknown: ProjectionCold is
    raised. UpstreamUnreachable is raised when the database cannot be asked.
    """

    products_by_sku: Fetch[Sku, Product]
    positions: Fetch[StockKey, StockPosition]
    locations: Fetch[LocationId, Location]
    network: Fetch[Network, tuple[Location, ...]]


class Standing(NamedTuple):
    """How a kind stands: nothing of it is older than `as_of`, and so many refreshes failed since."""

    as_of: float | None
    failures: int


def projection_reads(store: Store, clock: Callable[[], float], ages: MaxAges | None = None) -> ProjectionReads:
    """The reads over `store`. `clock` is in seconds since the epoch."""
    ages = ages or MaxAges()
    reader = Reader(store, clock)

    async def network(keys: frozenset[Network], /) -> Mapping[Network, Reading[tuple[Location, ...]]]:
        return {key: await reader.all_of(LOCATIONS, ages.locations_s) for key in keys}

    async def shelves(keys: frozenset[StockKey], /) -> Mapping[StockKey, Reading[StockPosition]]:
        return await reader.positions(keys, ages.positions_s)

    return ProjectionReads(
        products_by_sku=reader.by_key(PRODUCTS, ages.products_s),
        positions=shelves,
        locations=reader.by_key(LOCATIONS, ages.locations_s),
        network=network,
    )


class Reader:
    """Asks the store, and says how old each answer is."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def by_key(self, kind: Kind[K, T], max_age_s: float) -> Fetch[K, T]:
        query = _of(kind, kind.table.c.key.in_(_KEYS))

        async def fetch(keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
            found: dict[K, Reading[T]] = {}
            for part in _parts(keys):
                texts = {kind.text_of(key): key for key in part}
                rows, standing = await self._ask(kind, query, {_KEYS.key: list(texts)})
                found |= {texts[row.key]: self._reading(kind, row, standing, max_age_s) for row in rows}
                _refuse_unknown(kind, standing, known=len(rows) == len(part))
            return found

        return fetch

    async def all_of(self, kind: Kind[K, T], max_age_s: float) -> Reading[tuple[T, ...]]:
        """Every record of a kind of which there are few, in the order of their keys."""
        rows, standing = await self._ask(kind, _everything(kind))
        _refuse_unknown(kind, standing, known=False)
        records = tuple(_decoded(kind, row) for row in sorted(rows, key=lambda row: row.key))
        return self._dated(records, _oldest(rows, standing), standing, max_age_s)

    async def positions(self, keys: Collection[StockKey], max_age_s: float) -> dict[StockKey, Reading[StockPosition]]:
        """Single shelves as they are told, and for keys without a location the sum over all that ship."""
        found: dict[StockKey, Reading[StockPosition]] = {}
        for part in _parts(keys):
            shelves = {POSITIONS.text_of(key): key for key in part if key.location_id is not None}
            skus = {key.sku for key in part if key.location_id is None}
            query = _shelves_and_networks(shelves=bool(shelves), skus=bool(skus))
            rows, standing = await self._ask(POSITIONS, query, {_KEYS.key: list(shelves), _SKUS.key: list(skus)})
            kept = [row for row in rows if row.key in shelves]
            found |= {shelves[row.key]: self._reading(POSITIONS, row, standing, max_age_s) for row in kept}
            _refuse_unknown(POSITIONS, standing, known=not skus and len(kept) == len(shelves))
            found |= self._sums([row for row in rows if row.in_network], skus, standing, max_age_s)
        return found

    def _sums(
        self, rows: Sequence[Row[Any]], skus: Collection[Sku], standing: Standing, max_age_s: float
    ) -> dict[StockKey, Reading[StockPosition]]:
        of_sku: dict[Sku, list[Row[Any]]] = {}
        for row in rows:
            if row.sku in skus:
                of_sku.setdefault(row.sku, []).append(row)
        return {
            StockKey(sku, None): self._dated(
                summed(sku, [_decoded(POSITIONS, row) for row in some]), _oldest(some, standing), standing, max_age_s
            )
            for sku, some in of_sku.items()
        }

    async def _ask(
        self, kind: Kind[Any, Any], query: Select[Any], given: Mapping[str, object] | None = None
    ) -> tuple[list[Row[Any]], Standing]:
        """The rows that `query` finds, and how their kind stands at the same moment."""
        try:
            rows = await self._store.rows(query, given)
        except TROUBLE as exc:
            raise UpstreamUnreachable(SystemRole.ERP, f"projection of {kind.name}", str(exc.__cause__ or exc)) from exc
        first = rows[0]  # there is always one: the kind's own row, beside nothing if nothing is found
        return [row for row in rows if row.key is not None], Standing(first.as_of, first.failures)

    def _reading(self, kind: Kind[K, T], row: Row[Any], standing: Standing, max_age_s: float) -> Reading[T]:
        return self._dated(_decoded(kind, row), _oldest([row], standing), standing, max_age_s)

    def _dated(self, value: T, observed_at: float, standing: Standing, max_age_s: float) -> Reading[T]:
        """A reading of its age. Past its max age it is STALE_OK while a refresh may just be late, and STALE_DEGRADED
        when refreshes fail or stay away."""
        age_s = self._clock() - observed_at
        tier = FreshnessTier.FRESH
        if age_s > max_age_s:
            late = standing.failures == 0 and age_s <= OVERDUE_RATIO * max_age_s
            tier = FreshnessTier.STALE_OK if late else FreshnessTier.STALE_DEGRADED
        return Reading(value, SOURCE, tier, observed_at, max_age_s)


def _of(kind: Kind[Any, Any], wanted: Any, *more: Any, standing: Any = None) -> Select[Any]:
    """What is wanted of a kind, beside how the kind stands: always a row, and all of it from one moment."""
    table = kind.table
    as_of = refreshes.c.as_of if standing is None else standing
    columns = (as_of.label("as_of"), refreshes.c.failures, table.c.key, table.c.payload, table.c.observed_at)
    found = refreshes.outerjoin(table, and_(wanted, table.c.removed == false()))
    return select(*columns, *more).select_from(found).where(refreshes.c.kind == kind.name)


@cache
def _everything(kind: Kind[Any, Any]) -> Select[Any]:
    return _of(kind, kind.table.c.key.is_not(None))


@cache
def _shelves_and_networks(*, shelves: bool, skus: bool) -> Select[Any]:
    ships = select(locations.c.key).where(locations.c.ships, locations.c.removed == false())
    in_network = positions.c.location_id.in_(ships)
    if not skus:
        return _of(POSITIONS, positions.c.key.in_(_KEYS), positions.c.sku, false().label("in_network"))
    sums = positions.c.sku.in_(_SKUS) & in_network
    wanted = or_(positions.c.key.in_(_KEYS), sums) if shelves else sums
    # A sum is known when both the positions and the places that ship are: as long as one is null, so is this.
    both = refreshes.alias()
    places_as_of = select(both.c.as_of).where(both.c.kind == LOCATIONS.name).scalar_subquery()
    standing = refreshes.c.as_of + 0 * places_as_of
    return _of(POSITIONS, wanted, positions.c.sku, in_network.label("in_network"), standing=standing)


def _refuse_unknown(kind: Kind[Any, Any], standing: Standing, *, known: bool) -> None:
    if standing.as_of is None and not known:
        raise ProjectionCold(SystemRole.ERP, kind.name)


def _oldest(rows: Sequence[Row[Any]], standing: Standing) -> float:
    """When the oldest of `rows` was last known to be true: what no refresh since has changed was true then too."""
    observed_at = min((row.observed_at for row in rows), default=standing.as_of or 0.0)
    return observed_at if standing.as_of is None else max(observed_at, standing.as_of)


def _decoded(kind: Kind[Any, T], row: Row[Any]) -> T:
    try:
        return kind.decode(row.payload)
    except msgspec.DecodeError as exc:
        raise UpstreamGarbled(SystemRole.ERP, f"projection of {kind.name}", f"{row.key}: {exc}") from exc


def _parts(keys: Collection[K]) -> list[tuple[K, ...]]:
    rest = iter(keys)
    return [tuple(islice(rest, KEYS_MAX)) for _ in range(0, len(keys), KEYS_MAX)]
