"""The controls of a service under `/_sandbox`: health, call counters, last requests, faults, where events go."""

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from domains.sandbox.chassis.ask import read_object
from domains.sandbox.chassis.desk import Desk
from domains.sandbox.chassis.faults import NONE, read_faults
from domains.sandbox.chassis.outbox import Outbox, read_webhook
from domains.sandbox.chassis.problem import echo, problem
from domains.sandbox.chassis.route import Refused, Route


def knob_path(knob: Route) -> Path:
    """The path of a service's own knob. As with the other controls, no latency, fault, quota or token applies."""

    async def turn(request: Request) -> Response:
        try:
            body = read_object(await request.body() or b"{}")
            return JSONResponse(await knob.handler(body, dict(request.path_params)))
        except Refused as refusal:
            return problem(refusal, echo(request))

    return Path(knob.path, turn, methods=[knob.method])


def control_paths(name: str, desk: Desk, paths: frozenset[str]) -> list[Path]:
    """The routes of the controls of the service `name`. No latency, fault, quota or token applies to them."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": name})

    async def calls(request: Request) -> Response:
        if request.method == "DELETE":
            desk.calls.clear()
            return Response(status_code=204)
        return JSONResponse(dict(desk.calls))

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            desk.requests.clear()
            return Response(status_code=204)
        return JSONResponse({"requests": list(desk.requests)})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            desk.set_faults(NONE)
            return Response(status_code=204)
        if request.method == "POST":
            try:
                desk.set_faults(read_faults(read_object(await request.body()), paths))
            except Refused as refusal:
                return problem(refusal, echo(request))
        return JSONResponse(msgspec.to_builtins(desk.faults))

    return [
        Path("/_sandbox/health", health, methods=["GET"]),
        Path("/_sandbox/calls", calls, methods=["GET", "DELETE"]),
        Path("/_sandbox/requests", requests, methods=["GET", "DELETE"]),
        Path("/_sandbox/faults", faults, methods=["GET", "POST", "DELETE"]),
    ]


def outbox_path(outbox: Outbox) -> Path:
    """The route that says where events go. No latency, fault, quota or token applies to it."""

    async def webhook(request: Request) -> Response:
        if request.method == "DELETE":
            await outbox.direct(None)
            return Response(status_code=204)
        if request.method == "POST":
            try:
                await outbox.direct(read_webhook(read_object(await request.body())))
            except Refused as refusal:
                return problem(refusal, echo(request))
        return JSONResponse(outbox.state())

    return Path("/_sandbox/webhook", webhook, methods=["GET", "POST", "DELETE"])
