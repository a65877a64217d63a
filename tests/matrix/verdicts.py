"""What becomes of a document under an audience: allowed, or the code by which it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.audiences import Audience, Audiences, read_audiences
from gateway.engine import Engine
from gateway.engine.faults import VALIDATION_FAILED
from gateway.house import Views
from gateway.limits import Estimate, Gate, Payer, Refusal
from gateway.permits import NOBODY, Held
from gateway.schema import build_schema
from gateway.settings import build
from tests.matrix.collected import Document

ALLOWED, NOT_THERE = "yes", "not there"
VISITOR = "visitor"
"""Of the storefront, who has not said who they are."""


@dataclass(frozen=True)
class Caller:
    """One column: an audience, and what the caller holds without asking and with all that the audience gives."""

    name: str
    audience: Audience
    held: Held
    most: Held


class Court:
    """Judges documents as the gateway does, up to the moment at which they would run."""

    def __init__(self) -> None:
        self.schema = build_schema()
        self.audiences: Audiences = read_audiences()
        nowhere = {"url": "http://127.0.0.1:9"}
        settings = build({"systems": dict.fromkeys(("erp", "oms", "loyalty", "crm"), nowhere)})
        self._views = Views(self.schema, self.audiences, settings)
        self.callers = tuple(self._callers())

    def judge(self, documents: tuple[Document, ...]) -> dict[str, dict[str, str]]:
        """The verdicts, by the places of documents and the names of callers."""
        return asyncio.run(self._judged(documents))

    async def _judged(self, documents: tuple[Document, ...]) -> dict[str, dict[str, str]]:
        return {
            one.place: {caller.name: await self._verdict(one, caller) for caller in self.callers} for one in documents
        }

    async def _verdict(self, document: Document, caller: Caller) -> str:
        plain = await self._code(document, caller, caller.held)
        if plain == ALLOWED or caller.most == caller.held:
            return plain
        most = await self._code(document, caller, caller.most)
        return plain if most == plain else f"{plain}; with its scopes: {most}"

    async def _code(self, document: Document, caller: Caller, held: Held) -> str:
        audience, view = caller.audience, self._views.of(caller.audience)
        if audience.trusted_only:
            return "DOCUMENT_NOT_TRUSTED"
        engine: Engine = view.engine
        async with Gate(lambda _: audience.limits).turn(Payer("somebody", audience.name), 1) as priced:

            async def stopped(estimate: Estimate, variables: Mapping[str, object]) -> Refusal | None:
                return await priced(estimate, variables) or Refusal(ALLOWED, "It would run now.", {})

            answer = await engine.run(
                document.text,
                {},
                document.name,
                None,
                may_introspect=view.is_open,
                path=audience.path,
                occasion=object(),
                toll=stopped,
                held=held,
            )
        return NOT_THERE if answer.code == VALIDATION_FAILED else str(answer.code)

    def _callers(self) -> list[Caller]:
        columns = [Caller(VISITOR, self.audiences.of("storefront"), NOBODY, NOBODY)]
        for audience in self.audiences:
            held = Held(True, audience.scopes)
            columns.append(
                Caller(audience.name, audience, held, Held(True, audience.scopes | audience.scopes_on_request))
            )
        return columns
