"""`python -m domains.sandbox`: run the sandbox until a signal ends it."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from domains.sandbox import ROLES, Sandbox, SandboxFailed, crm, erp, loyalty, oms
from domains.sandbox.chassis import USUAL, Clock, Outbox, Route, Tell, build_app
from domains.sandbox.chassis.child import end_with_parent, serve
from domains.sandbox.world import World, WorldSize, build_world

SERVICES: dict[str, Callable[[World, Clock, Tell], list[Route]]] = {
    "ERP": erp.routes,
    "OMS": oms.routes,
    "LOYALTY": loyalty.routes,
    "CRM": crm.routes,
}
_WATCH_EVERY_S = 0.5


def _present() -> datetime:
    return datetime.now(UTC)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m domains.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="of the ERP; OMS, LOYALTY and CRM take the next three")
    parser.add_argument("--seed", type=int, default=1, help="names the world")
    parser.add_argument("--only", type=_roles, default=list(ROLES), help="the services to start, e.g. ERP,OMS")
    parser.add_argument("--latency-scale", type=float, default=1.0, help="multiplies every latency; 0 turns it off")
    parser.add_argument("--token", help="the bearer token every call must carry")
    parser.add_argument("--now", type=datetime.fromisoformat, help="the day the world is built around")
    parser.add_argument(
        "--products", type=int, default=WorldSize().products, help="how many; 5000 make 220,000 positions"
    )
    parser.add_argument("--serve", choices=ROLES, help=argparse.SUPPRESS)  # how Sandbox starts each process
    return parser.parse_args()


def _roles(text: str) -> list[str]:
    roles = text.upper().split(",")
    strange = sorted(set(roles) - set(ROLES))
    if strange:
        raise argparse.ArgumentTypeError(f"unknown {', '.join(strange)}; there are {', '.join(ROLES)}")
    return roles


def _serve_one(role: str, asked: argparse.Namespace) -> None:
    end_with_parent()
    world = build_world(asked.seed, asked.now or _present(), WorldSize(products=asked.products))
    weather = replace(USUAL[role], latency_scale=asked.latency_scale, seed=asked.seed)
    outbox = Outbox(role, _present, seed=asked.seed)
    routes = SERVICES[role](world, _present, outbox.tell)
    serve(build_app(role, routes, weather, _present, token=asked.token, outbox=outbox), asked.port)


def _run(asked: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ports = {role: asked.port + place if asked.port else 0 for place, role in enumerate(ROLES)}
    try:
        with Sandbox.start(
            {role: ports[role] for role in asked.only},
            seed=asked.seed,
            latency_scale=asked.latency_scale,
            token=asked.token,
            now=asked.now,
            products=asked.products,
        ) as sandbox:
            for role, url in sandbox.urls.items():
                sys.stdout.write(f"{role} {url}\n")
            sys.stdout.flush()
            while not sandbox.ended():
                time.sleep(_WATCH_EVERY_S)
            sys.stderr.write(f"{', '.join(sandbox.ended())} ended unexpectedly\n")
            return 1
    except KeyboardInterrupt:
        return 0
    except SandboxFailed as exc:
        sys.stderr.write(f"{exc}\n")
        return 1


def main() -> int:
    asked = _arguments()
    if asked.serve:
        _serve_one(asked.serve, asked)
        return 0
    return _run(asked)


if __name__ == "__main__":
    sys.exit(main())
