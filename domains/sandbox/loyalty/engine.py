"""The endpoints of the loyalty engine."""

from domains.sandbox.chassis import (
    Clock,
    Route,
    answers,
    found,
    maybe_member,
    maybe_text,
    page_of,
    pages,
    want_object,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.loyalty.account import open_accounts
from domains.sandbox.loyalty.basket import read_basket
from domains.sandbox.loyalty.earning import forecast
from domains.sandbox.loyalty.promotions import evaluate
from domains.sandbox.loyalty.redemption import Redemptions
from domains.sandbox.world import Row, World

STATES = frozenset({"HELD", "CAPTURED", "VOIDED", "EXPIRED", "REVERSED", "UNKNOWN"})
BASKETS_MAX = 50

Params = dict[str, str]


class Engine:
    """The loyalty facts of one world, and the handlers over them. State is its own; the world is not changed."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._by_customer = {row["customerId"]: row for row in world.memberships.values()}
        self.accounts = open_accounts(world)
        self.redemptions = Redemptions(self.accounts, world.redemptions.values(), clock)

    async def programs(self, _body: Row, _params: Params) -> Row:
        return found([self._world.program], self._clock())

    async def memberships(self, body: Row, _params: Params) -> Row:
        return self._found(body, "membershipIds", self._world.memberships)

    async def memberships_of(self, body: Row, _params: Params) -> Row:
        return self._found(body, "customerIds", self._by_customer)

    async def order_points(self, body: Row, _params: Params) -> Row:
        return self._found(body, "orderIds", self._world.order_points)

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

    async def hold(self, body: Row, _params: Params) -> Row:
        return self.redemptions.hold(body)

    async def capture(self, _body: Row, params: Params) -> Row:
        return self.redemptions.capture(params["id"])

    async def void(self, _body: Row, params: Params) -> Row:
        return self.redemptions.void(params["id"])

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

    def _found(self, body: Row, name: str, rows: dict[str, Row]) -> Row:
        wanted = dict.fromkeys(want_texts(body, name))
        return found((rows[key] for key in wanted if key in rows), self._clock())


def routes(world: World, clock: Clock) -> list[Route]:
    """The endpoints of the loyalty engine over the members of `world`."""
    engine = Engine(world, clock)
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
        Route("POST", "/v1/promotions/evaluate", engine.evaluate),
        Route("POST", "/v1/earnings/forecast", engine.forecast),
    ]
