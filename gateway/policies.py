"""How long each kind of answer is good for, with the reason. Settings lay their own numbers over these.

A read that is not listed is never kept: what a promotion engine says of a basket must not outlive the basket.
"""

from __future__ import annotations

from dataclasses import dataclass

from domains.vocabulary import SystemRole

ERP, OMS, LOYALTY, CRM = SystemRole.ERP, SystemRole.OMS, SystemRole.LOYALTY, SystemRole.CRM

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The numbers of one kind of answer; `cache.FreshnessPolicy` says what each does."""

    fresh_s: float
    stale_while_revalidate_s: float = 0.0
    stale_if_error_s: float = 0.0
    negative_s: float = 0.0
    # What was loaded together does not expire together.
    jitter_ratio: float = 0.1


@dataclass(frozen=True, slots=True)
class Kept:
    """One read that is remembered: whom it asks, and whether its answers belong to who asked."""

    system: SystemRole
    private: bool
    freshness: Freshness


def _everybody(system: SystemRole, **numbers: float) -> Kept:
    return Kept(system, private=False, freshness=Freshness(**numbers))


def _owner(system: SystemRole, **numbers: float) -> Kept:
    return Kept(system, private=True, freshness=Freshness(**numbers))


KEPT: dict[str, Kept] = {
    # Read from the projection, a local table; a change that is read there is forgotten here at once. When the database
    # is away, yesterday's master data still sells.
    "products.by_sku": _everybody(ERP, fresh_s=30, stale_while_revalidate_s=30, stale_if_error_s=DAY_S, negative_s=5),
    # Stores open and close by the month.
    "inventory.locations": _everybody(
        OMS, fresh_s=HOUR_S, stale_while_revalidate_s=DAY_S, stale_if_error_s=7 * DAY_S, negative_s=MINUTE_S
    ),
    "inventory.network": _everybody(OMS, fresh_s=HOUR_S, stale_while_revalidate_s=DAY_S, stale_if_error_s=7 * DAY_S),
    # A popular item sells a few times a minute; five seconds take nearly all of a page's load off the OMS. Older than
    # five minutes it is a guess, and no buffer makes it a promise.
    "inventory.stock": _everybody(
        OMS, fresh_s=5, stale_while_revalidate_s=10, stale_if_error_s=5 * MINUTE_S, negative_s=5
    ),
    # What stands in while the OMS fails, out of a local table that is read anew every half minute. A question costs it
    # 1 ms, 2 ms for a whole network; seconds spare it a popular page, and a table that is away stands in for nobody.
    "projection.positions": _everybody(ERP, fresh_s=5, negative_s=5),
    "projection.locations": _everybody(ERP, fresh_s=MINUTE_S, negative_s=5),
    "projection.network": _everybody(ERP, fresh_s=MINUTE_S),
    # What a shop promises of returns is a matter of law and changes by the season.
    "returns.policies": _everybody(
        OMS, fresh_s=HOUR_S, stale_while_revalidate_s=DAY_S, stale_if_error_s=7 * DAY_S, negative_s=5 * MINUTE_S
    ),
    "loyalty.programs": _everybody(LOYALTY, fresh_s=HOUR_S, stale_while_revalidate_s=DAY_S, stale_if_error_s=7 * DAY_S),
    # A profile that was changed elsewhere is seen within half a minute; consent is in it, so no longer than that.
    "customers.by_id": _owner(CRM, fresh_s=30, stale_if_error_s=10 * MINUTE_S, negative_s=5),
    # An address belongs to the same person for years, but a new one must be found at once.
    "customers.resolve": _owner(CRM, fresh_s=5 * MINUTE_S, stale_if_error_s=HOUR_S, negative_s=1),
    # A credit hold is set by people, in the course of a day.
    "customers.accounts": _owner(
        ERP, fresh_s=MINUTE_S, stale_while_revalidate_s=5 * MINUTE_S, stale_if_error_s=HOUR_S, negative_s=30
    ),
    # A tier changes by the month, a membership never.
    "loyalty.by_id": _owner(LOYALTY, fresh_s=MINUTE_S, stale_if_error_s=HOUR_S, negative_s=5),
    "loyalty.by_customer": _owner(LOYALTY, fresh_s=MINUTE_S, stale_if_error_s=HOUR_S, negative_s=5),
    # What a customer may spend: two seconds let one page ask once, and a hold forgets it at once.
    "loyalty.balances": _owner(LOYALTY, fresh_s=2, stale_if_error_s=2 * MINUTE_S),
    # Lists show what was done a moment ago, so they are asked each time; the last known one stands in for a failure.
    "loyalty.ledger": _owner(LOYALTY, fresh_s=0, stale_if_error_s=10 * MINUTE_S),
    "loyalty.redemptions_of": _owner(LOYALTY, fresh_s=0, stale_if_error_s=10 * MINUTE_S),
    "loyalty.redemptions": _owner(LOYALTY, fresh_s=0, stale_if_error_s=MINUTE_S),
    "loyalty.order_points": _owner(LOYALTY, fresh_s=30, stale_if_error_s=HOUR_S, negative_s=5),
    # "Where is my order" is asked again and again while little happens.
    "orders.by_id": _owner(OMS, fresh_s=5, stale_if_error_s=HOUR_S, negative_s=1),
    "orders.by_number": _owner(OMS, fresh_s=5, stale_if_error_s=HOUR_S, negative_s=1),
    "orders.of_customer": _owner(OMS, fresh_s=0, stale_if_error_s=HOUR_S),
    # An authorization is looked at while it is being worked on.
    "returns.by_id": _owner(OMS, fresh_s=1, stale_if_error_s=HOUR_S, negative_s=1),
    "returns.by_rma": _owner(OMS, fresh_s=1, stale_if_error_s=HOUR_S, negative_s=1),
    "returns.of_order": _owner(OMS, fresh_s=0, stale_if_error_s=HOUR_S),
    "returns.of_customer": _owner(OMS, fresh_s=0, stale_if_error_s=HOUR_S),
    # Decides what may come back: asked each time; the last known one is for showing, the OMS judges the return itself.
    "returns.sales": _owner(OMS, fresh_s=0, stale_if_error_s=10 * MINUTE_S),
    # Books are closed by the day; postings of an order arrive within minutes.
    "finance.ledgers": _owner(
        ERP, fresh_s=MINUTE_S, stale_while_revalidate_s=10 * MINUTE_S, stale_if_error_s=DAY_S, negative_s=30
    ),
    "finance.postings": _owner(
        ERP, fresh_s=10, stale_while_revalidate_s=MINUTE_S, stale_if_error_s=HOUR_S, negative_s=5
    ),
}
