"""Products and their return policies."""

from __future__ import annotations

from domains.sandbox.world.goods import BRANDS, COLOURS, KINDS, Kind
from domains.sandbox.world.rows import Row, gs1_key, money, stream

SHOWCASE = 24
"""SKU-00001 to SKU-00024 are plain goods in stock everywhere, for examples and tests."""

FINAL_SALE, NO_WINDOW, WITH_FEE = "SKU-00021", "SKU-00022", "SKU-00023"
"""The three of the showcase whose return policy is out of the ordinary."""

_ENDINGS = (95, 99, 90, 0)


def sku_of(number: int) -> str:
    return f"SKU-{number:05d}"


def build_products(seed: int, count: int) -> dict[str, Row]:
    """`count` Product rows by sku, SKU-00001 on."""
    rng = stream(seed, "products")
    products = {}
    for number in range(1, count + 1):
        kind = KINDS[(number - 1) % len(KINDS)]
        brand, material, colour = _variant((number - 1) // len(KINDS) + number, kind)
        cents = int(kind.lowest + rng.random() * (kind.highest - kind.lowest)) * 100 - 100 + _ENDINGS[number % 4]
        products[sku_of(number)] = {
            "sku": sku_of(number),
            "gtin": gs1_key(number * 7),
            "name": f"{brand} {material} {kind.noun}, {colour}",
            "description": f"{kind.about} {material}, in {colour.lower()}.",
            "category": f"{kind.department} > {kind.category}",
            "listPrice": money(cents),
            "taxCode": kind.tax_code,
            "unit": kind.unit,
        }
    return products


def _variant(turn: int, kind: Kind) -> tuple[str, str, str]:
    """The brand, material and colour of the kind's `turn`-th product: no triple comes twice in 240 turns."""
    brand = BRANDS[turn % len(BRANDS)]
    material = kind.materials[turn // len(BRANDS) % len(kind.materials)]
    colour = COLOURS[(turn // (len(BRANDS) * len(kind.materials)) + turn) % len(COLOURS)]
    return brand, material, colour


def build_policies(seed: int, products: dict[str, Row]) -> dict[str, Row]:
    """A ReturnPolicy row per product. Absent windowDays is no limit."""
    rng = stream(seed, "policies")
    policies = {}
    for number, (sku, product) in enumerate(products.items(), start=1):
        row = _department_policy(str(product["category"]))
        odds = rng.random()
        if sku == FINAL_SALE or (number > SHOWCASE and odds < 0.02):
            row["finalSale"] = True
        elif sku == NO_WINDOW or (number > SHOWCASE and odds < 0.05):
            row["windowDays"] = None
        elif sku == WITH_FEE or (number > SHOWCASE and odds < 0.10):
            row["restockingFee"] = money(990)
        policies[sku] = {"sku": sku} | row
    return policies


def _department_policy(category: str) -> Row:
    methods = ["RETURN_BY_MAIL", "RETURN_IN_STORE"]
    window = 30
    if category.startswith("Electronics"):
        window = 14
    elif category == "Home > Furniture":
        methods = ["RETURN_BY_MAIL"]
    elif category == "Home > Fabrics":
        methods = ["RETURN_IN_STORE"]
    return {
        "windowDays": window,
        "methods": methods,
        "refundTypes": ["FULL_REFUND", "EXCHANGE_REFUND", "STORE_CREDIT_REFUND"],
        "restockingFee": None,
        "finalSale": False,
    }
