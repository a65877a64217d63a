"""Regional CRMs: who is asked for whom, and that nothing crosses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from cache import FreshnessPolicy, open_pantry
from domains.connectors.roles import CrmPorts
from domains.customers import Customer, Customers, CustomerWrites, HistoryEntry, HistoryNote
from domains.vocabulary import (
    CustomerId,
    FreshnessTier,
    IdempotencyKey,
    Reading,
    RegionNotServed,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
    UpstreamUnreachable,
)
from gateway.identity import Residency, residency, residency_of
from gateway.sections import Cache
from gateway.wiring.keeping import keep_abroad
from gateway.wiring.regions import ByRegion, by_region, written_by_region
from resolvers.context import Caller

EVERYWHERE = Residency(everywhere=True)
DOWN = UpstreamUnreachable(SystemRole.CRM, "customers", "nobody listens")


@dataclass
class Crm:
    """One region's: whom it knows, what it was asked, and what was written."""

    name: str
    knows: frozenset[str]
    error: UpstreamError | None = None
    asked: list[frozenset[str]] = field(default_factory=list)
    notes: list[HistoryNote] = field(default_factory=list)

    async def __call__(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[Customer]]:
        self.asked.append(keys)
        if self.error is not None:
            raise self.error
        return {
            key: Reading(
                Customer(id=CustomerId(key), display_name=self.name), "crm:test", FreshnessTier.LIVE, 1.0, 30.0
            )
            for key in keys & self.knows
        }

    async def note(self, line: HistoryNote, key: IdempotencyKey) -> HistoryEntry:
        if line.customer_id not in self.knows:
            raise UpstreamRejected(SystemRole.CRM, "history", status=404, reason="CUSTOMER_NOT_FOUND")
        self.notes.append(line)
        return HistoryEntry(
            id=key,
            customer_id=line.customer_id,
            kind=line.kind,
            about=line.about,
            text=line.text,
            occurred_at=line.occurred_at,
        )

    async def history(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[tuple[HistoryEntry, ...]]]:
        self.asked.append(keys)
        return {key: Reading((), f"crm:{self.name}", FreshnessTier.LIVE, 1.0, 30.0) for key in keys & self.knows}

    def customers(self) -> Customers:
        ask: Any = self
        return Customers(by_id=ask, resolve=ask, accounts=ask)

    def ports(self) -> CrmPorts:
        ask: Any = self
        return CrmPorts(
            profiles=ask, identities=ask, customer_writes=CustomerWrites(note=self.note, history=self.history)
        )


@dataclass
class Continents:
    us: Crm = field(default_factory=lambda: Crm("us", frozenset({"ada", "both"})))
    eu: Crm = field(default_factory=lambda: Crm("eu", frozenset({"bea", "both"})))
    asia: Crm = field(default_factory=lambda: Crm("asia", frozenset({"chi"})))

    def customers(self) -> Customers:
        regions = {"eu": self.eu.customers(), "asia": self.asia.customers()}
        return by_region(self.us.customers(), "us", regions)

    def ports(self) -> CrmPorts:
        return written_by_region(self.us.ports(), {"eu": self.eu.ports(), "asia": self.asia.ports()})

    def asked(self) -> dict[str, list[frozenset[str]]]:
        return {crm.name: crm.asked for crm in (self.us, self.eu, self.asia) if crm.asked}


@contextmanager
def living(where: Residency) -> Iterator[None]:
    token = residency.set(where)
    try:
        yield
    finally:
        residency.reset(token)


async def seen(world: Continents, where: Residency, *ids: str) -> dict[str, str]:
    """Who is found, with the region that said so, or the code of what failed."""
    fetch = world.customers().by_id
    assert isinstance(fetch, ByRegion)
    with living(where):
        found = await fetch.outcomes(frozenset(CustomerId(id_) for id_ in ids))
    return {
        key: outcome.code if isinstance(outcome, UpstreamError) else str(outcome.value.display_name)
        for key, outcome in found.items()
    }


@pytest.mark.parametrize(
    ("caller", "where"),
    [
        (Caller("a", "storefront", region="eu"), Residency("eu")),
        (Caller("a", "storefront"), Residency()),
        (Caller("a", "partner/acme"), Residency()),
        (Caller("a", "associate", region="eu"), Residency("eu")),
        (Caller("a", "associate"), EVERYWHERE),
        (Caller("a", "operations"), EVERYWHERE),
    ],
)
def test_a_caller_lives_where_the_credential_says(caller: Caller, where: Residency) -> None:
    """Only staff who are bound to no region look everywhere."""
    assert residency_of(caller) == where


@pytest.mark.parametrize(
    ("where", "found", "asked"),
    [
        (Residency("eu"), {"bea": "eu", "both": "eu"}, {"eu"}),
        (Residency("us"), {"ada": "us", "both": "us"}, {"us"}),
        (Residency(), {"ada": "us", "both": "us"}, {"us"}),
        (EVERYWHERE, {"ada": "us", "bea": "eu", "both": "us", "chi": "asia"}, {"us", "eu", "asia"}),
    ],
)
async def test_one_region_is_asked_and_no_other(where: Residency, found: dict[str, str], asked: set[str]) -> None:
    """What another region knows is not there; those who look everywhere ask home first."""
    world = Continents()
    assert await seen(world, where, "ada", "bea", "both", "chi", "dee") == found
    assert set(world.asked()) == asked


