"""Returns at the counter: who may ask for what, by which name, and what is accepted behind it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domains.flows import AuthorizedReturn, ReturnReceived
from domains.returns import ReceivedLine, RequestReturn, ReturnDisposition, ReturnDraft, name_of_return
from domains.vocabulary import LocationId, SystemRole, UpstreamTimeout, UpstreamUnreachable
from resolvers.context import Caller
from tests.resolvers.world import ADA, ASSOCIATE, BOB, GUEST, OPERATIONS, World

SAID = """__typename ... on Refusal { code message path retryable }
  ... on ReturnAuthorization { id rmaNumber status provisional estimatedRefund { amount } freshness { source tier } }"""
AUTHORIZE = f"""mutation($input: ReturnAuthorizeInput!) {{ returnAuthorize(input: $input) {{ {SAID}
  ... on MethodNotOffered {{ offered }} }} }}"""
REQUEST = f"mutation($input: ReturnRequestInput!) {{ returnRequest(input: $input) {{ {SAID} }} }}"
DECLINE = f"mutation($input: ReturnDeclineInput!) {{ returnDecline(input: $input) {{ {SAID} }} }}"
RECEIVE = f"mutation($input: ReturnReceiveInput!) {{ returnReceive(input: $input) {{ {SAID} }} }}"
CANCEL = f"mutation($input: ReturnCancelInput!) {{ returnCancel(input: $input) {{ {SAID} }} }}"
ROVER = Caller(subject="rover", audience="associate")


def goods(**changes: Any) -> dict[str, Any]:
    line = {"orderLineId": "0", "quantity": "1", "reason": "STYLE"}
    given: dict[str, Any] = {"orderId": "ord-000001", "lines": [line], "idempotencyKey": "k1"}
    given |= {"method": "RETURN_BY_MAIL", "refundType": "FULL_REFUND"} | changes
    return {name: value for name, value in given.items() if value is not None}


def came(**changes: Any) -> dict[str, Any]:
    line = {"lineId": "1", "quantity": "1", "disposition": "RESTOCKED"}
    return {"returnId": "ret-000001", "lines": [line], "idempotencyKey": "k1"} | changes


def named(**changes: Any) -> dict[str, Any]:
    return {"returnId": "ret-000001", "idempotencyKey": "k1"} | changes


async def told(world: World, document: str, caller: Caller, given: dict[str, Any]) -> dict[str, Any]:
    (answer,) = (await world.data(document, caller, input=given)).values()
    assert isinstance(answer, dict)
    return answer


async def wrong(world: World, document: str, caller: Caller, given: dict[str, Any]) -> list[Any]:
    """What is said of the place of wrong input."""
    (error,) = (await world.ask(document, caller, input=given)).errors
    extensions: Any = error["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    return list(extensions.values())


async def forbidden(world: World, document: str, caller: Caller, given: dict[str, Any]) -> str:
    """Why the caller may not."""
    answer = await world.ask(document, caller, input=given)
    assert answer.code == "FORBIDDEN"
    (error,) = answer.errors
    return str(error["message"])


@pytest.mark.parametrize("document", [AUTHORIZE, REQUEST])
@pytest.mark.parametrize("name", [{"orderId": "Order:ord-000001"}, {"orderId": None, "orderNumber": "R000000001"}])
@pytest.mark.parametrize("caller", [ADA, ASSOCIATE])
async def test_an_order_is_named_by_id_or_number(
    world: World, document: str, name: dict[str, Any], caller: Caller
) -> None:
    """A customer and an associate may both read either off a receipt."""
    answer = await told(world, document, caller, goods(**name))
    assert answer["__typename"] == "ReturnAuthorization"
    ((draft, _),) = world.written
    assert isinstance(draft, ReturnDraft)
    assert draft.order_id == "ord-000001"


@pytest.mark.parametrize("document", [AUTHORIZE, REQUEST])
@pytest.mark.parametrize("caller", [BOB, GUEST])
@pytest.mark.parametrize("name", [{}, {"orderId": None, "orderNumber": "R000000001"}])
async def test_somebody_elses_order_is_not_there(
    world: World, document: str, caller: Caller, name: dict[str, Any]
) -> None:
    """Whose order it is not is told what who names none is told, and where to look."""
    answer = await told(world, document, caller, goods(**name))
    assert answer["code"] == "ORDER_NOT_FOUND"
    assert answer["path"] == ["input", "orderNumber" if name else "orderId"]
    nowhere = await told(world, document, ASSOCIATE, goods(orderId=None, orderNumber="R9"))
    assert nowhere["code"] == "ORDER_NOT_FOUND"
    assert world.written == []


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (goods(orderId=None), ["input", "orderId"]),
        (goods(orderNumber="R000000001"), ["input", "orderId"]),
        (goods(returnId="ret-000001"), ["input", "returnId"]),
        (goods(lines=None), ["input"]),
        (goods(method=None), ["input"]),
        (goods(refundType=None), ["input"]),
        (goods(authorizedAt="Order:1"), ["input", "authorizedAt"]),
    ],
)
async def test_an_unclear_authorization_is_wrong_input(world: World, given: dict[str, Any], path: list[str]) -> None:
    """An order is named once and with its goods, a requested return alone, a store by an id of one."""
    assert path in await wrong(world, AUTHORIZE, ASSOCIATE, given)
    assert world.written == []


async def test_customers_name_no_store_and_no_counter(world: World) -> None:
    """What a customer authorizes is sent by mail, and at no store."""
    answer = await told(world, AUTHORIZE, ADA, goods(method="RETURN_IN_STORE"))
    assert (answer["code"], answer["offered"]) == ("METHOD_NOT_OFFERED", ["RETURN_BY_MAIL"])
    assert "Only those who work in a store" in await forbidden(world, AUTHORIZE, ADA, goods(authorizedAt="store-001"))
    strolling = replace(ADA, store_id=LocationId("store-001"))
    await told(world, AUTHORIZE, strolling, goods(idempotencyKey="k2"))
    assert [draft.authorized_at for draft, _ in world.written if isinstance(draft, ReturnDraft)] == [None]


async def test_a_store_is_its_associates_own(world: World) -> None:
    """An associate authorizes and receives in the name of their own store, which is understood, and of no other,
    wherever the goods were bought; operations name any."""
    for at in (None, "store-001", "Location:store-001"):
        await told(world, AUTHORIZE, ASSOCIATE, goods(authorizedAt=at, idempotencyKey=f"{at}"))
    await told(world, AUTHORIZE, OPERATIONS, goods(authorizedAt="Location:store-009"))
    stores = [draft.authorized_at for draft, _ in world.written if isinstance(draft, ReturnDraft)]
    assert stores == ["store-001", "store-001", "store-001", "store-009"]
    for document, given in (
        (AUTHORIZE, goods(authorizedAt="store-002", idempotencyKey="k9")),
        (RECEIVE, came(receivedAt="store-002", idempotencyKey="k9")),
    ):
        assert "bound to store-001" in await forbidden(world, document, ASSOCIATE, given)
    assert len(world.written) == 4


async def test_who_has_no_store_acts_in_none(world: World) -> None:
    """An associate without a store authorizes what is sent by mail, in the name of no store, and receives nothing."""
    told_store = await forbidden(world, AUTHORIZE, ROVER, goods(authorizedAt="store-002"))
    assert "names no store" in told_store
    assert "received in a store" in await forbidden(world, RECEIVE, ROVER, came())
    assert "received in a store" in await forbidden(world, RECEIVE, ROVER, came(receivedAt="store-002"))
    assert world.written == []
    await told(world, AUTHORIZE, ROVER, goods())
    assert [draft.authorized_at for draft, _ in world.written if isinstance(draft, ReturnDraft)] == [None]


async def test_an_authorized_return_is_followed_up_once(world: World) -> None:
    """Its flow is accepted with the answer, and a repeat is answered from the journal without another write."""
    first = await told(world, AUTHORIZE, ASSOCIATE, goods())
    again = await told(world, AUTHORIZE, ASSOCIATE, goods())
    assert again == {**first, "freshness": {"source": "oms", "tier": "STALE_OK"}}
    ((draft, key),) = world.written
    assert isinstance(draft, ReturnDraft)
    assert draft.return_id == name_of_return(key).id
    (flow,) = world.journal.submissions.values()
    assert flow.kind == "return.authorize"
    assert isinstance(flow.command, AuthorizedReturn)
    assert flow.command.promised is None


@pytest.mark.parametrize("known", [True, False])
async def test_those_who_serve_get_a_promise_in_an_outage(world: World, known: bool) -> None:
    """With the OMS gone an associate gets a provisional number, and its refund if the sale is known; the flow is to
    record it. A customer is told to try again."""
    world.write_error = UpstreamUnreachable(SystemRole.OMS, "returns")
    if not known:
        world.fail(UpstreamTimeout(SystemRole.OMS, "sales"), "returns.sales")
    customer = await told(world, AUTHORIZE, ADA, goods())
    assert (customer["code"], customer["retryable"]) == ("BACKEND_UNAVAILABLE", True)
    promised = await told(world, AUTHORIZE, ASSOCIATE, goods())
    assert (promised["provisional"], promised["status"]) == (True, "AUTHORIZED")
    assert promised["rmaNumber"].startswith("P-")
    assert (promised["estimatedRefund"] is not None) is known
    assert promised["freshness"] == {"source": "journal", "tier": "LIVE"}
    (flow,) = world.journal.submissions.values()
    assert isinstance(flow.command, AuthorizedReturn)
    assert flow.command.promised is not None
    assert await told(world, AUTHORIZE, ASSOCIATE, goods()) == {
        **promised,
        "freshness": {"source": "journal", "tier": "STALE_OK"},
    }


async def test_a_number_nobody_can_look_up_is_no_promise(world: World) -> None:
    """An order that is named by a number alone must be found first, and the refusal says whom to wait for."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "orders"), "orders.by_number")
    answer = await told(world, AUTHORIZE, ASSOCIATE, goods(orderId=None, orderNumber="R000000001"))
    assert answer["code"] == "BACKEND_UNAVAILABLE"
    assert world.journal.submissions == {}


