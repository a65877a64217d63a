"""What is done for one document, stage by stage, each as a piece of work to be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from gateway.bench.timing import Work
from gateway.engine import Answer, CacheSizes, Engine, Operations
from gateway.http.encoding import encoded
from gateway.limits import DEFAULT_LIMITS, DocumentGuard
from gateway.permits import held_by
from gateway.schema import RULES, priced, served
from gateway.trouble import CannotStart
from gateway.views import view_of

BARE, REQUEST, UNCACHED = "bare", "request", "uncached"
STAGES = ("parse", "validate", "prepare", "execute", "compiled", "encode", BARE, REQUEST, UNCACHED)
"""Of which `prepare` holds parsing, validation and what is known beforehand; `execute` is graphql-core and `compiled`
our own plan for the same; `bare` is the engine behind the least of an endpoint, from bytes to bytes; `request` is all
of the gateway around it, so the difference is what identity, limits, telemetry and freshness cost, and `uncached` the
same where no answer is kept, with what the outside calls cost this process."""

_NOT_KEPT = CacheSizes(operations_max=1, bytes_max=1)


class Stages:
    """The work of one page after the other, on one schema."""

    def __init__(self, schema: strawberry.Schema, kept: Inside, bare: Inside) -> None:
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

    async def work(self, page: Page) -> Mapping[str, Work]:
        """The stages of a page by their names. Raises CannotStart for one that is not answered in full."""
        await self._executed(page, compiled=False)  # so that all of it is kept from here on
        answer = await self._executed(page, compiled=False)
        _check(page, answer.errors)
        if (await self._executed(page, compiled=True)).data != answer.data:
            raise CannotStart(f"the plan of {page.name} answers otherwise than graphql-core")
        request = request_of(page.query, page.variables, TOKENS[page.audience])
        plain = self._plain[page.audience]
        for app in (plain, *self._apps.values()):
            answered(page, await app.ask(request))
        rules = (*specified_rules, *RULES)
        work: tuple[Work, ...] = (
            partial(_called, partial(parse, page.query)),
            partial(_called, partial(validate, self._views[page.audience], parse(page.query), rules)),
            partial(_called, partial(self._cold[page.audience].prepare, page.query)),
            partial(self._executed, page, compiled=False),
            partial(self._executed, page, compiled=True),
            partial(_called, partial(encoded, answer, {})),
            *(partial(app.ask, request) for app in (plain, *self._apps.values())),
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
        for app in (*self._plain.values(), *self._apps.values()):
            app.close()


async def _called(work: Callable[[], object]) -> None:
    work()


def answered(page: Page, answer: bytes) -> None:
    """Nothing, if `answer`, head and body, is whole. Raises CannotStart."""
    _check(page, orjson.loads(answer.partition(b"\r\n\r\n")[2]).get("errors", ()))


def _check(page: Page, errors: Any) -> None:
    if errors:
        raise CannotStart(f"{page.name} is not answered: {errors[0]['message']}")
