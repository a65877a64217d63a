"""What is left of an answer when an outside system is down."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from domains.vocabulary import SystemRole, UpstreamThrottled, UpstreamTimeout
from gateway.engine import Answer
from tests.resolvers.world import ADA, World

EVERYTHING = """{
  products(skus: ["SKU-1", "SKU-2"]) { sku availability { status } returnPolicy { windowDays } }
  locations { nodes { id } }
  me { displayName accountStatus loyalty { balance { available { value } } } }
  order(id: "ord-000001") {
    orderNumber lines { sku product { name } } erpPosting { state } returns { rmaNumber }
    returnableLines { quantity } loyalty { earned { value } } customer { displayName }
  }
}"""

# By system: the Fetches it stands behind, and the positions that go missing with it.
SYSTEMS: dict[SystemRole, tuple[tuple[str, ...], set[str]]] = {
    SystemRole.ERP: (
        ("products", "finance", "customers.accounts"),
        {"products.0", "products.1", "order.lines.0.product", "order.lines.1.product", "order.erpPosting"}
        | {"me.accountStatus"},
    ),
    SystemRole.LOYALTY: (("loyalty",), {"me.loyalty", "order.loyalty"}),
    SystemRole.CRM: (("customers.by_id",), {"me", "order.customer"}),
    SystemRole.OMS: (
        ("inventory", "orders", "returns"),
        {"locations", "order"}
        | {f"products.{place}.{field}" for place in (0, 1) for field in ("availability", "returnPolicy")},
    ),
}


def places(answer: Answer) -> set[str]:
    paths: list[Any] = [error["path"] for error in answer.errors]
    return {".".join(map(str, path)) for path in paths}


def at(data: Any, place: str) -> Any:
    for part in place.split("."):
        data = data[int(part)] if part.isdigit() else data[part]
    return data


def without(data: Any, missing: set[str], here: str = "") -> Any:
    """The answer with null in the missing places."""
    if here in missing:
        return None
    if isinstance(data, dict):
        return {key: without(value, missing, f"{here}.{key}".lstrip(".")) for key, value in data.items()}
    if isinstance(data, list):
        return [without(value, missing, f"{here}.{place}") for place, value in enumerate(data)]
    return data


@pytest.mark.parametrize("system", SYSTEMS)
async def test_one_system_down_blanks_nothing_else(world: World, system: SystemRole) -> None:
    """With one system down its own fields are null, each with a typed error, and all others are as before."""
    whole = await World().data(EVERYTHING, ADA)
    prefixes, missing = SYSTEMS[system]
    world.fail(UpstreamTimeout(system, "anything", "http://10.0.0.1/secret"), *prefixes)
    answer = await world.ask(EVERYTHING, ADA)
    assert places(answer) == missing
    assert answer.data == without(whole, missing)
    for error in answer.errors:
        extensions: Any = error["extensions"]
        assert extensions["code"] == "UPSTREAM_TIMEOUT"
        assert extensions["system"] == system.value
        assert extensions["capability"] == "anything"
        assert extensions["retryable"] is True
        assert "10.0.0.1" not in str(error)


async def test_a_system_that_says_when_to_come_back_is_quoted(world: World) -> None:
    """The seconds of a Retry-After reach the client."""
    world.fail(UpstreamThrottled(SystemRole.LOYALTY, "balances", retry_after_s=2.2), "loyalty.balances")
    answer = await world.ask("{ me { loyalty { id balance { available { value } } } } }", ADA)
    assert answer.data == {"me": {"loyalty": {"id": "LoyaltyMembership:mem-00001", "balance": None}}}
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert 2 < extensions["retryAfterSeconds"] <= 3


async def test_a_failing_system_is_asked_once_per_request(world: World) -> None:
    """Further levels that need the same key of a failing system do not ask it again."""
    world.fail(UpstreamTimeout(SystemRole.ERP, "products"), "products")
    await world.ask('{ product(sku: "SKU-1001") { name } order(id: "ord-000001") { lines { product { name } } } }')
    asked = [key for keys in world.fakes()["products.by_sku"].calls for key in keys]
    assert len(asked) == len(set(asked))


async def test_a_bug_is_not_told(world: World) -> None:
    """An exception that is not the house's own reaches the client as a code without its text."""
    world.fail(KeyError("password=hunter2"), "inventory.stock")
    with capture_logs() as logs:
        answer = await world.ask('{ product(sku: "SKU-1") { sku availability { status } } }')
    assert answer.data == {"product": {"sku": "SKU-1", "availability": None}}
    assert [line["log_level"] for line in logs] == ["error"]
    assert answer.code == "INTERNAL"
    assert "hunter2" not in str(answer.errors)


async def test_a_basket_line_with_an_unknown_place_is_unknown(world: World) -> None:
    """When stock cannot be read every line of a basket is null with its own error."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "stock"), "inventory.stock")
    answer = await world.ask(
        '{ availability(lines: [{sku: "SKU-1", quantity: 1}, {sku: "SKU-2", quantity: 1}]) { sku } }'
    )
    assert answer.data == {"availability": [None, None]}
    assert places(answer) == {"availability.0", "availability.1"}
