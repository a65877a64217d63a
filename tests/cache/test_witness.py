"""What whoever keeps something made of several answers hears of them."""

from __future__ import annotations

from collections.abc import Collection

from cache import open_pantry
from cache.bus import Invalidation
from domains.products import Product
from domains.vocabulary import SystemRole
from tests.cache.kitchen import POLICY, Clock, Source, skus


class Heard:
    """Writes down what it is told; keys are shown as the names behind their digests."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.said: list[tuple[str, ...]] = []

    def read(self, shelf: str, keys: Collection[str], fresh_s: float) -> None:
        assert fresh_s == POLICY.fresh_s
        self.said.append(("read", shelf, *sorted(self.names.get(key, key) for key in keys)))

    def forgotten(self, shelf: str, keys: Collection[str]) -> None:
        self.said.append(("forgotten", shelf, *sorted(self.names.get(key, key) for key in keys)))

    def lost(self) -> None:
        self.said.append(("lost",))


async def test_reads_are_told_before_they_are_answered_and_news_when_it_counts() -> None:
    """Every way to read what is everybody's, and every way to forget: here, by another process, and all at once."""
    clock, heard = Clock(), Heard()
    source = Source(clock)
    async with open_pantry(memory_max_bytes=1_000_000, clock=clock, luck=lambda: 0.0, witness=heard) as pantry:
        products = pantry.cached(source, POLICY, name="products", kind=Product, system=SystemRole.ERP)
        heard.names = {products._texts.of(sku): sku for sku in skus("a", "b")}
        await products(skus("a", "b"))
        await products(skus("a"))
        products.at_hand(skus("b"))
        await pantry.forget("products", skus("a"))
        pantry.heard(Invalidation(shelf="products", key=products._texts.of(next(iter(skus("b")))), version=None))
        pantry.lost()
    assert heard.said == [
        ("read", "products", "a", "b"),
        ("read", "products", "a"),
        ("read", "products", "b"),
        ("forgotten", "products", "a"),
        ("forgotten", "products", "b"),
        ("lost",),
    ]


async def test_what_is_somebodys_is_not_told() -> None:
    """Nothing that is private can be a part of what is kept for all."""
    clock, heard = Clock(), Heard()
    async with open_pantry(memory_max_bytes=1_000_000, clock=clock, luck=lambda: 0.0, witness=heard) as pantry:
        mine = pantry.cached(
            Source(clock), POLICY, name="mine", kind=Product, system=SystemRole.ERP, owner=lambda: "ada"
        )
        await mine(skus("a"))
    assert heard.said == []


async def test_news_that_is_none_is_not_told_as_such() -> None:
    """A version that is not newer than the last forgets nothing."""
    clock, heard = Clock(), Heard()
    async with open_pantry(memory_max_bytes=1_000_000, clock=clock, luck=lambda: 0.0, witness=heard) as pantry:
        pantry.cached(Source(clock), POLICY, name="products", kind=Product, system=SystemRole.ERP)
        await pantry.forget("products", skus("a"), version=7)
        await pantry.forget("products", skus("a"), version=7)
    assert [len(said) for said in heard.said] == [3, 2]
