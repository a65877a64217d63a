"""An OMS in memory: returns of one order, counted and moved on, each write once for its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from domains.returns import (
    ReceivedLine,
    ReturnAuthorization,
    ReturnDisposition,
    ReturnDraft,
    ReturnLine,
    ReturnPolicy,
    Returns,
    ReturnStatus,
    Sale,
    SaleLine,
)
from domains.vocabulary import (
    CustomerId,
    FreshnessTier,
    IdempotencyKey,
    OrderId,
    Reading,
    ReturnId,
    Sku,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
)
from tests.domains.returns.desk import NOW, ORDER, policy, sold

ADA = CustomerId("cust-00001")
_OPEN = frozenset({ReturnStatus.REQUESTED, ReturnStatus.AUTHORIZED, ReturnStatus.PARTIALLY_RECEIVED})


def read(value: Any) -> Reading[Any]:
    return Reading(value=value, source="oms:fake", tier=FreshnessTier.LIVE, observed_at=0.0, max_age_s=1.0)


def no(reason: str, system: SystemRole = SystemRole.OMS) -> UpstreamRejected:
    return UpstreamRejected(system, "fake", status=409, reason=reason)


@dataclass
class Oms:
    """`error` fails every read and write; `lost` makes the next write answer that error after it was done."""

    lines: tuple[SaleLine, ...] = field(default_factory=lambda: (sold("1"), sold("2")))
    policies: tuple[ReturnPolicy, ...] = field(default_factory=lambda: (policy("1"), policy("2")))
    returns: dict[ReturnId, ReturnAuthorization] = field(default_factory=dict)
    answers: dict[str, ReturnAuthorization] = field(default_factory=dict)
    error: UpstreamError | None = None
    lost: UpstreamError | None = None

    def port(self) -> Returns:
        return Returns(
            by_id=self._by_id,
            by_rma=self._nothing,
            of_order=self._nothing,
            of_customer=self._nothing,
            policies=self._policies,
            sales=self._sales,
            record=lambda draft, key: self._once(key, lambda: self._create(draft, ReturnStatus.AUTHORIZED)),
            request=lambda draft, key: self._once(key, lambda: self._create(draft, ReturnStatus.REQUESTED)),
            approve=lambda id_, key: self._once(key, lambda: self._move(id_, ReturnStatus.AUTHORIZED)),
            decline=lambda id_, _reason, key: self._once(key, lambda: self._move(id_, ReturnStatus.DECLINED)),
            receive=lambda id_, lines, key: self._once(key, lambda: self._receive(id_, lines)),
            cancel=lambda id_, key: self._once(key, lambda: self._move(id_, ReturnStatus.CANCELED)),
        )

    def sale(self) -> Sale:
        lines = tuple(msgspec.structs.replace(line, open_returns=self._open(line.id)) for line in self.lines)
        return Sale(order_id=ORDER, customer_id=ADA, placed_at=NOW, lines=lines)

    def put(self, status: ReturnStatus, id_: str = "ret-1", **changes: Any) -> ReturnAuthorization:
        """A return of two pieces of line 1 that stands so."""
        line = ReturnLine(
            id="1",
            order_line_id="1",
            quantity_requested=Decimal(2),
            quantity_authorized=Decimal(2),
            reason=changes.pop("reason"),
        )
        made = ReturnAuthorization(
            id=ReturnId(id_),
            rma_number="RMA-1",
            status=status,
            order_id=ORDER,
            customer_id=ADA,
            lines=(line,),
            **changes,
        )
        self.returns[made.id] = made
        return made

    async def _nothing(self, _keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
        return {}

    async def _by_id(self, keys: frozenset[ReturnId], /) -> Mapping[ReturnId, Reading[ReturnAuthorization]]:
        self._fail()
        return {key: read(self.returns[key]) for key in keys if key in self.returns}

    async def _sales(self, keys: frozenset[OrderId], /) -> Mapping[OrderId, Reading[Sale]]:
        self._fail()
        return {key: read(self.sale()) for key in keys if key == ORDER}

    async def _policies(self, keys: frozenset[Sku], /) -> Mapping[Sku, Reading[ReturnPolicy]]:
        self._fail()
        return {rules.sku: read(rules) for rules in self.policies if rules.sku in keys}

    def _once(self, key: IdempotencyKey, write: Callable[[], ReturnAuthorization]) -> Awaitable[ReturnAuthorization]:
        async def written() -> ReturnAuthorization:
            self._fail()
            if key not in self.answers:
                self.answers[key] = write()
            if self.lost is not None:
                lost, self.lost = self.lost, None
                raise lost
            return self.answers[key]

        return written()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def _create(self, draft: ReturnDraft, status: ReturnStatus) -> ReturnAuthorization:
        for asked in draft.lines:
            line = next(line for line in self.sale().lines if line.id == asked.order_line_id)
            if asked.quantity > line.fulfilled - line.returned - line.open_returns:
                raise no("QUANTITY_EXCEEDED")
        number = len(self.returns) + 1
        id_ = draft.return_id or ReturnId(f"ret-{number}")
        if id_ in self.returns:
            raise no("RETURN_ID_TAKEN")
        made = ReturnAuthorization(
            id=id_,
            rma_number=draft.rma_number or f"RMA-{number}",
            status=status,
            order_id=draft.order_id,
            customer_id=ADA,
            lines=tuple(
                ReturnLine(
                    id=str(place),
                    order_line_id=line.order_line_id,
                    quantity_requested=line.quantity,
                    quantity_authorized=line.quantity if status is ReturnStatus.AUTHORIZED else Decimal(0),
                    reason=line.reason,
                )
                for place, line in enumerate(draft.lines, start=1)
            ),
            method=draft.method,
            refund_type=draft.refund_type,
            estimated_refund=draft.estimated_refund,
            fees=draft.fees,
            authorized_at=draft.authorized_at,
        )
        self.returns[id_] = made
        return made

    def _move(self, id_: ReturnId, following: ReturnStatus) -> ReturnAuthorization:
        found = self._known(id_)
        if following is not ReturnStatus.CANCELED and found.status is not ReturnStatus.REQUESTED:
            raise no("ILLEGAL_TRANSITION")
        if found.status not in (ReturnStatus.REQUESTED, ReturnStatus.AUTHORIZED):
            raise no("ILLEGAL_TRANSITION")
        if following is ReturnStatus.AUTHORIZED:
            lines = (msgspec.structs.replace(line, quantity_authorized=line.quantity_requested) for line in found.lines)
            found = msgspec.structs.replace(found, lines=tuple(lines))
        return self._keep(msgspec.structs.replace(found, status=following))

    def _receive(self, id_: ReturnId, received: tuple[ReceivedLine, ...]) -> ReturnAuthorization:
        found = self._known(id_)
        if found.status not in (ReturnStatus.AUTHORIZED, ReturnStatus.PARTIALLY_RECEIVED):
            raise no("ILLEGAL_TRANSITION")
        lines = {line.id: line for line in found.lines}
        for one in received:
            line = lines[one.line_id]
            if one.quantity > line.quantity_authorized - line.quantity_received:
                raise no("QUANTITY_EXCEEDED")
            missing = one.disposition is ReturnDisposition.MISSING
            lines[one.line_id] = msgspec.structs.replace(
                line,
                quantity_authorized=line.quantity_authorized - (one.quantity if missing else 0),
                quantity_received=line.quantity_received + (0 if missing else one.quantity),
                disposition=one.disposition,
            )
        whole = all(line.quantity_received >= line.quantity_authorized for line in lines.values())
        status = ReturnStatus.RECEIVED if whole else ReturnStatus.PARTIALLY_RECEIVED
        return self._keep(msgspec.structs.replace(found, lines=tuple(lines.values()), status=status))

    def _known(self, id_: ReturnId) -> ReturnAuthorization:
        if id_ not in self.returns:
            raise no("RETURN_NOT_FOUND")
        return self.returns[id_]

    def _keep(self, moved: ReturnAuthorization) -> ReturnAuthorization:
        self.returns[moved.id] = moved
        return moved

    def _open(self, line_id: str) -> Decimal:
        return sum(
            (
                (line.quantity_requested if one.status is ReturnStatus.REQUESTED else line.quantity_authorized)
                - line.quantity_received
                for one in self.returns.values()
                if one.status in _OPEN
                for line in one.lines
                if line.order_line_id == line_id
            ),
            Decimal(0),
        )
