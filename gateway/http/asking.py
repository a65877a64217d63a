"""Runs one operation any number of times, each in a context of its own: for streams, and for sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from graphql import OperationType
from starlette.types import Scope

from domains.upstream import deadline_scope
from gateway.engine import Answer, Engine, fault
from gateway.http.admitted import Admitted, OpenContext, let_in, run
from gateway.http.encoding import encoded
from gateway.http.errors import too_much
from gateway.http.request import AsSent, Documents, GraphQLRequest
from gateway.http.settings import HttpSettings
from gateway.http.watch import DEADLINE_EXCEEDED
from gateway.limits import Refused
from gateway.streams import Ask, Told
from resolvers.subscribing import Occasion


class Asking:
    """What asks an engine on behalf of callers: `ask` makes an Ask of a request.

    The caller is found out each time, so what they may see is judged anew for each message.
    """

    def __init__(
        self,
        engine: Engine,
        open_context: OpenContext,
        settings: HttpSettings,
        documents: Documents | None = None,
    ) -> None:
        self.engine = engine
        self.open_context = open_context
        self.settings = settings
        self._documents = documents or AsSent()

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        """`asked` with the text of its document. Raises HttpFault when there is none."""
        return await self._documents.find(asked)

    async def kind(self, asked: GraphQLRequest, scope: Scope) -> OperationType | None:
        """What kind of operation `asked` would be; None when that is not clear, or its text is no document.

        A text that nobody has sent lately has to be parsed and validated for that, as long as that may take, so it is
        counted as an operation of whoever sent `scope`. Raises HttpFault and Unauthenticated.
        """
        if asked.query in self.engine.operations:
            return self.engine.kind(asked.query, asked.operation_name)
        with deadline_scope(self.settings.request_timeout_s) as deadline:
            async with self.open_context(scope, deadline) as admitted:
                try:
                    async with let_in(self.engine, (asked,), admitted):
                        return self.engine.kind(asked.query, asked.operation_name)
                except Refused as refused:
                    raise too_much(refused.refusal) from refused

    def ask(self, asked: GraphQLRequest, scope: Scope, *, only_query: bool = False) -> Ask:
        """Runs `asked` for whoever sent `scope`. An answer takes no longer than one by HTTP may."""
        seconds = self.settings.request_timeout_s

        async def ask(occasion: Occasion | None, beside: Mapping[str, object]) -> Told:
            with deadline_scope(seconds) as deadline:
                async with self.open_context(scope, deadline) as admitted:
                    try:
                        async with asyncio.timeout(seconds + self.settings.request_grace_s):
                            answer = await self._run(asked, admitted, occasion, only_query)
                    except TimeoutError:
                        answer = _late(occasion)
                    except Refused as refused:
                        raise too_much(refused.refusal) from refused
                    said = {**admitted.extensions(answer), **beside}
                    answer, body = encoded(answer, said, self.settings.answer_max_bytes)
                    return Told(answer, body, admitted.owner)

        return ask

    async def _run(
        self, asked: GraphQLRequest, admitted: Admitted, occasion: Occasion | None, only_query: bool
    ) -> Answer:
        # What a stream tells later is asked for by the house, and bounded where streams are.
        count = 1 if occasion is None or occasion.changed is None else 0
        async with let_in(self.engine, (asked,), admitted, count) as toll:
            answer = await run(self.engine, asked, admitted, toll, only_query=only_query, occasion=occasion)
        if asked.digest is not None and not answer.is_request_error:
            await self._documents.ran(asked)
        return answer


def _late(occasion: Occasion | None) -> Answer:
    if occasion is not None:
        occasion.stands_in = True  # so that it is asked again
    told = (
        "The operation took longer than it may. Whether a mutation took effect is not known: repeat it with the same "
        "idempotency key."
    )
    return Answer(None, (fault(told, DEADLINE_EXCEEDED, retryable=True),))
