"""Balances less what the gateway holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime

from domains.loyalty import KeptHold, LoyaltyBalance, is_open, less, points_in, spent_since
from domains.vocabulary import (
    EachByItself,
    Fetch,
    FreshnessTier,
    MembershipId,
    Reading,
    UpstreamError,
    freshest_within,
)

SKEW_S = 2.0
"""How far the engine's clock, which dates a balance, may be from ours, which dates what was spent."""

REMEMBERED_S = 600.0
"""What was spent longer ago is in nearly every balance: the last known one is kept for two minutes, unless the settings
keep it for longer."""

Balances = Mapping[MembershipId, Reading[LoyaltyBalance] | UpstreamError]
InPlay = Callable[[Collection[MembershipId], float], Awaitable[Mapping[MembershipId, tuple[KeptHold, ...]]]]


class NetOfHolds:
    """A Fetch of the balances of `source`, less the open holds of each membership.

    The holds are read before the balances. So one that is spent at this moment may count twice, and none is left out.
    A balance that was remembered from before a hold was spent is asked for again; where it cannot be had, the points
    are taken off what was remembered.
    """

    def __init__(
        self,
        source: Fetch[MembershipId, LoyaltyBalance],
        in_play: InPlay,
        clock: Callable[[], datetime],
    ) -> None:
        self._source = source
        self._in_play = in_play
        self._clock = clock

    async def __call__(self, keys: frozenset[MembershipId], /) -> Mapping[MembershipId, Reading[LoyaltyBalance]]:
        """The balances. Raises UpstreamError as the source does, and where the holds cannot be read."""
        found: dict[MembershipId, Reading[LoyaltyBalance]] = {}
        for key, outcome in (await self.outcomes(keys)).items():
            if isinstance(outcome, UpstreamError):
                raise outcome.with_traceback(None)  # it may be raised again for another caller
            found[key] = outcome
        return found

    async def outcomes(self, keys: frozenset[MembershipId], /) -> Balances:
        """The same key by key."""
        now = self._clock()
        since = now.timestamp() - REMEMBERED_S
        try:
            holds = await self._in_play(keys, since)
            told = await self._told(keys)
            old = {key: one for key, one in told.items() if isinstance(one, Reading) and _known_at(one) < since}
            if old:
                holds = {**holds, **await self._in_play(old, min(map(_known_at, old.values())))}
        except UpstreamError as error:
            return dict.fromkeys(keys, error)
        behind = frozenset(key for key, one in told.items() if _perhaps_behind(one, holds.get(key, ())))
        if behind:
            with freshest_within(0):
                told = {**told, **await self._told(behind)}
        return {key: _net(one, holds.get(key, ()), now) for key, one in told.items()}

    async def _told(self, keys: frozenset[MembershipId]) -> Balances:
        if isinstance(self._source, EachByItself):
            return await self._source.outcomes(keys)
        try:
            return await self._source(keys)
        except UpstreamError as error:
            return dict.fromkeys(keys, error)


def _net(
    one: Reading[LoyaltyBalance] | UpstreamError, holds: tuple[KeptHold, ...], now: datetime
) -> Reading[LoyaltyBalance] | UpstreamError:
    if isinstance(one, UpstreamError) or not holds:
        return one
    held = points_in(kept for kept in holds if is_open(kept, now))
    net = less(one.value, held, points_in(_spent_since(one, holds)))
    return Reading(net, one.source, one.tier, one.observed_at, one.max_age_s)


def _spent_since(one: Reading[LoyaltyBalance] | UpstreamError, holds: tuple[KeptHold, ...]) -> list[KeptHold]:
    """The holds whose points may still be in the balance. One that is LIVE by now was asked for after the holds were
    read, or is newer than all that was spent: it shows them all."""
    return [] if isinstance(one, Reading) and one.tier is FreshnessTier.LIVE else _perhaps_behind(one, holds)


def _perhaps_behind(one: Reading[LoyaltyBalance] | UpstreamError, holds: tuple[KeptHold, ...]) -> list[KeptHold]:
    """The holds that were perhaps spent after the balance was read: a LIVE one may answer somebody else's question,
    which was under way before the holds were read."""
    if isinstance(one, UpstreamError):
        return []
    return [kept for kept in holds if spent_since(kept, _known_at(one))]


def _known_at(one: Reading[LoyaltyBalance]) -> float:
    """The balance has what was spent before this, by any clock."""
    return one.observed_at - SKEW_S
