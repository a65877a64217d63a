"""Promotions, as rules for the loyalty service to evaluate.

Every rule has: id, name, kind, code (None applies by itself), startsAt, endsAt, enabled, fundedBy, usageLimit and
usageCount, perCustomerLimit and usesByCustomer, segments (any of them entitles; empty is everybody), channels (empty
is every one), minimum and maximum (cents of the basket), minimumQuantity. By kind it has further:

PERCENT_OFF_CATEGORY   category (a prefix of the product's), percent
PERCENT_OFF_BASKET     percent
AMOUNT_OFF_BASKET      amount (Money)
AMOUNT_OFF_SKU         skus, amount (Money, for each piece)
BUY_N_GET_FREE         category, buy, free: of each buy + free pieces the cheapest `free` cost nothing
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domains.sandbox.world.rows import Row, instant, money

RULE_VERSION = "2026.1"


def build_offers(day: datetime) -> dict[str, Row]:
    """Promotion rules by id, in the order in which they are tried."""
    rules = [
        _rule("promo-running-20", "20% off footwear", "PERCENT_OFF_CATEGORY", category="Footwear", percent="20"),
        _rule(
            "promo-home-3for2", "Three towels for two", "BUY_N_GET_FREE", category="Home > Bath", buy=2, free=1,
            fundedBy="Ostra",
        ),
        _rule("promo-basket-15", "15 € off above 150 €", "AMOUNT_OFF_BASKET", amount=money(1500), minimum=15_000),
        _rule(
            "promo-shirt-5", "5 € off the shirt of the month", "AMOUNT_OFF_SKU", skus=["SKU-00001"], amount=money(500),
            fundedBy="Fjordline",
        ),
        _rule("promo-welcome", "10% welcome", "PERCENT_OFF_BASKET", code="WELCOME10", percent="10", perCustomerLimit=1,
              usesByCustomer={"cust-00001": 1}),
        _rule("promo-save20", "20 € off above 100 €", "AMOUNT_OFF_BASKET", code="SAVE20", amount=money(2000),
              minimum=10_000),
        _rule("promo-sport", "15% off sports", "PERCENT_OFF_CATEGORY", code="SPORT15", category="Sports", percent="15"),
        _rule("promo-vip", "VIP 12%", "PERCENT_OFF_BASKET", code="VIP12", percent="12", segments=["vip"]),
        _rule("promo-sold", "First hundred", "PERCENT_OFF_BASKET", code="FIRST100", percent="25", usageLimit=100,
              usageCount=100),
        _rule("promo-bulk", "Five and more", "PERCENT_OFF_BASKET", code="BULK5", percent="8", minimumQuantity=5),
        _rule("promo-past", "Last season", "PERCENT_OFF_BASKET", code="SPRING", percent="30"),
        _rule("promo-soon", "Next season", "PERCENT_OFF_BASKET", code="SOON", percent="30"),
        _rule("promo-off", "Withdrawn", "PERCENT_OFF_BASKET", code="PAUSED", percent="50", enabled=False),
        _rule("promo-app", "App only", "AMOUNT_OFF_BASKET", code="APP5", amount=money(500), channels=["APP"]),
    ]  # fmt: skip
    for rule in rules:
        rule["startsAt"] = instant(day - timedelta(days=30))
        rule["endsAt"] = instant(day + timedelta(days=60))
    rows: dict[str, Row] = {str(rule["id"]): rule for rule in rules}
    rows["promo-past"]["endsAt"] = instant(day - timedelta(days=5))
    rows["promo-soon"]["startsAt"] = instant(day + timedelta(days=20))
    return rows


def _rule(id_: str, name: str, kind: str, **members: object) -> Row:
    rule: Row = {
        "id": id_,
        "name": name,
        "kind": kind,
        "code": None,
        "enabled": True,
        "fundedBy": None,
        "usageLimit": None,
        "usageCount": 0,
        "perCustomerLimit": None,
        "usesByCustomer": {},
        "segments": [],
        "channels": [],
        "minimum": None,
        "maximum": None,
        "minimumQuantity": None,
    }
    return rule | members
