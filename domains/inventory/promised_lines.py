"""What a basket's promise tokens say of its lines: where each is reserved, and what cannot stand as it was promised."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domains.inventory.model import StockKey
from domains.inventory.promise_token import PromiseClaims, TokenFault
from domains.inventory.promises import Promises
from domains.inventory.refusals import PromiseChangeReason, PromiseDifference
from domains.vocabulary import LocationId, Record, Sku


class ReserveLine(Record, frozen=True, kw_only=True):
    """`quantity` of a product at a location; without one where its promise says, or wherever the OMS finds it."""

    sku: Sku
    quantity: Decimal
    location_id: LocationId | None = None
    promise_token: str | None = None


class BoundLine(NamedTuple):
    """A line and where it is to be reserved. `promised` is None for a line without a promise."""

    place: int
    key: StockKey
    quantity: Decimal
    promised: Decimal | None = None


def bound_lines(
    lines: Sequence[ReserveLine], audience: str, promises: Promises, now: datetime
) -> tuple[tuple[BoundLine, ...], tuple[PromiseDifference, ...]]:
    """The lines, each bound to where its token says, and the promises that cannot be kept whatever the stock.

    Lines that share an item take from the same shelf, so together they may not ask for more than was promised; two
    tokens of one item promise the same goods twice, and the larger one counts.
    """
    bound: list[BoundLine] = []
    differences: list[PromiseDifference] = []
    for place, line in enumerate(lines):
        claims = None if line.promise_token is None else promises.verify(line.promise_token, now)
        if isinstance(claims, PromiseClaims):
            difference = _misfit(place, line, claims, audience)
            bound.append(BoundLine(place, StockKey(line.sku, claims.location_id), line.quantity, claims.quantity))
        else:
            difference = None if claims is None else _silent(place, line, claims)
            bound.append(BoundLine(place, StockKey(line.sku, line.location_id), line.quantity))
        if difference is not None:
            differences.append(difference)
    return tuple(bound), tuple(differences) or _exceeded(bound)


def summed(lines: Sequence[BoundLine]) -> Mapping[StockKey, Decimal]:
    """How much is asked for of each item at each place, in the order of the lines."""
    asked: dict[StockKey, Decimal] = {}
    for line in lines:
        asked[line.key] = asked.get(line.key, Decimal(0)) + line.quantity
    return asked


def _misfit(place: int, line: ReserveLine, claims: PromiseClaims, audience: str) -> PromiseDifference | None:
    elsewhere = line.location_id is not None and line.location_id != claims.location_id
    if claims.sku == line.sku and claims.audience == audience and not elsewhere:
        return None
    return PromiseDifference(
        line=place,
        sku=line.sku,
        location_id=line.location_id,
        promised=None,  # it was promised of something else, or to somebody else
        reason=PromiseChangeReason.DOES_NOT_FIT,
    )


def _silent(place: int, line: ReserveLine, fault: TokenFault) -> PromiseDifference:
    expired = fault is TokenFault.EXPIRED
    return PromiseDifference(
        line=place,
        sku=line.sku,
        location_id=line.location_id,
        promised=None,
        reason=PromiseChangeReason.EXPIRED if expired else PromiseChangeReason.INVALID,
    )


def _exceeded(bound: Sequence[BoundLine]) -> tuple[PromiseDifference, ...]:
    asked: defaultdict[StockKey, Decimal] = defaultdict(Decimal)
    most: dict[StockKey, Decimal] = {}
    for line in bound:
        if line.promised is not None:
            asked[line.key] += line.quantity
            most[line.key] = max(most.get(line.key, Decimal(0)), line.promised)
    return tuple(
        PromiseDifference(
            line=line.place,
            sku=line.key.sku,
            location_id=line.key.location_id,
            promised=line.promised,
            reason=PromiseChangeReason.EXCEEDED,
        )
        for line in bound
        if line.promised is not None and asked[line.key] > most[line.key]
    )
