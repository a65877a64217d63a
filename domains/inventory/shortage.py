"""What a buyer is told when the stock is not what they hoped for: the figures of now."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from domains.inventory.availability import promise
from domains.inventory.basket import LineAsk, LineAvailability, answer_line
from domains.inventory.model import Availability, StockKey
from domains.inventory.port import Inventory
from domains.inventory.promised_lines import BoundLine, summed
from domains.inventory.refusals import (
    InsufficientStock,
    PromiseChanged,
    PromiseChangeReason,
    PromiseDifference,
)
from domains.vocabulary import Reading, Refusal, UpstreamError, freshest_within

_WHY = {
    PromiseChangeReason.STOCK_GONE: "the stock has gone",
    PromiseChangeReason.EXPIRED: "the promise has expired",
    PromiseChangeReason.INVALID: "the promise is not one of ours",
    PromiseChangeReason.DOES_NOT_FIT: "the promise is of another item or place, or was given to others",
    PromiseChangeReason.EXCEEDED: "more is asked for than was promised",
}


async def changed(inventory: Inventory, differences: Sequence[PromiseDifference]) -> PromiseChanged:
    """The refusal for promises that cannot be kept, with what there is now where that can be read."""
    figures = await _figures(inventory, [StockKey(one.sku, one.location_id) for one in differences])
    told = tuple(
        replace(one, available=_available(figures.get(StockKey(one.sku, one.location_id)))) for one in differences
    )
    return _changed(told)


async def shortage(inventory: Inventory, lines: Sequence[BoundLine]) -> Refusal:
    """The refusal for a basket that the OMS cannot give: promises that are broken, else the lines that fell short."""
    asked = summed(lines)
    figures = await _figures(inventory, asked)
    short = {key for key, quantity in asked.items() if not _gives(figures.get(key), quantity)}
    # A promise stands while there is enough for the lines that came with one; what others add to them was not promised.
    promised = summed([line for line in lines if line.promised is not None])
    unkept = {key for key, quantity in promised.items() if not _gives(figures.get(key), quantity)}
    broken = tuple(
        PromiseDifference(
            line=line.place,
            sku=line.key.sku,
            location_id=line.key.location_id,
            promised=line.promised,
            available=_available(figures.get(line.key)),
            reason=PromiseChangeReason.STOCK_GONE,
        )
        for line in lines
        if line.promised is not None and line.key in unkept
    )
    if broken:
        return _changed(broken)
    told = tuple(_line(key, quantity, figures.get(key)) for key, quantity in asked.items() if not short or key in short)
    skus = ", ".join(dict.fromkeys(line.sku for line in told))
    advice = "Ask for less of it, or elsewhere." if short else "It may be back by now: try again."
    return InsufficientStock(
        message=f"There is not enough of {skus} for this basket, and nothing was reserved. {advice}",
        path=("input", "lines"),
        retryable=not short,
        lines=told,
    )


async def _figures(inventory: Inventory, keys: Iterable[StockKey]) -> Mapping[StockKey, Reading[Availability]]:
    try:
        with freshest_within(0):  # what a cache remembers is what the basket was filled by
            found = await inventory.stock(frozenset(keys))
    except UpstreamError:
        return {}  # the refusal stands without them
    return {key: promise(reading, None) for key, reading in found.items()}


def _line(key: StockKey, quantity: Decimal, figure: Reading[Availability] | None) -> LineAvailability:
    return answer_line(LineAsk(key.sku, quantity), [] if figure is None else [figure])


def _available(figure: Reading[Availability] | None) -> Decimal | None:
    return None if figure is None else figure.value.available_to_promise


def _gives(figure: Reading[Availability] | None, quantity: Decimal) -> bool:
    available = _available(figure)
    return available is not None and available >= quantity


def _changed(differences: tuple[PromiseDifference, ...]) -> PromiseChanged:
    first = differences[0]
    return PromiseChanged(
        message=(
            f"Nothing was reserved: for {first.sku} {_WHY[first.reason]}. Look at what is available now, and send the "
            "line with a new promise or with none."
        ),
        path=("input", "lines", str(first.line), "promiseToken"),
        differences=differences,
    )
