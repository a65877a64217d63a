"""The contract's four services with a little data: what a test puts behind the schema. Counts what it is asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.serving import bind

SKUS = tuple(f"SKU-{number}" for number in range(1, 121))
CUSTOMER = "C-1"
ASKED_MAX = 50
_UP_S, _LOOK_EVERY_S = 10.0, 0.02


def product(sku: str) -> dict[str, Any]:
    return {
        "sku": sku,
        "name": f"Lamp {sku}",
        "description": None,
        "price": {"amount": 12.5, "currency": "EUR"},
        "taxCode": "P1",
        "category": "lighting",
        "brand": "not asked for",
    }


def stock(sku: str) -> dict[str, Any]:
    at = {"onHand": 7, "reserved": 2, "availableToPromise": 5, "asOf": "2026-11-20T10:00:00Z"}
    return {"sku": sku, "locations": [{"locationId": f"LOC-{number}", **at} for number in (1, 2)]}


def order(id_: str) -> dict[str, Any]:
    price = {"amount": 3.25, "currency": "EUR"}
    return {
        "id": id_,
        "number": f"N-{id_}",
        "status": "SHIPPED",
        "placedAt": "2026-10-01T10:00:00Z",
        "total": price,
        "lines": [{"lineId": "1", "sku": SKUS[0], "name": "Lamp", "quantity": 2, "unitPrice": price}],
        "shipments": [{"id": f"{id_}-S1", "carrier": "DHL", "trackingNumber": None, "status": "SHIPPED"}],
    }


ACCOUNT = {"customerId": CUSTOMER, "tier": "GOLD", "pointsBalance": 900, "pendingPoints": 10, "expiresAt": None}
PROFILE = {"id": CUSTOMER, "firstName": "Ada", "lastName": "Novak", "email": "ada@example.com", "segment": "B2C"}


class Contract:
    """The services, each under a path of its own. `calls` counts by endpoint; of those `down` every answer is a 503.

    While `free` is not set, lists are not answered.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.down: set[str] = set()
        self.free = threading.Event()
        self.free.set()
        self.url = ""
        self._app = Starlette(
            routes=[
                Route("/erp/products", self._many("products", product)),
                Route("/oms/availability", self._many("stock", stock)),
                Route("/oms/orders", self._orders),
                Route("/oms/orders/{id}", self._order),
                Route("/loyalty/accounts/{id}", self._one("account", ACCOUNT)),
                Route("/loyalty/accounts/{id}/redemptions", self._redeem, methods=["POST"]),
                Route("/crm/customers/{id}", self._one("customer", PROFILE)),
            ]
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve on a free port, in a thread, until the context ends."""
        with bind("127.0.0.1", 0) as sock:
            self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            server = uvicorn.Server(uvicorn.Config(self._app, log_config=None, access_log=False, lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="contract", daemon=True)
            thread.start()
            until = time.monotonic() + _UP_S
            while not server.started and time.monotonic() < until:
                thread.join(_LOOK_EVERY_S)
            try:
                yield
            finally:
                server.should_exit = True
                thread.join(_UP_S)

    def seen(self, calls: int) -> None:
        """Wait until so many calls have come, or a while."""
        until = time.monotonic() + _UP_S
        while self.calls.total() < calls and time.monotonic() < until:
            self.free.wait(_LOOK_EVERY_S)

    def _counted(self, name: str) -> Response | None:
        self.calls[name] += 1
        return JSONResponse({"error": "down"}, 503) if name in self.down else None

    def _many(self, name: str, made: Any) -> Any:
        async def answer(request: Request) -> Response:
            if (no := self._counted(name)) is not None:
                return no
            await asyncio.to_thread(self.free.wait, _UP_S)
            skus = request.query_params["skus"].split(",")
            if len(skus) > ASKED_MAX:
                return JSONResponse({"error": f"at most {ASKED_MAX} skus"}, 400)
            return JSONResponse([made(sku) for sku in skus if sku in SKUS])

        return answer

    def _one(self, name: str, record: dict[str, Any]) -> Any:
        async def answer(request: Request) -> Response:
            if (no := self._counted(name)) is not None:
                return no
            known = request.path_params["id"] == CUSTOMER
            return JSONResponse(record if known else {"error": "not found"}, 200 if known else 404)

        return answer

    async def _orders(self, request: Request) -> Response:
        if (no := self._counted("orders of")) is not None:
            return no
        return JSONResponse([order(f"O{number}") for number in range(int(request.query_params["limit"]))])

    async def _order(self, request: Request) -> Response:
        return self._counted("order") or JSONResponse(order(request.path_params["id"]))

    async def _redeem(self, request: Request) -> Response:
        if (no := self._counted("redeem")) is not None:
            return no
        asked = await request.json()
        left = 900 - asked["points"]
        answer = {"redemptionId": f"R-{asked['reference']}", "pointsRedeemed": asked["points"], "balanceAfter": left}
        return JSONResponse({**answer, "status": "COMMITTED"})