async def test_who_is_known_at_home_is_asked_for_nowhere_else() -> None:
    """The other regions hear of those alone whom home does not know, and not at all when there are none."""
    world = Continents()
    await seen(world, EVERYWHERE, "ada", "bea")
    assert world.asked() == {"us": [{"ada", "bea"}], "eu": [{"bea"}], "asia": [{"bea"}]}
    await seen(world, EVERYWHERE, "ada")
    assert len(world.eu.asked) == len(world.asia.asked) == 1


async def test_a_region_that_nobody_serves_is_refused_and_nobody_asked() -> None:
    """Neither home nor anybody else answers in its place."""
    world = Continents()
    fetch = world.customers().resolve
    with living(Residency("mars")), pytest.raises(RegionNotServed) as refused:
        await fetch(frozenset())
    assert not refused.value.retryable
    assert not refused.value.counts_against
    assert "mars" not in refused.value.public_message
    assert world.asked() == {}


async def test_a_named_home_serves_no_other_region() -> None:
    """One CRM that says whose it is does not answer for the others; one that does not answers for all."""
    lone = Crm("us", frozenset({"ada"}))
    with living(Residency("eu")):
        with pytest.raises(RegionNotServed):
            await by_region(lone.customers(), "us", {}).by_id(frozenset({CustomerId("ada")}))
        assert await by_region(lone.customers(), None, {}).by_id(frozenset({CustomerId("ada")}))


async def test_an_outage_stays_in_its_region() -> None:
    """With one region down the others answer; of whom only it may know, it is not known whether there is somebody."""
    world = Continents()
    world.eu.error = DOWN
    assert await seen(world, EVERYWHERE, "ada", "bea", "chi") == {
        "ada": "us",
        "bea": "UPSTREAM_UNREACHABLE",
        "chi": "asia",
    }
    assert await seen(world, Residency("us"), "ada") == {"ada": "us"}
    assert await seen(world, Residency("eu"), "bea") == {"bea": "UPSTREAM_UNREACHABLE"}
    away = Continents()
    away.us.error = DOWN
    assert await seen(away, EVERYWHERE, "ada", "bea") == {"ada": "UPSTREAM_UNREACHABLE", "bea": "eu"}
    with living(EVERYWHERE), pytest.raises(UpstreamUnreachable):
        await away.customers().by_id(frozenset({CustomerId("ada"), CustomerId("bea")}))


async def test_what_one_region_said_is_remembered_for_it_alone() -> None:
    """Each region has shelves of its own in the cache, so the same id has two answers, and one is asked once."""
    world = Continents()
    policy = FreshnessPolicy(fresh_s=30.0)
    async with open_pantry(memory_max_bytes=1 << 20) as pantry:
        home = world.us.customers()
        kept: Any = pantry.cached(home.by_id, policy, name="customers.by_id", kind=Customer, system=SystemRole.CRM)
        home = Customers(by_id=kept, resolve=home.resolve, accounts=home.accounts)
        owned = keep_abroad({"eu": world.eu.customers()}, pantry, Cache())
        customers = by_region(home, "us", owned)
        for where, name in (("us", "us"), ("eu", "eu"), ("us", "us"), ("eu", "eu")):
            with living(Residency(where)):
                found = await customers.by_id(frozenset({CustomerId("both")}))
            assert found[CustomerId("both")].value.display_name == name
        await pantry.forget("customers.by_id@eu", [CustomerId("both")])
    assert len(world.us.asked) == 1


def line(customer: str) -> HistoryNote:
    return HistoryNote(
        customer_id=CustomerId(customer),
        kind="order.submitted",
        about="Order:1",
        text="Bought a blue coat.",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(("customer", "at"), [("ada", "us"), ("bea", "eu"), ("chi", "asia"), ("both", "us")])
async def test_a_history_is_written_where_the_profile_is(customer: str, at: str) -> None:
    """The line is shown to that CRM alone, and read there again."""
    world = Continents()
    writes = world.ports().customer_writes
    await writes.note(line(customer), IdempotencyKey("k"))
    assert {crm.name: len(crm.notes) for crm in (world.us, world.eu, world.asia) if crm.notes} == {at: 1}
    (entries,) = (await writes.history(frozenset({CustomerId(customer)}))).values()
    assert entries.source == f"crm:{at}"


async def test_a_line_waits_while_its_region_may_be_down() -> None:
    """While one who may know the customer cannot be asked the step is tried again; whom nobody knows, home refuses."""
    world = Continents()
    writes = world.ports().customer_writes
    world.eu.error = DOWN
    with pytest.raises(UpstreamUnreachable):
        await writes.note(line("bea"), IdempotencyKey("k"))
    await writes.note(line("ada"), IdempotencyKey("k"))
    await writes.note(line("chi"), IdempotencyKey("k"))
    world.eu.error = None
    with pytest.raises(UpstreamRejected):
        await writes.note(line("dee"), IdempotencyKey("k"))
    assert (len(world.us.notes), len(world.eu.notes)) == (1, 0)


async def test_each_request_keeps_its_region_while_others_are_answered() -> None:
    """Side by side, tasks of two regions do not see each other's."""
    world = Continents()

    async def one(region: str) -> str:
        residency.set(Residency(region))
        await asyncio.sleep(0)
        (found,) = (await world.customers().by_id(frozenset({CustomerId("both")}))).values()
        return str(found.value.display_name)

    names = ["us", "eu"] * 10
    assert await asyncio.gather(*(asyncio.create_task(one(name)) for name in names)) == names
