"""What the answer to one request was made of: how old it is, place by place and as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domains.vocabulary import FreshnessTier, Reading, TooStale
from resolvers.reading import Made

PLACES_MAX = 100
"""Places told one by one. No screen has more fields that read a system; what has counts in the whole alone."""

_RANK = {tier: rank for rank, tier in enumerate(FreshnessTier)}  # the enumeration lists the best first


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How fresh a whole answer is: the worst of what it was made of.

    `age_s` is the age of its oldest part. `max_age_s` is the age at which its first part is no longer fresh, so the
    answer stays fresh for `max_age_s - age_s` seconds; where it is stale already, `max_age_s` is the smaller.
    """

    tier: FreshnessTier
    age_s: int
    max_age_s: int
    places: Mapping[str, FreshnessTier]


class Provenance:
    """Hears of every Reading that enters an answer, and turns away those that are older than was asked for.

    `now` is the instant at which the request stands, in seconds since the epoch. `asked` holds the identities of the
    Fetches that were asked, `missed` whether one of them did not know a key. `replayed` holds the places whose write
    was carried out before, and when it was answered first, in seconds since the epoch.
    """

    def __init__(self, now: float) -> None:
        self.asked: set[int] = set()
        self.missed = False
        self.replayed: dict[str, float] = {}
        self._now = now
        self._tier = FreshnessTier.LIVE
        self._observed_at = float("inf")
        self._expires_at = float("inf")
        self._places: dict[str, FreshnessTier] = {}

    def tell(self, place: str, values: Iterable[Any], *, within_s: int | None, whole: bool) -> list[Any]:
        """Hear of the `values` of a field at `place`, and answer what to show instead of each.

        What is more than `within_s` old becomes a TooStale; a list that is nothing else does so once, if the field may
        fail as a `whole`.
        """
        heard = _Heard(self._now, within_s, whole=whole)
        shown = heard.all(values)
        if heard.tier is not None:
            self._tier = _worse(self._tier, heard.tier)
            self._observed_at = min(self._observed_at, heard.observed_at)
            self._expires_at = min(self._expires_at, heard.expires_at)
            before = self._places.get(place)
            if before is not None or len(self._places) < PLACES_MAX:
                self._places[place] = heard.tier if before is None else _worse(before, heard.tier)
        return shown

    def lifetime(self) -> Lifetime | None:
        """Of everything heard so far; None when that is nothing."""
        if self._observed_at == float("inf"):
            return None
        observed_at = min(self._observed_at, self._now)
        return Lifetime(
            tier=self._tier,
            age_s=int(self._now - observed_at),
            # Seconds since the epoch leave a few digits behind the point: 5 s must not come out as 4.9999998.
            max_age_s=max(0, int(round(self._expires_at - observed_at, 3))),
            places=dict(self._places),
        )

    def extensions(self) -> dict[str, object]:
        """What clients read of it in `extensions` of their response; nothing when nothing was read or replayed."""
        replayed: dict[str, object] = {"replayed": list(self.replayed)} if self.replayed else {}
        lifetime = self.lifetime()
        if lifetime is None:
            return replayed
        freshness = {
            "tier": lifetime.tier.value,
            "ageSeconds": lifetime.age_s,
            "maxAgeSeconds": lifetime.max_age_s,
            "paths": {place: tier.value for place, tier in lifetime.places.items()},
        }
        return {"freshness": freshness} | replayed


class _Heard:
    """The worst of the readings in the values of one field."""

    def __init__(self, now: float, within_s: int | None, *, whole: bool) -> None:
        self.tier: FreshnessTier | None = None
        self.observed_at = float("inf")
        self.expires_at = float("inf")
        self._now = now
        self._within_s = within_s
        self._whole = whole

    def all(self, values: Iterable[Any]) -> list[Any]:
        """What to show instead of each of `values`."""
        if self._within_s is not None:
            return [self.value(value) for value in values]
        # Nothing is too old, so what is shown is what came: half the time of looking at each.
        shown: list[Any] = []
        for value in values:
            if type(value) is Reading:
                self._hear(value)
            elif type(value) is list:
                value = self.all(value)  # noqa: PLW2901 - the list as it is shown
            elif type(value) is Made:
                for reading in value.of:
                    self._hear(reading)
                value = value.value  # noqa: PLW2901 - likewise
            shown.append(value)
        return shown

    def value(self, value: Any) -> Any:
        if type(value) is Reading:
            return self._fault(value) or value
        if type(value) is list:
            items = [self.value(item) for item in value]
            together = self._whole and items and all(type(item) is TooStale for item in items)
            return items[0] if together else items
        if type(value) is Made:
            faults = [fault for reading in value.of if (fault := self._fault(reading))]
            return faults[0] if faults else value.value
        return value

    def _fault(self, reading: Reading[Any]) -> TooStale | None:
        # In whole seconds, as `Freshness.ageSeconds` has it: a system's clock a blink behind ours is not an age.
        if self._within_s is not None and (age_s := int(self._now - reading.observed_at)) > self._within_s:
            return TooStale(reading.source, age_s=age_s, max_stale_s=self._within_s)
        self._hear(reading)
        return None

    def _hear(self, reading: Reading[Any]) -> None:
        observed_at = reading.observed_at
        expires_at = observed_at + reading.max_age_s
        if reading.tier is not self.tier:
            self.tier = reading.tier if self.tier is None else _worse(self.tier, reading.tier)
        self.observed_at = min(self.observed_at, observed_at)
        self.expires_at = min(self.expires_at, expires_at)


def _worse(one: FreshnessTier, other: FreshnessTier) -> FreshnessTier:
    return one if _RANK[one] >= _RANK[other] else other