@pytest.mark.parametrize(
    ("document", "given", "kind"), [(CANCEL, named(), "return.cancel"), (RECEIVE, came(), "return.receive")]
)
async def test_what_is_done_to_a_return_is_followed_up(
    world: World, document: str, given: dict[str, Any], kind: str
) -> None:
    """Goods that come, and a return that is called off, each start their flow behind the OMS's answer."""
    answer = await told(world, document, ASSOCIATE, given)
    assert answer["id"] == "ReturnAuthorization:ret-000001"
    assert [flow.kind for flow in world.journal.submissions.values()] == [kind]


async def test_goods_are_received_where_somebody_stands(world: World) -> None:
    """The receipt is of the associate's own store, with the product of the order line, and of no other store."""
    await told(world, RECEIVE, ASSOCIATE, came())
    ((given, _),) = world.written
    line = ReceivedLine(line_id="1", quantity=Decimal(1), disposition=ReturnDisposition.RESTOCKED)
    assert given == ("ret-000001", (line,))
    (flow,) = world.journal.submissions.values()
    assert isinstance(flow.command, ReturnReceived)
    assert (flow.command.received_at, flow.command.goods[0].sku) == ("store-001", "SKU-01000")
    elsewhere = came(receivedAt="store-002", idempotencyKey="k2")
    assert "bound to store-001" in await forbidden(world, RECEIVE, ASSOCIATE, elsewhere)


