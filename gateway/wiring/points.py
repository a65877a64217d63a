"""Who keeps the holds of points: the engine, or we."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from domains.connectors.roles import LoyaltyPorts
from domains.loyalty import Loyalty
from gateway.durable import open_holds
from gateway.settings import Settings
from gateway.wiring.holding import HeldHere


@dataclass(frozen=True)
class Points:
    """The loyalty engine with its holds, whoever keeps them.

    `ports` remember nothing: they are for flows. `over` lays the holds over reads that remember what the engine said.
    """

    ports: LoyaltyPorts
    over: Callable[[Loyalty], Loyalty]


async def with_holds(engine: LoyaltyPorts, settings: Settings, stack: AsyncExitStack) -> Points:
    """The engine, and where it does not keep holds itself, those in our database, until `stack` ends.

    Raises DatabaseUnusable.
    """
    worth = settings.systems.loyalty.worth
    if engine.holding.keeps_hold or engine.movements is None or worth is None:
        return Points(engine, lambda loyalty: loyalty)
    url = settings.database.url.get_secret_value()
    holds = await stack.enter_async_context(open_holds(url, time.time))
    held = HeldHere(engine, engine.movements, holds, worth)
    return Points(held.ports(), held.over)
