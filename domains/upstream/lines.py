"""The connections to one system: made when needed, kept for a moment, never shared by two exchanges."""

from __future__ import annotations

import asyncio
import itertools
import math
import socket
import ssl
from functools import partial

import httpx

from domains.upstream.correlation import Said
from domains.upstream.frames import without_frames
from domains.upstream.letter import Answer, Letter, Limits, Lost, Place
from domains.upstream.line import Line

# Common servers close an idle connection after 5 s (uvicorn) or more: we let go first, else a write may be sent into a
# connection that is just being closed, and nobody knows whether it arrived.
KEEPALIVE_S = 4.0
DNS_TTL_S = 30.0  # a failover by DNS is seen within half a minute, and a slow resolver is asked twice a minute
PLACES_MAX = 64  # of which addresses are remembered; a system stands at one


class Lines:
    """A Carrier over connections of its own. Belongs to the loop it is first used in.

    There is no limit on connections in use, which the slots of the Wire are; at most `idle_max` are kept for later, and
    for `keepalive_s`. No redirect is followed, no proxy used, no cookie kept and nothing sent a second time.
    """

    def __init__(self, tls: ssl.SSLContext, idle_max: int, keepalive_s: float = KEEPALIVE_S) -> None:
        self._tls = tls
        self._keepalive_s = keepalive_s
        self._idle_max = idle_max
        self._idle: dict[Place, list[Line]] = {}
        self._addresses: dict[Place, _Addresses] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._busy: dict[Line, float] = {}
        """The lines that are asked, and when each is given up, in the loop's seconds."""
        self._patience: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patient_until = math.inf

    async def carry(self, letter: Letter, said: Said, limits: Limits) -> Answer | Lost | None:
        sent = letter.rendered(said, limits)
        loop = self._loop
        if loop is None:  # kept, because Python 3.11 asks the system for its process whenever it is asked for its loop
            loop = self._loop = asyncio.get_running_loop()
        now = loop.time()
        until = now + limits.limit_s
        line = self._taken(letter.site.place, now)
        if line is None:
            made = await self._connected(letter.site.place, limits)
            if not isinstance(made, Line):
                return made
            line = made
        self._busy[line] = until
        if until < self._patient_until:
            self._be_patient(until, loop)
        try:
            answer = await line.exchange(sent, letter.method, limits.body_max_bytes)
        except BaseException:  # we were cancelled: what is still to come is nobody's answer
            line.hang_up()
            raise
        finally:
            del self._busy[line]
        if line.is_open:
            self._keep(letter.site.place, line, loop)
        return answer

    async def aclose(self) -> None:
        """Hang up, also where somebody still waits for an answer."""
        for timer in (self._sweep, self._patience):
            if timer is not None:
                timer.cancel()
        self._sweep = self._patience = None
        for line in (*self._busy, *itertools.chain.from_iterable(self._idle.values())):
            line.hang_up()
        self._idle.clear()
        await asyncio.sleep(0)  # one turn, in which the transports close their sockets

    def _be_patient(self, until: float, loop: asyncio.AbstractEventLoop) -> None:
        """Wake at `until`, if not before. One timer for all, because hardly a line is ever given up: one for each is a
        fifth of what the exchange takes. And not asyncio.timeout: nothing is cancelled, no exception on its way."""
        if self._patience is not None:
            self._patience.cancel()
        self._patient_until = until
        self._patience = loop.call_at(until, self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up the lines whose time is up, and wake again for the next one."""
        now = max(loop.time(), self._patient_until)  # uvloop counts in milliseconds, and may be early
        self._patience, self._patient_until = None, math.inf
        for line, until in self._busy.items():
            if until <= now:
                line.give_up()
        later = min((until for until in self._busy.values() if until > now), default=None)
        if later is not None:
            self._be_patient(later, loop)

    def _taken(self, place: Place, now: float) -> Line | None:
        idle = self._idle.get(place)
        while idle:
            line = idle.pop()  # the one that was used last, so that the others may grow old and go
            if line.is_open:
                if now - line.idle_since < self._keepalive_s:
                    return line
                line.hang_up()
        return None

    def _keep(self, place: Place, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        idle = self._idle.get(place)
        if idle is None:
            idle = self._idle[place] = []
        if (len(idle) if len(self._idle) == 1 else sum(map(len, self._idle.values()))) >= self._idle_max:
            line.hang_up()
            return
        line.idle_since = loop.time()
        idle.append(line)
        if self._sweep is None:  # one timer for all: one a line would be set and taken back with every call
            self._sweep = loop.call_later(self._keepalive_s, self._sweep_out, loop)

    def _sweep_out(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hang up what nobody has used for `keepalive_s`."""
        oldest = loop.time() - self._keepalive_s
        for place, lines in tuple(self._idle.items()):
            fresh = [line for line in lines if line.is_open and line.idle_since > oldest]
            for line in lines:
                if line.idle_since <= oldest:
                    line.hang_up()
            if fresh:
                lines[:] = fresh
            else:
                del self._idle[place]
        self._sweep = loop.call_later(self._keepalive_s, self._sweep_out, loop) if self._idle else None

    async def _connected(self, place: Place, limits: Limits) -> Line | Lost | None:
        limit = asyncio.timeout(min(limits.connect_s, limits.limit_s))
        try:
            async with limit:
                return await self._addresses_of(place).connected(self._tls)
        except OSError as fault:  # refused, unknown host, no route, TLS, and our own limit
            without_frames(fault)
            if not limit.expired():
                return Lost(fault, reading_body=False)
        if limits.limit_s <= limits.connect_s:
            return None
        return Lost(httpx.ConnectTimeout(f"not connected in {limits.connect_s:.3f} s"), reading_body=False)

    def _addresses_of(self, place: Place) -> _Addresses:
        addresses = self._addresses.get(place)
        if addresses is None:
            if len(self._addresses) >= PLACES_MAX:
                self._addresses.clear()
            addresses = self._addresses[place] = _Addresses(place)
        return addresses


class _Addresses:
    """Where a name leads, asked again after `DNS_TTL_S`. Each connection begins with the next address: all are used.

    Tried one after the other, each but the last for `SHARE_S`, which is what "happy eyeballs" (RFC 8305) come to where
    there are two; one that did not work is left out until the name is asked again.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: list[str] = []
        self._known_until = 0.0
        self._turn = 0

    async def connected(self, tls: ssl.SSLContext) -> Line:
        """A new connection. Raises OSError."""
        loop = asyncio.get_running_loop()
        if not self._known or loop.time() >= self._known_until:
            self._known = await self._asked(loop)
            self._known_until = loop.time() + DNS_TTL_S
        self._turn += 1
        start = self._turn % len(self._known)
        order = self._known[start:] + self._known[:start]
        for address in order[:-1]:
            try:
                async with asyncio.timeout(SHARE_S):
                    return await self._tried(loop, address, tls)
            except OSError as fault:
                without_frames(fault)
                self._left_out(address)
        try:
            return await self._tried(loop, order[-1], tls)
        except OSError:
            self._left_out(order[-1])
            raise

    async def _asked(self, loop: asyncio.AbstractEventLoop) -> list[str]:
        found = await loop.getaddrinfo(self._place.host, self._place.port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _tried(self, loop: asyncio.AbstractEventLoop, address: str, tls: ssl.SSLContext) -> Line:
        place = self._place
        _, line = await loop.create_connection(
            partial(Line, loop),
            address,
            place.port,
            ssl=tls if place.is_tls else None,
            server_hostname=place.host if place.is_tls else None,
        )
        return line

    def _left_out(self, address: str) -> None:
        if address in self._known:
            self._known.remove(address)


SHARE_S = 0.25
"""What an address is given before the next one is tried (RFC 8305, 8: "Connection Attempt Delay")."""
