"""One CRM for each region: a customer's data is read where it lives, and written there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Generic, TypeVar

from domains.connectors.roles import CrmPorts
from domains.customers import Customers, CustomerWrites, HistoryEntry, HistoryNote
from domains.upstream import Wire
from domains.vocabulary import (
    CustomerId,
    EachByItself,
    Fetch,
    IdempotencyKey,
    Reading,
    RegionNotServed,
    SystemRole,
    UpstreamError,
)
from gateway.identity import residency
from gateway.settings import Settings
from gateway.wiring.vendors import CRMS, joined
from gateway.wiring.wires import wire_to

K = TypeVar("K")
T = TypeVar("T")
Outcomes = Mapping[K, Reading[T] | UpstreamError]


def wires_abroad(settings: Settings, stack: AsyncExitStack) -> dict[str, Wire]:
    """One to the CRM of each region but the home one's, open until `stack` ends: none is shut because another fails."""
    return {name: wire_to(SystemRole.CRM, system, stack) for name, system in settings.systems.crm.regions.items()}


def crms_abroad(settings: Settings, wires: Mapping[str, Wire]) -> dict[str, CrmPorts]:
    """The CRM of each region, over its Wire. Raises SettingsError for a vendor that nobody wrote."""
    regions = settings.systems.crm.regions
    return {name: joined(CRMS, regions[name], ("crm", "regions", name), wire) for name, wire in wires.items()}


def by_region(home: Customers, own_region: str | None, regions: Mapping[str, Customers]) -> Customers:
    """The same customers, each asked for where the request's residency says. `home` is the CRM of `own_region`, and of
    all who have none."""
    if not regions and own_region is None:
        return home  # one for everybody, whatever a credential says

    def split(pick: Callable[[Customers], Fetch[K, T]], capability: str) -> Fetch[K, T]:
        return ByRegion(pick(home), own_region, {name: pick(one) for name, one in regions.items()}, capability)

    return replace(
        home,
        by_id=split(lambda customers: customers.by_id, "customers"),
        resolve=split(lambda customers: customers.resolve, "identities"),
    )


class ByRegion(Generic[K, T]):
    """A Fetch that asks the CRM of the request's region, and no other; everywhere, home first and then the others.

    It stands above the caches: what one region said is remembered apart from what another did, and their failures are
    apart too.
    """

    def __init__(
        self, home: Fetch[K, T], own_region: str | None, regions: Mapping[str, Fetch[K, T]], capability: str
    ) -> None:
        self._home = home
        self._regions = dict(regions)
        self._capability = capability
        if own_region is not None:
            self._named = {**self._regions, own_region: home}
        else:
            self._named = self._regions

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        """What is known of the keys. Raises UpstreamError when it is not known of one whether there is such a thing."""
        found: dict[K, Reading[T]] = {}
        for key, outcome in (await self.outcomes(keys)).items():
            if isinstance(outcome, UpstreamError):
                raise outcome.with_traceback(None)
            found[key] = outcome
        return found

    async def outcomes(self, keys: frozenset[K], /) -> Outcomes[K, T]:
        """As `__call__`, key by key. Raises RegionNotServed for a region that no CRM is of."""
        wanted = residency.get()
        if wanted.everywhere:
            return await _anywhere(self._home, tuple(self._regions.values()), keys)
        source = self._home if wanted.region is None else self._named.get(wanted.region)
        if source is None:
            raise RegionNotServed(SystemRole.CRM, self._capability, f"no CRM is of the region {wanted.region!r}")
        return await _outcomes(source, keys)


def written_by_region(home: CrmPorts, regions: Mapping[str, CrmPorts]) -> CrmPorts:
    """The CRM as slow writes see it: a customer's history is read and written where their profile is.

    They are looked for by their id alone, which says nothing to who does not know it; what is to be written is shown
    to no CRM but their own. Of a customer whom nobody knows, home says so.
    """
    if not regions:
        return home
    others = tuple(regions.values())

    async def at(customer_id: CustomerId) -> CrmPorts:
        key = frozenset({customer_id})
        said = [(home, (await _outcomes(home.profiles, key)).get(customer_id))]
        if not isinstance(said[0][1], Reading):
            answers = await asyncio.gather(*(_outcomes(one.profiles, key) for one in others))
            said += [(one, answer.get(customer_id)) for one, answer in zip(others, answers, strict=True)]
        for crm, found in said:
            if isinstance(found, Reading):
                return crm
        for _, failure in said:
            if isinstance(failure, UpstreamError):
                raise failure
        return home

    async def note(line: HistoryNote, key: IdempotencyKey) -> HistoryEntry:
        crm = await at(line.customer_id)
        return await crm.customer_writes.note(line, key)

    async def history(keys: frozenset[CustomerId], /) -> Mapping[CustomerId, Reading[tuple[HistoryEntry, ...]]]:
        asked = sorted(keys)
        places = await asyncio.gather(*(at(customer_id) for customer_id in asked))
        found = await asyncio.gather(
            *(
                crm.customer_writes.history(frozenset({customer_id}))
                for crm, customer_id in zip(places, asked, strict=True)
            )
        )
        return {customer_id: entries for one in found for customer_id, entries in one.items()}

    return replace(home, customer_writes=CustomerWrites(note=note, history=history))


async def _anywhere(home: Fetch[K, T], others: tuple[Fetch[K, T], ...], keys: frozenset[K]) -> Outcomes[K, T]:
    """Where a key is known, that; else the failure of the first who could not say; else nothing."""
    found: dict[K, Reading[T] | UpstreamError] = dict(await _outcomes(home, keys))
    rest = frozenset(key for key in keys if not isinstance(found.get(key), Reading))
    if not rest:
        return found
    for answer in await asyncio.gather(*(_outcomes(other, rest) for other in others)):
        for key, outcome in answer.items():
            if isinstance(outcome, Reading) and not isinstance(found.get(key), Reading):
                found[key] = outcome
            else:
                found.setdefault(key, outcome)
    return found


async def _outcomes(fetch: Fetch[K, T], keys: frozenset[K]) -> Outcomes[K, T]:
    """What `fetch` answers key by key; where it cannot tell keys apart, its failure is that of each."""
    asked: Callable[[frozenset[K]], Awaitable[Outcomes[K, T]]] = (
        fetch.outcomes if isinstance(fetch, EachByItself) else fetch
    )
    try:
        return await asked(keys)
    except UpstreamError as error:
        return dict.fromkeys(keys, error)
