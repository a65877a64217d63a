"""The comparing of books, put together: every read past the caches, at the systems themselves."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from domains.connectors.roles import ErpPorts, LoyaltyPorts, OmsPorts
from domains.vocabulary import SystemRole
from gateway.durable import Journal
from gateway.identity import current_owner
from gateway.projection import Store
from gateway.reconcile import Cached, Orders, Recent, Reconciler, Redemptions, Returns, Shelf, Subject, Turns
from gateway.settings import Settings
from resolvers.context import Retail

Shelves = tuple[Shelf[Any, Any], ...]

SECOND_LOOK_MAX_S = 900.0  # a projection may be read once a day, and whoever compares books by hand waits


def reconciler(  # noqa: PLR0917 - one part of the house each
    settings: Settings,
    journal: Journal,
    erp: ErpPorts,
    oms: OmsPorts,
    loyalty: LoyaltyPorts,
    store: Store,
    shelves: Shelves = (),
) -> Reconciler:
    """Compares orders, returns, redemptions, and what is remembered. `shelves` are those of this process's cache."""
    given = settings.reconcile
    turns = Turns(journal, given.calls_per_s)
    subjects: tuple[Subject, ...] = (
        Orders(journal, turns, oms.orders, oms.returns, erp.finance, loyalty.loyalty, loyalty.loyalty_writes),
        Returns(journal, turns, oms.returns, erp.finance, loyalty.loyalty_writes),
        Redemptions(journal, turns, loyalty.loyalty),
        Cached(
            turns,
            shelves,
            store,
            erp.product_feed,
            sample=given.sample,
            second_look_s=_run_out_s(settings),
            clock=time.time,
        ),
    )
    return Reconciler(journal, subjects, every_s=given.every_s, window_s=given.window_h * 3600)


def watched(retail: Retail, oms: OmsPorts, loyalty: LoyaltyPorts) -> tuple[Retail, Shelves]:
    """The house with reads that know what they were asked lately, and these reads beside the systems behind them."""
    stock = Recent(retail.inventory.stock)
    balances = Recent(retail.loyalty.balances, current_owner.get)
    house = replace(
        retail,
        inventory=replace(retail.inventory, stock=stock),
        loyalty=replace(retail.loyalty, balances=balances),
    )
    shelves = (
        Shelf("stock", SystemRole.OMS, stock, oms.inventory.stock),
        Shelf("balance", SystemRole.LOYALTY, balances, loyalty.loyalty.balances),
    )
    return house, shelves


def _run_out_s(settings: Settings) -> float:
    """After how long nothing is served any more that was remembered at the first look, and the projection has been
    read again; or so long that whoever asks for a comparison would rather hear of what is late."""
    kept = (settings.cache.freshness[name] for name in ("inventory.stock", "loyalty.balances"))
    longest = max(one.fresh_s + one.stale_while_revalidate_s for one in kept)
    return min(SECOND_LOOK_MAX_S, max(longest, settings.projection.delta_every_s) + 1.0)
