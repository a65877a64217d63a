"""A returns desk to test with: one order, its policies, and an OMS that records."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from domains.returns import (
    AuthorizeReturn,
    RefundType,
    ReturnAuthorization,
    ReturnDraft,
    ReturnDraftLine,
    ReturnMethod,
    ReturnPolicy,
    ReturnReason,
    Returns,
    ReturnStatus,
    Sale,
    SaleLine,
)
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    LocationId,
    Money,
    OrderId,
    Reading,
    ReturnId,
    Sku,
    UpstreamError,
)

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ORDER = OrderId("ord-000001")
STORE, MAIL = ReturnMethod.RETURN_IN_STORE, ReturnMethod.RETURN_BY_MAIL


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


def sold(id_: str, **changes: Any) -> SaleLine:
    """Three pieces for ten euros, delivered five days ago; whole numbers stand for quantities."""
    line = SaleLine(
        id=id_,
        sku=Sku(f"SKU-{id_}"),
        ordered=Decimal(3),
        fulfilled=Decimal(3),
        total=euros("10.00"),
        delivered_at=NOW - timedelta(days=5),
    )
    exact = {name: Decimal(value) if type(value) is int else value for name, value in changes.items()}
    return msgspec.structs.replace(line, **exact)


def policy(id_: str, **changes: Any) -> ReturnPolicy:
    rules = ReturnPolicy(sku=Sku(f"SKU-{id_}"), window_days=30, methods=(STORE, MAIL))
    return msgspec.structs.replace(rules, **changes)


class Desk:
    """An OMS with one order: answers, or raises what it is given; remembers what it was asked to record."""

    def __init__(self, lines: Sequence[SaleLine], policies: Sequence[ReturnPolicy]) -> None:
        self.sale = Sale(order_id=ORDER, placed_at=NOW - timedelta(days=7), lines=tuple(lines))
        self.rules = {rules.sku: rules for rules in policies}
        self.sales_error: UpstreamError | None = None
        self.policies_error: UpstreamError | None = None
        self.record_error: UpstreamError | None = None
        self.asked_policies: frozenset[Sku] = frozenset()
        self.records: list[tuple[ReturnDraft, str]] = []

    def port(self) -> Returns:
        return Returns(
            by_id=self._nothing,
            by_rma=self._nothing,
            of_order=self._nothing,
            of_customer=self._nothing,
            policies=self._policies,
            sales=self._sales,
            record=self._record,
            request=self._record,
            approve=self._unoffered,
            decline=self._unoffered,
            receive=self._unoffered,
            cancel=self._unoffered,
        )

    async def _unoffered(self, *_: Any) -> ReturnAuthorization:
        raise AssertionError("nothing here moves a return on")

    async def _nothing(self, _keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
        return {}

    async def _sales(self, keys: frozenset[OrderId], /) -> Mapping[OrderId, Reading[Sale]]:
        if self.sales_error:
            raise self.sales_error
        return {key: self._read(self.sale) for key in keys if key == ORDER}

    async def _policies(self, keys: frozenset[Sku], /) -> Mapping[Sku, Reading[ReturnPolicy]]:
        self.asked_policies = keys
        if self.policies_error:
            raise self.policies_error
        return {key: self._read(self.rules[key]) for key in keys if key in self.rules}

    async def _record(self, draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
        self.records.append((draft, key))
        if self.record_error:
            raise self.record_error
        return ReturnAuthorization(
            id=ReturnId("ret-000001"),
            rma_number="RMA-000001",
            status=ReturnStatus.AUTHORIZED,
            order_id=draft.order_id,
            lines=(),
            method=draft.method,
            refund_type=draft.refund_type,
        )

    def _read(self, value: Any) -> Reading[Any]:
        return Reading(value=value, source="oms:open", tier=FreshnessTier.LIVE, observed_at=0.0, max_age_s=1.0)


def desk(*lines: SaleLine) -> Desk:
    return Desk(lines or (sold("1"), sold("2")), (policy("1"), policy("2")))


def back(id_: str = "1", quantity: str = "1") -> ReturnDraftLine:
    return ReturnDraftLine(order_line_id=id_, quantity=Decimal(quantity), reason=ReturnReason.UNWANTED, note="too loud")


def command(*lines: ReturnDraftLine, **changes: Any) -> AuthorizeReturn:
    """A customer's, by mail."""
    ask = AuthorizeReturn(
        order_id=ORDER,
        lines=lines,
        method=MAIL,
        refund_type=RefundType.FULL_REFUND,
        idempotency_key=IdempotencyKey("key-1"),
    )
    return msgspec.structs.replace(ask, **changes)


def at_desk(*lines: ReturnDraftLine, **changes: Any) -> AuthorizeReturn:
    """An associate's, in store 7."""
    here: dict[str, Any] = {"method": STORE, "authorized_at": LocationId("store-007"), "at_desk": True}
    return command(*lines, **here | changes)
