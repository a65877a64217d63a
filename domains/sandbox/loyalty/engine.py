"""The endpoints of the loyalty engine."""

from decimal import Decimal

from domains.sandbox.chassis import (
    KEY,
    Clock,
    Refused,
    Route,
    Tell,
    answers,
    found,
    maybe_member,
    maybe_text,
    page_of,
    pages,
    untold,
    want_int,
    want_object,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.loyalty.account import Account, open_accounts
from domains.sandbox.loyalty.accrual import Accruals
from domains.sandbox.loyalty.basket import read_basket
from domains.sandbox.loyalty.earning import forecast
from domains.sandbox.loyalty.movement import Movements
from domains.sandbox.loyalty.promotions import evaluate
from domains.sandbox.loyalty.redemption import Redemptions
from domains.sandbox.world import Row, World

STATES = frozenset({"HELD", "CAPTURED", "VOIDED", "EXPIRED", "REVERSED", "UNKNOWN"})
BASKETS_MAX = 50

Params = dict[str, str]


class Engine:
    """The loyalty facts of one world, and the handlers over them. State is its own; the world is not changed."""

    def __init__(self, world: World, clock: Clock, tell: Tell) -> None:
        self._world = world
        self._clock = clock
        self._tell = tell
        self._by_customer = {row["customerId"]: row for row in world.memberships.values()}
        self._written: dict[str, Row] = {}
        self.accounts = open_accounts(world, self._written, self._changed)
        self.redemptions = Redemptions(self.accounts, world.redemptions.values(), clock)
        self.accruals = Accruals(world, self.accounts, clock)
        self.movements = Movements(self.accounts, self.redemptions)

    async def programs(self, _body: Row, _params: Params) -> Row:
        return found([self._world.program], self._clock())

    async def memberships(self, body: Row, _params: Params) -> Row:
        return self._found(body, "membershipIds", self._world.memberships)

    async def memberships_of(self, body: Row, _params: Params) -> Row:
        return self._found(body, "customerIds", self._by_customer)

    async def order_points(self, body: Row, _params: Params) -> Row:
        return self._found(body, "orderIds", self.accruals.points)

    async def balances(self, body: Row, _params: Params) -> Row:
        now = self.redemptions.settle()
        wanted = dict.fromkeys(want_texts(body, "membershipIds"))
        accounts = (self.accounts[id_] for id_ in wanted if id_ in self.accounts)
        return found((account.balance(now.date()) for account in accounts), now)

    async def ledger(self, body: Row, _params: Params) -> Row:
        now = self.redemptions.settle()
        queries = [(self.accounts.get(want_text(row, "membershipId")), row) for row in want_objects(body, "queries")]
        return pages((page_of(account.newest_first() if account else [], row) for account, row in queries), now)

    async def lookup(self, body: Row, _params: Params) -> Row:
        wanted = dict.fromkeys(want_texts(body, "redemptionIds"))
        rows = (self.redemptions.get(id_) for id_ in wanted)
        return found((row for row in rows if row is not None), self._clock())

    async def search(self, body: Row, _params: Params) -> Row:
        page_list = []
        for query in want_objects(body, "queries"):
            state = maybe_member(query, "state", STATES)
            page_list.append(page_of(self.redemptions.newest_first(want_text(query, "membershipId"), state), query))
        return pages(page_list, self._clock())

    async def by_reference(self, body: Row, _params: Params) -> Row:
        wanted = dict.fromkeys(want_texts(body, "references"))
        rows = ({"reference": key, "entry": self._written[key]} for key in wanted if key in self._written)
        return found(rows, self._clock())

    async def hold(self, body: Row, params: Params) -> Row:
        return self.redemptions.hold(body, params[KEY])

    async def capture(self, _body: Row, params: Params) -> Row:
        return self.redemptions.capture(params["id"], params[KEY])

    async def void(self, _body: Row, params: Params) -> Row:
        return self.redemptions.void(params["id"], params[KEY])

    async def reverse(self, _body: Row, params: Params) -> Row:
        return self.redemptions.reverse(params["id"], params[KEY])

    async def accrue(self, body: Row, params: Params) -> Row:
        return self.accruals.accrue(body, params[KEY])

    async def finalise(self, _body: Row, params: Params) -> Row:
        return self.accruals.finalise(params["id"], params[KEY])

    async def take_back(self, body: Row, params: Params) -> Row:
        return self.accruals.take_back(body, params[KEY])

    async def restore(self, body: Row, params: Params) -> Row:
        return self.accruals.restore(body, params[KEY])

    async def debit(self, body: Row, params: Params) -> Row:
        return self.movements.debit(body, params[KEY])

    async def credit(self, body: Row, params: Params) -> Row:
        return self.movements.credit(body, params[KEY])

    async def adjust(self, body: Row, _params: Params) -> Row:
        """`{membershipId, points}`: a knob that adds whole points, or takes them away. Answers the new balance."""
        account = self.accounts.get(want_text(body, "membershipId"))
        points = Decimal(want_int(body, "points", -1_000_000, 1_000_000))
        if account is None:
            raise Refused(404, "MEMBERSHIP_NOT_FOUND", f"There is no membership {body['membershipId']}.")
        now = self.redemptions.settle()
        account.post("ADJUSTMENT", points, now, None, None)
        return account.balance(now.date())

    async def evaluate(self, body: Row, _params: Params) -> Row:
        now = self._clock()
        baskets = [read_basket(row) for row in want_objects(body, "baskets", BASKETS_MAX)]
        return answers((evaluate(basket, self._world, now) for basket in baskets), now)

    async def forecast(self, body: Row, _params: Params) -> Row:
        currency = self._world.program["currencies"][0]
        answer_list = []
        for query in want_objects(body, "queries", BASKETS_MAX):
            membership_id = maybe_text(query, "membershipId")
            membership = self._world.memberships.get(membership_id) if membership_id else None
            answer_list.append(forecast(read_basket(want_object(query, "basket")), membership, currency))
        return answers(answer_list, self._clock())

    def _changed(self, account: Account) -> None:
        self._tell("loyalty.balance.changed", account.membership_id, account.balance(self._clock().date()))

    def _found(self, body: Row, name: str, rows: dict[str, Row]) -> Row:
        wanted = dict.fromkeys(want_texts(body, name))
        return found((rows[key] for key in wanted if key in rows), self._clock())


def routes(world: World, clock: Clock, tell: Tell = untold) -> list[Route]:
    """The endpoints of the loyalty engine over the members of `world`."""
    engine = Engine(world, clock, tell)
    return [
        Route("GET", "/v1/programs", engine.programs),
        Route("POST", "/v1/memberships/lookup", engine.memberships),
        Route("POST", "/v1/memberships/by-customer", engine.memberships_of),
        Route("POST", "/v1/balances/lookup", engine.balances),
        Route("POST", "/v1/ledger/search", engine.ledger),
        Route("POST", "/v1/redemptions/lookup", engine.lookup),
        Route("POST", "/v1/redemptions/search", engine.search),
        Route("POST", "/v1/order-points/lookup", engine.order_points),
        Route("POST", "/v1/redemptions", engine.hold, write=True),
        Route("POST", "/v1/redemptions/{id}/capture", engine.capture, write=True),
        Route("POST", "/v1/redemptions/{id}/void", engine.void, write=True),
        Route("POST", "/v1/redemptions/{id}/reverse", engine.reverse, write=True),
        Route("POST", "/v1/accruals", engine.accrue, write=True),
        Route("POST", "/v1/accruals/{id}/finalise", engine.finalise, write=True),
        Route("POST", "/v1/accruals/reversals", engine.take_back, write=True),
        Route("POST", "/v1/accruals/restores", engine.restore, write=True),
        Route("POST", "/v1/ledger/by-reference", engine.by_reference),
        Route("POST", "/v1/ledger/debits", engine.debit, write=True),
        Route("POST", "/v1/ledger/credits", engine.credit, write=True),
        Route("POST", "/_sandbox/balances", engine.adjust, knob=True),
        Route("POST", "/v1/promotions/evaluate", engine.evaluate),
        Route("POST", "/v1/earnings/forecast", engine.forecast),
    ]
