"""The retailer in a mood: what it answers for a key, and whether it does, depends on the key and the mood alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from zlib import crc32

from domains.vocabulary import FreshnessTier, InvalidInput, Reading, SystemRole, UpstreamError, UpstreamTimeout
from resolvers.context import Caller, Context, Retail
from tests.gateway.engine.compiled.both import slowly
from tests.resolvers.fakes import Fake, reading
from tests.resolvers.goods import NOW
from tests.resolvers.world import ASSOCIATE, World

CALM = 0


class Moody:
    """A Fetch over a Fake: of some keys it knows nothing, some fail, some are old or out of a cache, and some Fetches
    are slow or fail whole; some have some answers at hand. Which ones is the same however keys are brought together."""

    def __init__(self, fake: Fake[Any, Any], name: str, mood: int) -> None:
        self.fake = fake
        self.name = name
        self.mood = mood

    async def __call__(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
        return {key: one for key, one in (await self.outcomes(keys)).items() if isinstance(one, Reading)}

    def at_hand(self, keys: Collection[Any], /) -> Mapping[Any, Reading[Any] | None]:
        if self.mood == CALM or self._dice("at hand") % 2:
            return {}
        answers = {key: self.fake.answer(key) for key in keys if self._dice(f"at hand {key!r}") % 3}
        near = {key: one and self._outcome(key, reading(one)) for key, one in answers.items()}
        return {key: one for key, one in near.items() if not isinstance(one, UpstreamError)}

    def at_once(self, keys: Sequence[Any], /) -> list[Reading[Any]] | None:
        near = self.at_hand(keys)
        found = [near.get(key) for key in keys]
        return None if None in found or self._dice("at once") % 2 else [one for one in found if one is not None]

    async def outcomes(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[Any] | UpstreamError]:
        whole = self._dice("")
        await slowly(whole % 4)
        found = await self.fake(keys)
        if self.mood == CALM:
            return found
        if whole % 11 == 0:
            raise UpstreamTimeout(SystemRole.OMS, self.name)
        if whole % 23 == 0:
            raise InvalidInput(f"{self.name} does not like this", ("mood",))
        outcomes = {key: self._outcome(key, one) for key, one in found.items()}
        return {key: one for key, one in outcomes.items() if one is not None}

    def _outcome(self, key: Any, found: Reading[Any]) -> Reading[Any] | UpstreamError | None:
        dice = self._dice(repr(key)) % 12
        if dice == 0:
            return None
        if dice == 1:
            return UpstreamTimeout(SystemRole.ERP, f"{self.name} {key}")
        if dice < 5:
            return Reading(found.value, found.source, FreshnessTier.STALE_OK, found.observed_at - dice * 100, 60.0)
        if dice < 9:
            return Reading(found.value, found.source, FreshnessTier.FRESH, found.observed_at - dice, 60.0)
        return found

    def _dice(self, what: str) -> int:
        return crc32(f"{self.mood}{self.name}{what}".encode())


def moody(world: World, mood: int) -> Retail:
    """The retailer of `world` in a `mood`."""
    retail = world.retail()
    for slice_ in Retail.__dataclass_fields__:
        port = getattr(retail, slice_)
        fakes = {name: fake for name, fake in vars(port).items() if isinstance(fake, Fake)}
        changed = {name: Moody(fake, f"{slice_}.{name}", mood) for name, fake in fakes.items()}
        retail = replace(retail, **{slice_: replace(port, **changed)})
    return retail


def context(mood: int, caller: Caller = ASSOCIATE, world: World | None = None) -> Context:
    """A request to a retailer of its own, so that no other request can have changed it; or to that of `world`."""
    return Context.open(caller, moody(world or World(), mood), NOW)


def unchanging(world: World) -> World:
    """The same, but what is known of a key is always the same record, as that of a cache is."""
    retail = world.retail()
    for slice_ in Retail.__dataclass_fields__:
        for fake in vars(getattr(retail, slice_)).values():
            if isinstance(fake, Fake) and callable(fake.answers):
                fake.answers = cache(fake.answers)
    return world


def calls(of: Context) -> dict[str, int]:
    """How often each Fetch was asked."""
    ports = [getattr(of.retail, slice_) for slice_ in Retail.__dataclass_fields__]
    found = [one for port in ports for one in vars(port).values() if isinstance(one, Moody)]
    return {one.name: len(one.fake.calls) for one in found}


def heard(of: Context) -> dict[str, Any]:
    """What clients read of the freshness of an answer, with its places in no order."""
    provenance = of.loaders.provenance
    return {"missed": provenance.missed, "asked": len(provenance.asked), **provenance.extensions()}
