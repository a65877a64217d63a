"""What the answer to one request was made of: how old it is, place by place and as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import msgspec
from msgspec.structs import replace

from domains.vocabulary import FreshnessTier, Reading, Row, Rows, TooStale
from resolvers.reading import Made

PLACES_MAX = 100
"""Places told one by one. No screen has more fields that read a system; what has counts in the whole alone."""

AGE_SAID_S = 1.0
"""An answer that says in its data how old it is says so in whole seconds."""

_SAID = {tier: tier.value for tier in FreshnessTier}  # what an enumeration says of itself takes ten times as long
_RANK = {tier: rank for rank, tier in enumerate(FreshnessTier)}  # the enumeration lists the best first


# A struct, which is made in a fifth of the time of a frozen dataclass: there is one for each answer.
class Lifetime(msgspec.Struct, frozen=True):
    """How fresh a whole answer is: the worst of what it was made of.

    `age_s` is the age of its oldest part. `max_age_s` is the age at which its first part is no longer fresh, so the
    answer stays fresh for `max_age_s - age_s` seconds; where it is stale already, `max_age_s` is the smaller.

    `observed_at`, in seconds since the epoch, is when the oldest part was known. Until `good_until` whoever asks the
    same may be given the same: all of it is fresh, as young as any @maxStale in it wants, and what its data says of
    ages is not off by a second.
    """

    tier: FreshnessTier
    age_s: int
    max_age_s: int
    places: Mapping[str, FreshnessTier]
    observed_at: float
    good_until: float

    def later(self, now: float) -> Lifetime:
        """Of the same answer when it is given again: older, and nothing in it was asked for just now."""
        places = {place: _again(tier) for place, tier in self.places.items()}
        age_s = max(self.age_s, int(now - self.observed_at))
        return replace(self, tier=_again(self.tier), age_s=age_s, places=places)

    def told(self) -> dict[str, object]:
        """What clients read of it in `extensions` of their response."""
        return _told(self.tier, self.age_s, self.max_age_s, self.places)


class Provenance:
    """Hears of every Reading that enters an answer, and turns away those that are older than was asked for.

    `now` is the instant at which the request stands, in seconds since the epoch. `asked` holds the identities of the
    Fetches that were asked, `missed` whether one of them did not know a key, `waited` whether one of them could not
    answer at once. `replayed` holds the places whose write was carried out before, and when it was answered first, in
    seconds since the epoch. `says_age` is set by whatever puts an age into the data itself.
    """

    def __init__(self, now: float) -> None:
        self.asked: set[int] = set()
        self.missed = False
        self.waited = False
        self.says_age = False
        self.replayed: dict[str, float] = {}
        self._now = now
        self._tier = FreshnessTier.LIVE
        self._observed_at = inf
        self._expires_at = inf
        self._good_until = inf
        self._places: dict[str, FreshnessTier] = {}

    def one(self, place: str, value: Any, *, within_s: int | None) -> Any:
        """As `tell`, of a field that has one value alone; most of these are a Reading, and need no list around it."""
        if within_s is None:
            if type(value) is Reading:
                seen_at = value.observed_at
                self._count(place, value.tier, seen_at, seen_at + value.max_age_s, None)
                return value
            if type(value) is Row:
                self._count(place, FreshnessTier.FRESH, value.observed_at, value.fresh_until, None)
                return value
        return self.tell(place, [value], within_s=within_s, whole=False)[0]

    def tell(self, place: str, values: Sequence[Any], *, within_s: int | None, whole: bool) -> Sequence[Any]:
        """Hear of the `values` of a field at `place`, and answer what to show instead of each.

        What is more than `within_s` old becomes a TooStale; a list that is nothing else does so once, if the field may
        fail as a `whole`.
        """
        if within_s is None and type(values) is Rows:
            self._count(place, FreshnessTier.FRESH, values.observed_at, values.fresh_until, None)
            return values
        readings: list[Reading[Any]] = []
        if within_s is None:
            # Nothing is too old, so what is shown is what came: a quarter of the time of looking at each.
            shown = _shown(values, readings)
        else:
            young = _Young(self._now, within_s, readings, whole=whole)
            shown = [young.value(value) for value in values]
        if readings:
            self._hear(place, readings, within_s)
        return shown

    def _hear(self, place: str, readings: list[Reading[Any]], within_s: int | None) -> None:
        tier, observed_at, expires_at = readings[0].tier, inf, inf
        for reading in readings:
            seen_at = reading.observed_at
            if seen_at < observed_at:  # noqa: PLR1730 - a call of `min` takes as long as all the rest
                observed_at = seen_at
            fresh_until = seen_at + reading.max_age_s
            if fresh_until < expires_at:  # noqa: PLR1730 - likewise
                expires_at = fresh_until
            if reading.tier is not tier:
                tier = _worse(tier, reading.tier)
        self._count(place, tier, observed_at, expires_at, within_s)

    def _count(
        self, place: str, tier: FreshnessTier, observed_at: float, expires_at: float, within_s: int | None
    ) -> None:
        if tier is not self._tier:
            self._tier = _worse(self._tier, tier)
        if observed_at < self._observed_at:  # noqa: PLR1730 - likewise
            self._observed_at = observed_at
        if expires_at < self._expires_at:  # noqa: PLR1730 - likewise
            self._expires_at = expires_at
        if within_s is not None:
            self._good_until = min(self._good_until, observed_at + within_s)
        places = self._places
        before = places.get(place)
        if before is not None:
            places[place] = _worse(before, tier)
        elif len(places) < PLACES_MAX:
            places[place] = tier

    def lifetime(self) -> Lifetime | None:
        """Of everything heard so far; None when that is nothing."""
        if self._observed_at == inf:
            return None
        observed_at, age_s, max_age_s = self._ages()
        return Lifetime(self._tier, age_s, max_age_s, dict(self._places), observed_at, self._until())

    def _ages(self) -> tuple[float, int, int]:
        """Since when the oldest part is known, how old it is, and until which age all of it is fresh."""
        observed_at = min(self._observed_at, self._now)
        # Seconds since the epoch leave a few digits behind the point: 5 s must not come out as 4.9999998.
        return observed_at, int(self._now - observed_at), max(0, int(self._expires_at - observed_at + 0.0005))

    def _until(self) -> float:
        if _RANK[self._tier] > _RANK[FreshnessTier.FRESH]:
            return (
                self._now
            )  # it is being refreshed, or its source is failing: who asks next may be told something newer
        return min(self._expires_at, self._good_until, self._now + AGE_SAID_S if self.says_age else inf)

    def extensions(self) -> dict[str, object]:
        """What clients read of it in `extensions` of their response; nothing when nothing was read or replayed."""
        told: dict[str, object] = {}
        if self._observed_at != inf:
            _, age_s, max_age_s = self._ages()
            told = _told(self._tier, age_s, max_age_s, self._places)
        if self.replayed:
            told["replayed"] = list(self.replayed)
        return told


class _Young:
    """What to show of values of which none may be more than `within_s` old, and the `readings` among what is shown."""

    __slots__ = ("_now", "_readings", "_whole", "_within_s")

    def __init__(self, now: float, within_s: int, readings: list[Reading[Any]], *, whole: bool) -> None:
        self._now = now
        self._within_s = within_s
        self._readings = readings
        self._whole = whole

    def value(self, value: Any) -> Any:
        if type(value) is Reading:
            return self._fault(value) or value
        if type(value) is list or type(value) is Row:
            items = [self.value(item) for item in value]
            together = self._whole and items and all(type(item) is TooStale for item in items)
            return items[0] if together else items
        if type(value) is Made:
            faults = [fault for reading in value.of if (fault := self._fault(reading))]
            return faults[0] if faults else value.value
        return value

    def _fault(self, reading: Reading[Any]) -> TooStale | None:
        # In whole seconds, as `Freshness.ageSeconds` has it: a system's clock a blink behind ours is not an age.
        if (age_s := int(self._now - reading.observed_at)) > self._within_s:
            return TooStale(reading.source, age_s=age_s, max_stale_s=self._within_s)
        self._readings.append(reading)
        return None


def _shown(values: Sequence[Any], readings: list[Reading[Any]]) -> list[Any]:
    """What `values` show, and all readings in them added to `readings`."""
    shown: list[Any] = []
    for value in values:
        kind = type(value)
        if kind is Reading:
            readings.append(value)
        elif kind is Row:
            readings += value
        elif kind is list:
            for item in value:
                if type(item) is not Reading:
                    value = _shown(value, readings)  # noqa: PLW2901 - the list as it is shown
                    break
            else:
                readings += value
        elif kind is Made:
            readings += value.of
            value = value.value  # noqa: PLW2901 - likewise
        shown.append(value)
    return shown


def _told(tier: FreshnessTier, age_s: int, max_age_s: int, places: Mapping[str, FreshnessTier]) -> dict[str, object]:
    paths = {place: _SAID[tier] for place, tier in places.items()}
    return {"freshness": {"tier": _SAID[tier], "ageSeconds": age_s, "maxAgeSeconds": max_age_s, "paths": paths}}


def _again(tier: FreshnessTier) -> FreshnessTier:
    return FreshnessTier.FRESH if tier is FreshnessTier.LIVE else tier


def _worse(one: FreshnessTier, other: FreshnessTier) -> FreshnessTier:
    return one if _RANK[one] >= _RANK[other] else other
