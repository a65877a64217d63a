"""Between identity and engine: which documents a caller may send, how often, and what that may cost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from gateway.audiences import Audience, Audiences
from gateway.documents import Desk
from gateway.engine import Engine
from gateway.identity import owner_of
from gateway.limits import Gate, Payer, Turns
from gateway.settings import Settings
from gateway.wiring import shared
from resolvers.context import Caller

_log = structlog.get_logger(__name__)


class Turnstile:
    """One per process. Raises UnusableDocuments when what is to be trusted cannot be read."""

    def __init__(self, settings: Settings, audiences: Audiences) -> None:
        self._sharing = shared(settings)
        self._trusted = settings.documents.read()
        self._gate = Gate(lambda name: audiences.of(name).limits, self._sharing.counting)
        self.documents = Desk(self._trusted, self._sharing.texts, settings.limits.characters)

    def turns(self, caller: Caller) -> Turns:
        """The caller's turns at the gate."""
        return self._gate.turns(Payer(owner_of(caller), caller.audience))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep what processes share at hand until the context ends."""
        async with self._sharing.running():
            yield

    def warm(self, engines: Sequence[tuple[Audience, Engine]]) -> None:
        """Prepare every trusted document, so that none is parsed while somebody waits: for each audience that runs no
        others, and else where it fits first. Nobody said who a document is for, and preparing all of them for everyone
        would make the start as many times longer.

        One that fits no audience is told in the log and to whoever asks for it: an old release of an app must not keep
        the house shut.
        """
        for document in self._trusted:
            fits, why = False, ""
            for audience, engine in engines:
                if fits and not audience.trusted_only:
                    continue
                faults = engine.operations.prepare(document.text).faults
                fits = fits or not faults
                why = why or (str(faults[0]["message"]) if faults else "")
            if not fits:
                _log.warning("a trusted document does not fit", document=document.origin, why=why)
