"""What is done for one document, stage by stage, each as a piece of work to be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
import strawberry
from graphql import parse, specified_rules, validate

from gateway.audiences import read_audiences
from gateway.bench.asking import client
from gateway.bench.bare import Bare, request_of
from gateway.bench.house import TOKENS
from gateway.bench.inside import CALLERS, Inside, become
from gateway.bench.pages import Page
from gateway.bench.plain import Plain
from gateway.bench.report import Claim
from gateway.bench.timing import Work
from gateway.bench.without import without_the_four
from gateway.engine import Answer, CacheSizes, Engine, Operations
from gateway.http.encoding import encoded
from gateway.limits import DEFAULT_LIMITS, DocumentGuard
from gateway.permits import held_by
from gateway.schema import RULES, priced, served
from gateway.settings import Settings
from gateway.trouble import CannotStart
from gateway.views import view_of

BARE, WITHOUT, REQUEST, UNCACHED = "bare", "without", "request", "uncached"
STAGES = ("parse", "validate", "prepare", "execute", "compiled", "encode", BARE, WITHOUT, REQUEST, UNCACHED)
"""Of which `prepare` holds parsing, validation and what is known beforehand; `execute` is graphql-core and `compiled`
our own plan for the same; `bare` is the engine behind the least of an endpoint, from bytes to bytes; `request` is all
of the gateway around it, and `without` the same but for telemetry, limits, identity and freshness, so the difference of
these two is what the four cost together; `uncached` is the request where no answer is kept, with what the outside calls
cost this process."""

FOUR_MAX_US = 60.0

_NOT_KEPT = CacheSizes(operations_max=1, bytes_max=1)


class Stages:
    """The work of one page after the other, on one schema."""

    def __init__(self, schema: strawberry.Schema, kept: Inside, bare: Inside, settings: Settings) -> None:
        audiences = read_audiences()
        whole = schema._schema  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
        self._views = {name: view_of(whole, audiences.of(name).tags, audiences.of(name).masks) for name in CALLERS}
        known: dict[str, Any] = {"rules": RULES, "declared": served(schema), "priced": priced(schema)}
        self._cold = {
            name: Operations(view, DocumentGuard(DEFAULT_LIMITS), _NOT_KEPT, **known)
            for name, view in self._views.items()
        }
        self._engines = {
            (name, compiled): Engine(schema, view=view, compiled=compiled, **known)
            for name, view in self._views.items()
            for compiled in (False, True)
        }
        self._kept = kept
        self._apps = {REQUEST: Bare(kept.app), UNCACHED: Bare(bare.app)}
        self._plain = {name: Bare(Plain(self._engines[name, True], kept, name)) for name in self._views}
        self._without = {
            name: Bare(without_the_four(self._engines[name, True], kept, name, settings)) for name in self._views
        }

    async def work(self, page: Page) -> Mapping[str, Work]:
        """The stages of a page by their names. Raises CannotStart for one that is not answered in full."""
        await self._executed(page, compiled=False)  # so that all of it is kept from here on
        answer = await self._executed(page, compiled=False)
        _check(page, answer.errors)
        if (await self._executed(page, compiled=True)).data != answer.data:
            raise CannotStart(f"the plan of {page.name} answers otherwise than graphql-core")
        request = request_of(page.query, page.variables, TOKENS[page.audience])
        apps = (self._plain[page.audience], self._without[page.audience], *self._apps.values())
        for app in apps:
            answered(page, await app.ask(request))
        rules = (*specified_rules, *RULES)
        work: tuple[Work, ...] = (
            partial(_called, partial(parse, page.query)),
            partial(_called, partial(validate, self._views[page.audience], parse(page.query), rules)),
            partial(_called, partial(self._cold[page.audience].prepare, page.query)),
            partial(self._executed, page, compiled=False),
            partial(self._executed, page, compiled=True),
            partial(_called, partial(encoded, answer, {})),
            *(partial(app.ask, request) for app in apps),
        )
        return dict(zip(STAGES, work, strict=True))

    async def calls(self, page: Page, systems: Mapping[str, str]) -> dict[str, int]:
        """How many outside calls one request makes, where answers are kept and where they are not."""
        request, made = request_of(page.query, page.variables, TOKENS[page.audience]), {}
        async with client() as http:
            for name, app in self._apps.items():
                for url in systems.values():
                    await http.delete(f"{url}/_sandbox/calls")
                await app.ask(request)
                counted = [await (await http.get(f"{url}/_sandbox/calls")).json() for url in systems.values()]
                made[name] = sum(sum(one.values()) for one in counted)
        return made

    async def _executed(self, page: Page, *, compiled: bool) -> Answer:
        become(page.audience)
        context = self._kept.context(page.audience)
        engine, held = self._engines[page.audience, compiled], held_by(CALLERS[page.audience])
        try:
            return await engine.run(page.query, page.variables, None, context, held=held, comes_again=True)
        finally:
            context.loaders.close()

    def close(self) -> None:
        """Hang up on the apps."""
        for app in (*self._plain.values(), *self._without.values(), *self._apps.values()):
            app.close()


def four_us(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By page, what telemetry, limits, identity and freshness cost a request together, in microseconds."""
    cost = {(row["page"], row["stage"]): float(row["cpu_us"]) for row in rows}
    return {page: cost[page, REQUEST] - cost[page, WITHOUT] for page, stage in cost if stage == WITHOUT}


def judged(rows: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """What is claimed of the four: that they fit into FOUR_MAX_US on every page."""
    told = four_us(rows)
    each = ", ".join(f"{page} {cost:.0f}" for page, cost in told.items())
    return (
        Claim(
            "telemetry, limits, identity and freshness cost a request little, together",
            f"{max(told.values()):.0f} us where it is most ({each})",
            f"{FOUR_MAX_US:.0f} us on every page",
            max(told.values()) <= FOUR_MAX_US,
        ),
    )


async def _called(work: Callable[[], object]) -> None:
    work()


def answered(page: Page, answer: bytes) -> None:
    """Nothing, if `answer`, head and body, is whole. Raises CannotStart."""
    _check(page, orjson.loads(answer.partition(b"\r\n\r\n")[2]).get("errors", ()))


def _check(page: Page, errors: Any) -> None:
    if errors:
        raise CannotStart(f"{page.name} is not answered: {errors[0]['message']}")
