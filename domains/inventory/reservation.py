"""Setting stock aside for a basket, and giving it back.

The OMS is the judge of both, and takes a basket whole or not at all. Stock is read only after it refused, to say why.
"""

from datetime import datetime

from domains.inventory.model import InventoryReservation, ReservationKind, ReservationLine, ReservationState
from domains.inventory.port import Inventory, ReservationDraft
from domains.inventory.promised_lines import ReserveLine, bound_lines, summed
from domains.inventory.refusals import IllegalReservationState, ReservationNotFound
from domains.inventory.shortage import changed, shortage
from domains.vocabulary import (
    IdempotencyKey,
    InvalidInput,
    Record,
    Refusal,
    UpstreamError,
    UpstreamRejected,
    key_conflict,
    not_written,
    positive_quantity,
)

LINES_MAX = 100
TTL_MIN_S, TTL_MAX_S = 60, 3_600
"""A minute, below which a slow payment page loses its basket; an hour, beyond which goods stand idle for nobody."""

_WHO = "order system"


class ReserveStock(Record, frozen=True, kw_only=True):
    """Set stock aside for a basket for `ttl_s` seconds. `audience` is whom its promises were given to."""

    lines: tuple[ReserveLine, ...]
    idempotency_key: IdempotencyKey
    audience: str
    basket_reference: str | None = None
    ttl_s: int = 900


class ReleaseReservation(Record, frozen=True, kw_only=True):
    """Give the stock of a reservation back. `reservation_id` is the OMS's own."""

    reservation_id: str
    idempotency_key: IdempotencyKey


async def reserve(inventory: Inventory, command: ReserveStock, now: datetime) -> InventoryReservation | Refusal:
    """Set stock aside for all lines, or say why for none.

    A repeat whose promise has expired since is told so, although a first try that nobody heard of may have reserved:
    that reservation runs out by itself. Raises InvalidInput for a basket that no OMS could take, and UpstreamRejected
    when the OMS refuses for a reason its contract does not name.
    """
    _check(command)
    lines, differences = bound_lines(command.lines, command.audience, inventory.promises, now)
    if differences:
        return await changed(inventory, differences)
    draft = ReservationDraft(
        kind=ReservationKind.SOFT,
        # One line for each item and place: an OMS that looks at one line at a time must not grant two of them alone.
        lines=tuple(
            ReservationLine(sku=key.sku, location_id=key.location_id, quantity=quantity)
            for key, quantity in summed(lines).items()
        ),
        ttl_s=command.ttl_s,
        basket_reference=command.basket_reference,
    )
    try:
        return await inventory.reserve(draft, command.idempotency_key)
    except UpstreamRejected as error:
        if error.reason == "INSUFFICIENT_STOCK":
            return await shortage(inventory, lines)
        if error.reason == "IDEMPOTENCY_CONFLICT":
            return key_conflict()
        raise
    except UpstreamError as error:
        return not_written(error, _WHO, "Nothing was reserved.")


async def release(inventory: Inventory, command: ReleaseReservation) -> InventoryReservation | Refusal:
    """Give reserved stock back, or say why not.

    The OMS is asked at once: were the state read first, a repeat of a release that succeeded unheard would be refused
    as already released, where the OMS repeats its first answer. Raises UpstreamRejected as `reserve` does.
    """
    try:
        return await inventory.release(command.reservation_id, command.idempotency_key)
    except UpstreamRejected as error:
        if error.reason == "RESERVATION_NOT_FOUND":
            return reservation_not_found()
        if error.reason == "ILLEGAL_TRANSITION":
            return _illegal(await _state(inventory, command.reservation_id))
        if error.reason == "IDEMPOTENCY_CONFLICT":
            return key_conflict()
        raise
    except UpstreamError as error:
        unchanged = "The stock is still reserved."
        return not_written(error, _WHO, unchanged)


def reservation_not_found() -> ReservationNotFound:
    """Also what a caller is told of a reservation that is not theirs."""
    return ReservationNotFound(
        message="There is no such reservation. Send the id as it was given.", path=("input", "reservationId")
    )


def _check(command: ReserveStock) -> None:
    if not 1 <= len(command.lines) <= LINES_MAX:
        raise InvalidInput(f"A basket has 1 to {LINES_MAX} lines.", ("input", "lines"))
    if not TTL_MIN_S <= command.ttl_s <= TTL_MAX_S:
        raise InvalidInput(f"Stock is reserved for {TTL_MIN_S} to {TTL_MAX_S} seconds.", ("input", "ttlSeconds"))
    for place, line in enumerate(command.lines):
        positive_quantity(line.quantity, "input", "lines", place, "quantity")


async def _state(inventory: Inventory, reservation_id: str) -> ReservationState:
    """What the reservation is, after the OMS would not release it."""
    try:
        reading = (await inventory.reservations(frozenset({reservation_id}))).get(reservation_id)
    except UpstreamError:
        return ReservationState.UNKNOWN  # the refusal stands without it
    # CREATED contradicts the OMS's refusal, so this reading is older than it. An order's reservation may be released,
    # but only with its order: the OMS refuses that here, and COMMITTED is why.
    if reading is None or reading.value.state is ReservationState.CREATED:
        return ReservationState.UNKNOWN
    return reading.value.state


def _illegal(state: ReservationState) -> IllegalReservationState:
    if state is ReservationState.COMMITTED:
        message = "The reservation belongs to an order. Cancel the order instead."
    else:
        now = "over" if state is ReservationState.UNKNOWN else state.value.lower()
        message = f"The reservation is {now}, and there is nothing left to release."
    return IllegalReservationState(message=message, path=("input", "reservationId"), state=state)
