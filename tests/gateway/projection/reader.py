"""A process that reads an ERP into a database, to be killed: `python -m tests.gateway.projection.reader URL DATABASE`.

Writes a line per page to standard output, once the page is in the database.
"""

import asyncio
import sys

from domains.connectors.open import OpenSettings, connect_erp
from domains.upstream import open_wire
from domains.vocabulary import SystemRole
from gateway.projection import Feeds, Progress, RefreshPolicy, run_refresh


def tell(progress: Progress) -> None:
    sys.stdout.write(f"{progress.kind} {progress.done}\n")
    sys.stdout.flush()


async def main(url: str, database_url: str, page_size: int, calls_per_s: float) -> None:
    wire = open_wire(SystemRole.ERP)
    try:
        erp = connect_erp(OpenSettings(url), wire)
        await run_refresh(
            database_url,
            Feeds(erp.product_feed, erp.position_feed, erp.location_feed),
            full=False,
            policy=RefreshPolicy(calls_per_s=calls_per_s, page_size=page_size),
            on_progress=tell,
            lease_s=0.5,
        )
    finally:
        await wire.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
