"""The retailer behind Fetches that count what they are asked, and the schema before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from domains import customers, finance, inventory, loyalty, orders, products, promotions, returns
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    LocationId,
    MembershipId,
    ProgramId,
    PromotionId,
    RedemptionId,
    ReturnId,
    UpstreamError,
)
from gateway.audiences import read_audiences
from gateway.engine import Answer, Engine
from gateway.permits import Held, held_by
from gateway.schema import RULES, build_schema
from resolvers.context import Caller, Context, Retail
from tests.journal import Journal
from tests.resolvers.fakes import Fake, fake_books, page_of
from tests.resolvers.goods import (
    NOW,
    POINTS,
    authorization,
    euros,
    ledger_entry,
    location,
    membership,
    order,
    points,
    policy,
    product,
    redemption,
    reservation,
    sale,
    stock,
)

PROMISES = inventory.Promises(inventory.PromiseKeys(inventory.SigningKey("k1", b"0123456789abcdef0123456789abcdef")))

ASSOCIATE = Caller(subject="associate-1", audience="associate", store_id=LocationId("store-001"))
ADA = Caller(subject="ada", audience="storefront", customer_id=CustomerId("cust-00001"))
BOB = Caller(subject="bob", audience="storefront", customer_id=CustomerId("cust-00002"))
OPERATIONS = Caller(subject="ops-1", audience="operations")
GUEST = Caller(subject="guest", audience="storefront")

EVERYTHING = Held(
    identified=True,
    scopes=frozenset({"operations:read", "operations:write", "finance:read", "returns:authorize", "loyalty:capture"}),
)
"""What resolvers do is asked of who may ask for anything; whose it is they judge themselves."""

AUDIENCES = read_audiences()


def granted(caller: Caller) -> Held:
    """What a caller of its kind brings, as the audiences have it that come with the product."""
    scopes = AUDIENCES.of(caller.audience).scopes_of(caller.scopes)
    return held_by(replace(caller, scopes=scopes))


@dataclass
class World:
    """The retailer. Every field named as in its port is a Fake; what was written is kept in `written`."""

    orders_of_ada: list[orders.Order] = field(default_factory=lambda: [order(number) for number in range(1, 4)])
    ledger_entries: list[loyalty.LoyaltyLedgerEntry] = field(
        default_factory=lambda: [ledger_entry(number) for number in range(1, 8)]
    )
    shops: list[inventory.Location] = field(default_factory=lambda: [location(number) for number in range(1, 6)])
    written: list[tuple[object, IdempotencyKey]] = field(default_factory=list)
    write_error: UpstreamError | None = None
    journal: Journal = field(default_factory=Journal)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.durable = fake_books(self.journal)
        every_order = [*self.orders_of_ada, order(9, "cust-00002")]
        by_id = {one.id: one for one in every_order}
        people = {CustomerId(f"cust-{number:05}"): self._customer(number) for number in range(1, 4)}
        self.products = products.Products(by_sku=Fake(product))
        self.inventory = inventory.Inventory(
            locations=Fake({shop.id: shop for shop in self.shops}),
            network=Fake({"network": tuple(self.shops)}),
            stock=Fake(stock),
            reservations=Fake({"rsv-1": reservation()}),
            reserve=self._reserve,
            release=self._release,
            promises=PROMISES,
        )
        self.customers = customers.Customers(
            by_id=Fake(people),
            resolve=Fake({customers.CustomerKey(None, "ada@example.test"): CustomerId("cust-00001")}),
            accounts=Fake(
                lambda id_: customers.CustomerAccount(customer_id=id_, status=customers.CustomerAccountStatus.ACTIVE)
            ),
        )
        self.loyalty = self._loyalty()
        self.promotions = promotions.Promotions(
            evaluate=Fake(self._evaluation), forecast=Fake(lambda query: points(len(query.basket.lines) * 10))
        )
        self.orders = orders.Orders(
            by_id=Fake(by_id),
            by_number=Fake({one.order_number: one for one in every_order}),
            of_customer=Fake(
                lambda query: page_of(
                    [one for one in every_order if one.customer_id == query.customer_id], query.first, query.after
                )
            ),
        )
        self.returns = returns.Returns(
            by_id=Fake({ReturnId("ret-000001"): authorization(1)}),
            by_rma=Fake({"RMA-000001": authorization(1)}),
            of_order=Fake(lambda id_: (authorization(1, id_),)),
            of_customer=Fake(lambda query: page_of([authorization(1)], query.first, query.after)),
            policies=Fake(policy),
            sales=Fake({id_: sale(one) for id_, one in by_id.items()}),
            record=self._record,
            request=self._record,
            approve=self._changed,
            decline=self._changed,
            receive=self._changed,
            cancel=self._changed,
        )
        self.finance = finance.Finance(
            ledgers=Fake(
                lambda id_: finance.OrderLedger(
                    order_id=id_,
                    currency_code="EUR",
                    documents=(
                        finance.FinancialDocument(
                            type=finance.FinancialDocumentType.INVOICE, number="90001", amount=euros("25.00")
                        ),
                    ),
                )
            ),
            postings=Fake(lambda key: finance.PostingFacts(subject=key.subject, id=key.id, document_number="5000001")),
        )

    def retail(self) -> Retail:
        return Retail(
            products=self.products,
            inventory=self.inventory,
            customers=self.customers,
            loyalty=self.loyalty,
            promotions=self.promotions,
            orders=self.orders,
            returns=self.returns,
            finance=self.finance,
            durable=self.durable,
        )

    def fakes(self) -> dict[str, Fake[Any, Any]]:
        """Every Fetch by slice and name, as in "orders.by_id"."""
        ports = {name: getattr(self, name) for name in Retail.__dataclass_fields__}
        return {
            f"{slice_}.{name}": fake
            for slice_, port in ports.items()
            for name, fake in vars(port).items()
            if isinstance(fake, Fake)
        }

    def calls(self) -> dict[str, int]:
        """How often each Fetch was asked, leaving out those that were not."""
        return {name: len(fake.calls) for name, fake in self.fakes().items() if fake.calls}

    def fail(self, error: Exception, *prefixes: str) -> None:
        """Make every Fetch whose name begins so raise `error`."""
        for name, fake in self.fakes().items():
            if name.startswith(prefixes):
                fake.error = error

    async def ask(self, document: str, caller: Caller = ASSOCIATE, held: Held = EVERYTHING, **variables: Any) -> Answer:
        """Execute a document in a context of its own; what its fields ask for is `held`, unless a test says less."""
        context = Context.open(caller, self.retail(), self.now)
        try:
            return await ENGINE.run(document, variables, None, context, held=held)
        finally:
            context.loaders.close()

    async def data(self, document: str, caller: Caller = ASSOCIATE, **variables: Any) -> dict[str, Any]:
        """As `ask`, for a document that must succeed."""
        result = await self.ask(document, caller, **variables)
        assert not result.errors, result.errors
        assert result.data is not None
        return dict(result.data)

    def _customer(self, number: int) -> customers.Customer:
        return customers.Customer(
            id=CustomerId(f"cust-{number:05}"), display_name=f"Customer {number}", email=f"c{number}@example.test"
        )

    def _loyalty(self) -> loyalty.Loyalty:
        members = {MembershipId(f"mem-{number:05}"): membership(number) for number in range(1, 4)}
        programs = (loyalty.LoyaltyProgram(id=ProgramId("prog-main"), name="Main", currencies=(POINTS,)),)
        return loyalty.Loyalty(
            programs=Fake({"programs": programs}),
            by_id=Fake(members),
            by_customer=Fake({one.customer_id: one for one in members.values()}),
            balances=Fake(
                lambda id_: (
                    loyalty.LoyaltyBalance(
                        membership_id=id_,
                        available=points(500),
                        held=points(0),
                        pending=points(0),
                        expiring=(loyalty.PointsExpiry(points=points(5), at=date(2026, 12, 31)),),
                    )
                    if id_ in members
                    else None
                )
            ),
            ledger=Fake(lambda query: page_of(self.ledger_entries, query.first, query.after)),
            redemptions=Fake({RedemptionId("red-1"): redemption(1)}),
            redemptions_of=Fake(lambda query: page_of([redemption(1)], query.first, query.after)),
            order_points=Fake(lambda id_: loyalty.OrderPoints(order_id=id_, earned=points(25))),
            hold=self._hold,
            void=self._void,
            capture=self._capture,
            entries=Fake({}),
        )

    def _evaluation(self, basket: promotions.Basket) -> promotions.PromotionEvaluation:
        line = promotions.PromotionLine(promotion_id=PromotionId("promo-1"), name="Spring", discount=euros("5.00"))
        return promotions.PromotionEvaluation(lines=(line,), rule_version="7")

    async def _hold(self, draft: loyalty.PointsHold, key: IdempotencyKey) -> loyalty.LoyaltyRedemption:
        self._write(draft, key)
        return loyalty.LoyaltyRedemption(
            id=RedemptionId("red-9"),
            membership_id=draft.membership_id,
            state=loyalty.RedemptionState.HELD,
            points=draft.points,
        )

    async def _void(self, id_: RedemptionId, key: IdempotencyKey) -> loyalty.LoyaltyRedemption:
        self._write(id_, key)
        return redemption(1, loyalty.RedemptionState.VOIDED)

    async def _capture(self, id_: RedemptionId, key: IdempotencyKey) -> loyalty.LoyaltyRedemption:
        self._write(id_, key)
        return redemption(1, loyalty.RedemptionState.CAPTURED)

    async def _reserve(self, draft: inventory.ReservationDraft, key: IdempotencyKey) -> inventory.InventoryReservation:
        self._write(draft, key)
        return reservation("rsv-9", lines=draft.lines, expires_at=NOW + timedelta(seconds=draft.ttl_s))

    async def _release(self, id_: str, key: IdempotencyKey) -> inventory.InventoryReservation:
        self._write(id_, key)
        return reservation(id_, inventory.ReservationState.RELEASED)

    async def _record(self, draft: returns.ReturnDraft, key: IdempotencyKey) -> returns.ReturnAuthorization:
        self._write(draft, key)
        return authorization(7, draft.order_id)

    async def _changed(self, *what: Any) -> returns.ReturnAuthorization:
        """Every later write of a return: what it is given, the key last."""
        self._write(what[:-1], what[-1])
        return authorization(1)

    def _write(self, what: object, key: IdempotencyKey) -> None:
        if self.write_error is not None:
            raise self.write_error
        self.written.append((what, key))


ENGINE = Engine(build_schema(), rules=RULES)
