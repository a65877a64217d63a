"""The open role contracts: the few endpoints a retailer's in-house service must offer to stand behind the gateway.

One table; the OpenAPI 3.1 documents beside this file (`<role>.openapi.json`) are printed from it by `document`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from domains.connectors.open import messages as m
from domains.customers import Customer, CustomerAccount, HistoryEntry, HistoryNote
from domains.finance import CreditMemo, GoodsReceipt, OrderLedger, PostingFacts, SalesDocument
from domains.inventory import InventoryReservation, Location, ReservationDraft, StockPosition
from domains.loyalty import (
    Accrual,
    AccrualReversal,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyProgram,
    LoyaltyRedemption,
    OrderPoints,
    PointsHold,
    PointsMovement,
)
from domains.orders import Order, OrderDraft
from domains.products import Product
from domains.promotions import PromotionEvaluation
from domains.returns import ReturnAuthorization, ReturnDraft, ReturnPolicy, Sale
from domains.vocabulary import PointsAmount, SystemRole

VERSION = "1.0.0"


@dataclass(frozen=True)
class Endpoint:
    """One row. `keyed` endpoints write, and repeat the first answer when the same Idempotency-Key comes again.

    `refusals` are the `code`s of the 409 problems a caller must expect.
    """

    path: str
    summary: str
    ask: type | None
    answer: Any
    keyed: bool = False
    refusals: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return "get" if self.ask is None else "post"


_RETURN_REFUSALS = (
    "ORDER_NOT_FOUND", "QUANTITY_EXCEEDED", "RETURN_ID_TAKEN", "RMA_NUMBER_TAKEN", "IDEMPOTENCY_CONFLICT",
)  # fmt: skip

ENDPOINTS: dict[SystemRole, tuple[Endpoint, ...]] = {
    SystemRole.ERP: (
        Endpoint("/v1/accounts/lookup", "Account status of customers", m.CustomerAsk, m.Found[CustomerAccount]),
        Endpoint("/v1/ledgers/lookup", "Posted documents of orders", m.OrderAsk, m.Found[OrderLedger]),
        Endpoint("/v1/postings/lookup", "Postings of orders and returns", m.PostingAsk, m.Found[PostingFacts]),
        Endpoint("/v1/products/pages", "Every product, paged", m.FeedAsk, m.Feed[Product]),
        Endpoint(
            "/v1/positions/pages", "Every position of book stock and what open orders hold of it, paged", m.FeedAsk,
            m.Feed[StockPosition],
        ),
        Endpoint("/v1/locations/pages", "Every location, paged", m.FeedAsk, m.Feed[Location]),
        Endpoint(
            "/v1/sales-orders", "Post a sales order", SalesDocument, PostingFacts, True,
            ("CREDIT_HOLD", "PERIOD_CLOSED", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/sales-orders/{id}/reverse", "Reverse the sales order posted for the order `id`", m.Nothing,
            PostingFacts, True, ("POSTING_NOT_FOUND", "PERIOD_CLOSED", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/credit-memos", "Post the credit memo of a return", CreditMemo, PostingFacts, True,
            ("PERIOD_CLOSED", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/credit-memos/{id}/reverse", "Reverse the credit memo posted for the return `id`", m.Nothing,
            PostingFacts, True, ("POSTING_NOT_FOUND", "PERIOD_CLOSED", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/goods-receipts", "Post returned goods taken in", GoodsReceipt, PostingFacts, True,
            ("PERIOD_CLOSED", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
    ),
    SystemRole.OMS: (
        Endpoint("/v1/locations", "Every location", None, m.Found[Location]),
        Endpoint("/v1/locations/lookup", "Locations by id", m.LocationAsk, m.Found[Location]),
        Endpoint("/v1/stock/lookup", "Stock positions", m.StockAsk, m.Found[StockPosition]),
        Endpoint("/v1/orders/lookup", "Orders by id", m.OrderAsk, m.Found[Order]),
        Endpoint("/v1/orders/by-number", "Orders by order number", m.OrderNumberAsk, m.Found[Order]),
        Endpoint("/v1/orders/search", "Orders of customers, paged", m.OrderSearch, m.Pages[Order]),
        Endpoint("/v1/sales/lookup", "What the returns desk must know of orders", m.OrderAsk, m.Found[Sale]),
        Endpoint("/v1/return-policies/lookup", "Return policies of products", m.SkuAsk, m.Found[ReturnPolicy]),
        Endpoint("/v1/returns/lookup", "Returns by id", m.ReturnAsk, m.Found[ReturnAuthorization]),
        Endpoint("/v1/returns/by-rma", "Returns by RMA number", m.RmaAsk, m.Found[ReturnAuthorization]),
        Endpoint("/v1/returns/of-orders", "All returns of orders", m.OrderAsk, m.Found[ReturnAuthorization]),
        Endpoint("/v1/returns/search", "Returns of customers, paged", m.ReturnSearch, m.Pages[ReturnAuthorization]),
        Endpoint("/v1/reservations/lookup", "Reservations by id", m.ReservationAsk, m.Found[InventoryReservation]),
        Endpoint(
            "/v1/reservations", "Reserve a basket", ReservationDraft, InventoryReservation, True,
            ("INSUFFICIENT_STOCK", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/reservations/{id}/release", "Release a reservation", m.Nothing, InventoryReservation, True,
            ("RESERVATION_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/orders", "Take an order", OrderDraft, Order, True,
            (
                "RESERVATION_NOT_OPEN", "INSUFFICIENT_STOCK", "ORDER_ID_TAKEN", "ORDER_NUMBER_TAKEN",
                "IDEMPOTENCY_CONFLICT",
            ),
        ),
        Endpoint(
            "/v1/orders/{id}/cancel", "Cancel an order", m.Nothing, Order, True,
            ("ORDER_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/returns", "Record an authorized return", ReturnDraft, ReturnAuthorization, True, _RETURN_REFUSALS,
        ),
        Endpoint(
            "/v1/returns/requests", "Record a return that waits to be approved", ReturnDraft, ReturnAuthorization,
            True, _RETURN_REFUSALS,
        ),
        Endpoint(
            "/v1/returns/{id}/approve", "Authorize a requested return", m.Nothing, ReturnAuthorization, True,
            ("RETURN_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/returns/{id}/decline", "Decline a requested return", m.Decline, ReturnAuthorization, True,
            ("RETURN_NOT_FOUND", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/returns/{id}/receive", "Receive returned goods", m.Receipt, ReturnAuthorization, True,
            ("RETURN_NOT_FOUND", "QUANTITY_EXCEEDED", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/returns/{id}/cancel", "Cancel a return", m.Nothing, ReturnAuthorization, True,
            ("RETURN_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
    ),
    SystemRole.LOYALTY: (
        Endpoint("/v1/programs", "Every program", None, m.Found[LoyaltyProgram]),
        Endpoint("/v1/memberships/lookup", "Memberships by id", m.MembershipAsk, m.Found[LoyaltyMembership]),
        Endpoint("/v1/memberships/by-customer", "Memberships of customers", m.CustomerAsk, m.Found[LoyaltyMembership]),
        Endpoint("/v1/balances/lookup", "Balances of memberships", m.MembershipAsk, m.Found[LoyaltyBalance]),
        Endpoint("/v1/ledger/search", "Ledgers of memberships, paged", m.LedgerSearch, m.Pages[LoyaltyLedgerEntry]),
        Endpoint("/v1/redemptions/lookup", "Redemptions by id", m.RedemptionAsk, m.Found[LoyaltyRedemption]),
        Endpoint(
            "/v1/redemptions/search", "Redemptions of memberships, paged", m.RedemptionSearch,
            m.Pages[LoyaltyRedemption],
        ),
        Endpoint("/v1/order-points/lookup", "Points of orders", m.OrderAsk, m.Found[OrderPoints]),
        Endpoint(
            "/v1/redemptions", "Hold points", PointsHold, LoyaltyRedemption, True,
            ("INSUFFICIENT_POINTS", "MEMBERSHIP_NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/redemptions/{id}/capture", "Spend held points", m.Nothing, LoyaltyRedemption, True,
            ("REDEMPTION_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/redemptions/{id}/void", "Give held points back", m.Nothing, LoyaltyRedemption, True,
            ("REDEMPTION_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/redemptions/{id}/reverse", "Give spent points back", m.Nothing, LoyaltyRedemption, True,
            ("REDEMPTION_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/accruals", "Note what an order will earn, counted by the engine", Accrual, LoyaltyLedgerEntry, True,
            ("MEMBERSHIP_NOT_FOUND", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/accruals/{id}/finalise", "Post what the order `id` earned", m.Nothing, LoyaltyLedgerEntry, True,
            ("ACCRUAL_NOT_FOUND", "ILLEGAL_TRANSITION"),
        ),
        Endpoint(
            "/v1/accruals/reversals", "Take earned points back", AccrualReversal, LoyaltyLedgerEntry, True,
            ("ACCRUAL_NOT_FOUND", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/accruals/restores", "Undo the reversal of an order and reference", AccrualReversal,
            LoyaltyLedgerEntry, True, ("ACCRUAL_NOT_FOUND", "ILLEGAL_TRANSITION", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/ledger/by-reference", "Ledger entries by the idempotency key they were written under",
            m.ReferenceAsk, m.Found[m.WrittenEntry],
        ),
        Endpoint(
            "/v1/ledger/debits",
            "Take points that are available; instead of redemptions, from an engine that cannot hold points",
            PointsMovement, LoyaltyLedgerEntry, True,
            ("INSUFFICIENT_POINTS", "MEMBERSHIP_NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint(
            "/v1/ledger/credits", "Give points back that were taken by a debit", PointsMovement, LoyaltyLedgerEntry,
            True, ("MEMBERSHIP_NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
        ),
        Endpoint("/v1/promotions/evaluate", "Discounts of baskets", m.EvaluationAsk, m.Answers[PromotionEvaluation]),
        Endpoint("/v1/earnings/forecast", "What baskets would earn", m.EarningAsk, m.Answers[PointsAmount]),
    ),
    SystemRole.CRM: (
        Endpoint("/v1/customers/lookup", "Profiles by id", m.CustomerAsk, m.Found[Customer]),
        Endpoint("/v1/customers/resolve", "Ids behind other keys", m.ResolveAsk, m.Found[m.ResolvedCustomer]),
        Endpoint(
            "/v1/history/lookup", "Histories of customers, each oldest first, the last thousand notes", m.CustomerAsk,
            m.Found[HistoryEntry],
        ),
        Endpoint(
            "/v1/history", "Add a note to a customer's history", HistoryNote, HistoryEntry, True,
            ("CUSTOMER_NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
        ),
    ),
}  # fmt: skip

_ABOUT = (
    "What a service must offer to be the {role} behind retailgraph. Every read is a batch; a key that is not found is "
    "left out. Writes carry an Idempotency-Key and repeat their first answer when the key comes again; the same key "
    "with another body is 409 IDEMPOTENCY_CONFLICT. X-Request-Deadline-Ms says how long the caller still waits."
)
_HEADERS = {
    "deadline": ("X-Request-Deadline-Ms", "Milliseconds the caller still waits.", {"type": "integer", "minimum": 0}),
    "key": ("Idempotency-Key", "Names the write; a repeat changes nothing.", {"type": "string", "maxLength": 255}),
}


def document(role: SystemRole) -> dict[str, Any]:
    """The OpenAPI 3.1 document of one role."""
    rows = ENDPOINTS[role]
    types = [row.answer for row in rows] + [row.ask for row in rows if row.ask] + [m.Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    named = dict(zip([str(type_) for type_ in types], schemas, strict=True))
    paths = {row.path: {row.method: _operation(row, named)} for row in rows}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"retailgraph {role.value} contract",
            "version": VERSION,
            "description": _ABOUT.format(role=role.value),
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _operation(row: Endpoint, named: dict[str, Any]) -> dict[str, Any]:
    headers = ["deadline", "key"] if row.keyed else ["deadline"]
    parameters = [
        {"in": "header", "name": name, "description": text, "required": key == "key", "schema": schema}
        for key, (name, text, schema) in ((key, _HEADERS[key]) for key in headers)
    ]
    if "{id}" in row.path:
        parameters.append({"in": "path", "name": "id", "required": True, "schema": {"type": "string"}})
    operation: dict[str, Any] = {
        "operationId": row.path.removeprefix("/v1/").replace("/", "-").replace("{id}-", ""),
        "summary": row.summary,
        "parameters": parameters,
        "responses": {
            "200": _body("The answer.", "application/json", named[str(row.answer)]),
            **({"409": _problem(named, "Refused: " + ", ".join(row.refusals) + ".")} if row.refusals else {}),
            "default": _problem(named, "What went wrong."),
        },
    }
    if row.ask is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": named[str(row.ask)]}},
        }
    return operation


def _body(description: str, media_type: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _problem(named: dict[str, Any], description: str) -> dict[str, Any]:
    return _body(description, "application/problem+json", named[str(m.Problem)])