@pytest.mark.parametrize(
    ("document", "given", "callers"),
    [
        (DECLINE, named(reason="Worn."), [ADA, BOB, GUEST]),
        (RECEIVE, came(), [ADA, BOB, GUEST]),
        (AUTHORIZE, named(), [ADA, BOB, GUEST]),
        (CANCEL, named(), [BOB, GUEST]),
    ],
)
async def test_a_return_is_changed_by_those_who_may(
    world: World, document: str, given: dict[str, Any], callers: list[Caller]
) -> None:
    """Only those who serve decline, receive and approve; a customer cancels their own and nobody else's."""
    for caller in callers:
        answer = await told(world, document, caller, given)
        assert (answer["code"], answer["path"]) == ("RETURN_NOT_FOUND", ["input", "returnId"])
    assert world.written == []
    assert world.journal.submissions == {}


async def test_a_customer_cancels_their_own(world: World) -> None:
    """The owner may call a return off; whose it is must be known for that."""
    assert (await told(world, CANCEL, ADA, named()))["__typename"] == "ReturnAuthorization"
    world.fail(UpstreamTimeout(SystemRole.OMS, "returns"), "returns.by_id")
    assert (await told(world, CANCEL, ADA, named(idempotencyKey="k2")))["code"] == "BACKEND_UNAVAILABLE"


async def test_a_state_that_forbids_it_is_told(world: World) -> None:
    """An authorized return is neither declined nor approved again."""
    declined = await told(world, DECLINE, ASSOCIATE, named(reason="Worn."))
    assert (declined["__typename"], declined["path"]) == ("IllegalReturnState", ["input", "returnId"])
    assert "authorized and cannot be declined" in declined["message"]
    assert world.written == []


def test_a_request_has_no_store() -> None:
    """Asking is the customer's: where it is granted is for whoever grants it."""
    assert "authorized_at" not in RequestReturn.__struct_fields__
