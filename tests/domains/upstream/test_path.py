"""A Wire that is shut to a path makes no call on it, and counts exactly."""

import asyncio
import contextvars

import httpx
import pytest

from domains.upstream import CALL, Shed, Wire, current_path, path_scope
from domains.vocabulary import ServingPath, SystemOffPath, SystemRole
from tests.domains.upstream.wires import QUICK, STOCK


def erp(asked: list[httpx.Request], told: list[object]) -> tuple[Wire, httpx.AsyncClient]:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    shut_to = frozenset({ServingPath.CHECKOUT})
    wire = Wire(SystemRole.ERP, QUICK, httpx.MockTransport(answer), hooks=[told.append], shut_to=shut_to)
    return wire, httpx.AsyncClient(transport=wire, base_url="http://erp")


async def test_the_erp_is_not_asked_on_checkout() -> None:
    """A call on the shut path is refused by name before anything leaves, is counted, and says nothing of the system."""
    asked: list[httpx.Request] = []
    told: list[object] = []
    wire, client = erp(asked, told)
    with path_scope(ServingPath.CHECKOUT), pytest.raises(SystemOffPath) as refused:
        await client.get("/v1/products", extensions={CALL: STOCK})
    assert refused.value.code == "ERP_ON_CHECKOUT_PATH"
    assert not refused.value.retryable
    assert asked == []
    assert wire.snapshot().refused_on == {ServingPath.CHECKOUT: 1}
    assert wire.snapshot().asked_on == {}
    assert Shed(SystemRole.ERP, "stock", "ERP_ON_CHECKOUT_PATH") in told


async def test_other_paths_and_background_work_are_counted_apart() -> None:
    """What is asked is counted by the path somebody waited on, and under None when nobody did."""
    asked: list[httpx.Request] = []
    wire, client = erp(asked, [])
    for path in (ServingPath.SERVICE, ServingPath.SERVICE, ServingPath.BACKOFFICE):
        with path_scope(path):
            await client.get("/v1/products", extensions={CALL: STOCK})
    await client.get("/v1/products", extensions={CALL: STOCK})
    assert wire.snapshot().asked_on == {ServingPath.SERVICE: 2, ServingPath.BACKOFFICE: 1, None: 1}
    assert wire.snapshot().refused_on == {}


async def test_tasks_inherit_the_path_and_an_empty_context_has_none() -> None:
    """What a checkout operation starts is on checkout too; a background refresh in a context of its own is not."""

    async def seen() -> ServingPath | None:
        return current_path()

    with path_scope(ServingPath.CHECKOUT):
        inherited = asyncio.create_task(seen())
        background = asyncio.create_task(seen(), context=contextvars.Context())
    assert await inherited is ServingPath.CHECKOUT
    assert await background is None
    assert current_path() is None
