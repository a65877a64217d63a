"""What is recorded of an operation, and of whom."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import pytest

from gateway.http import HttpFault
from gateway.limits import Refused
from tests.gateway.audit.counting_house import ADA, NOBODY, Shop, ask, engine, house, no_turn, recorded


async def test_each_mutation_is_a_record(url: str) -> None:
    """Every field of a mutation is recorded with who, when, from where and what came of it, in order."""
    before = time.time()
    query = "mutation Till { first: sell refuse fail again: repeat }"
    async with house(url) as audit:
        await ask(audit, query)
    first, refused, failed, again = recorded(url)
    assert (first.subject, first.audience, first.customer, first.client) == (
        "login:ada",
        "storefront",
        "cust-00001",
        "203.0.113.7",
    )
    assert before <= first.at <= time.time()
    assert (first.operation, first.coordinate, first.field) == ("Till", "Mutation.sell", "first")
    assert first.document == hashlib.sha256(query.encode()).hexdigest()
    assert (first.outcome, first.answer, first.code, first.key) == ("ACCEPTED", "Sold", None, "key-first")
    assert json.loads(first.named or "") == {"id": "sale-1", "orderId": "ord-1"}
    assert (refused.outcome, refused.answer, refused.code) == ("REFUSED", "SoldOut", "SOLD_OUT")
    assert (failed.outcome, failed.answer, failed.code, failed.key) == ("FAILED", None, "UPSTREAM_TIMEOUT", "key-fail")
    assert (again.outcome, again.replayed, first.replayed) == ("ACCEPTED", True, False)
    assert len({one.id for one in (first, refused, failed, again)}) == 4


async def test_a_record_says_nothing_of_the_input(url: str) -> None:
    """Variables are in no column, and neither is a literal in the text."""
    async with house(url) as audit:
        await ask(audit, "mutation A($secret: String!) { sell(secret: $secret) }")
        await ask(audit, 'mutation { sell(secret: "hunter2") }')
    records = recorded(url)
    assert len(records) == 2
    assert "hunter2" not in repr(records)


async def test_only_what_was_asked_is_recorded(url: str) -> None:
    """Of several operations the one that ran counts, fields through fragments too; what a directive skips does not."""
    query = """
        mutation A { refuse }
        mutation B { ...some ... on Mutation { b: sell } skipped: sell @skip(if: true) __typename }
        fragment some on Mutation { a: sell ...more }
        fragment more on Mutation { c: repeat }
        query C { hello }
    """
    async with house(url) as audit:
        await ask(audit, query, name="B")
        await ask(audit, query, name="C")
    assert [(one.operation, one.field) for one in recorded(url)] == [("B", "a"), ("B", "c"), ("B", "b")]


async def test_queries_are_not_recorded(tmp_path: object, sqlite_url: str) -> None:
    """A query opens no database, so it waits for none."""
    async with house(sqlite_url) as audit:
        await ask(audit, "{ hello }")
        await ask(audit, "{ nope }")
        await ask(audit, "{")
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]  # pytest's folder


async def test_refusals_before_anything_ran_are_recorded(sqlite_url: str) -> None:
    """A mutation that does not validate, is no trusted document or has no turn is recorded with the refusal's code."""
    async with house(sqlite_url) as audit:
        await ask(audit, "mutation Bad { sell { nope } missing }")
        with pytest.raises(HttpFault):
            await ask(audit, "mutation { sell }", trusted_only=True)
        with pytest.raises(Refused):
            await ask(audit, "mutation { sell }", turn=no_turn)
    records = recorded(sqlite_url)
    assert {one.outcome for one in records} == {"REFUSED"}
    assert [(one.coordinate, one.code) for one in records] == [
        ("Mutation.sell", "GRAPHQL_VALIDATION_FAILED"),
        ("Mutation.missing", "GRAPHQL_VALIDATION_FAILED"),
        ("Mutation.sell", "DOCUMENT_NOT_TRUSTED"),
        ("Mutation.sell", "RATE_LIMITED"),
    ]


async def test_a_strangers_refusals_are_not(sqlite_url: str) -> None:
    """Refusals of callers who said nothing of themselves are no records; what they changed is."""
    async with house(sqlite_url) as audit:
        await ask(audit, "mutation { missing }", NOBODY)
        await ask(audit, "mutation { sell }", NOBODY)
    (record,) = recorded(sqlite_url)
    assert (record.subject, record.outcome) == ("anonymous", "ACCEPTED")


async def test_nobody_writes_the_log_full(sqlite_url: str) -> None:
    """Of refusals in a row a burst is recorded, with a few coordinates each; the rest are counted."""
    wide = "mutation { " + " ".join(f"missing{number}" for number in range(40)) + " }"
    async with house(sqlite_url) as audit:
        await ask(audit, wide)
        for _ in range(30):
            await ask(audit, "mutation { missing }")
        changed = await ask(audit, "mutation { sell }")
    assert changed.data == {"sell": 0}
    records = recorded(sqlite_url)
    assert [one.coordinate for one in records[15:18]] == [
        "Mutation.missing15",
        "Mutation.* (24 more)",
        "Mutation.missing",
    ]
    assert len(records) == 17 + 19 + 1  # a burst of 20 refusals, and what was done is recorded always


async def test_a_query_that_is_turned_away_is_not_read(sqlite_url: str) -> None:
    """Who is over their limit costs no parsing and no validation for a record that there is none of."""
    it = engine()
    async with house(sqlite_url) as audit:
        for number in range(3):
            with pytest.raises(Refused):
                await ask(audit, f"{{ a{number}: hello }}", turn=no_turn, it=it)
    assert len(it.operations) == 0
    assert not recorded(sqlite_url)


async def test_who_goes_away_leaves_a_record(sqlite_url: str) -> None:
    """A mutation whose client is gone is recorded as of unknown outcome; what had not begun is not."""
    shop = Shop()
    async with house(sqlite_url) as audit:
        task = asyncio.create_task(ask(audit, "mutation { sell hang repeat }", shop=shop))
        await shop.begun.wait()
        task.cancel()
        await asyncio.wait({task})
    first, second = recorded(sqlite_url)
    assert (first.field, first.outcome) == ("sell", "ACCEPTED")
    assert (second.field, second.outcome, second.code) == ("hang", "UNKNOWN", "BROKEN_OFF")


async def test_who_goes_away_before_anything_was_written_is_no_record(sqlite_url: str) -> None:
    """A mutation that is broken off before its first write gives the database nothing to write: an empty statement
    would fail, and send everybody's records to the log for a while."""
    shop = Shop()
    async with house(sqlite_url) as audit:
        await ask(audit, "mutation { sell }")
        task = asyncio.create_task(ask(audit, "mutation { lookFirst }", shop=shop))
        await shop.begun.wait()
        task.cancel()
        await asyncio.wait({task})
    assert audit.scribe.groups == 1
    assert [one.field for one in recorded(sqlite_url)] == ["sell"]


@pytest.mark.parametrize("enabled", [True, False])
async def test_it_can_be_turned_off(sqlite_url: str, enabled: bool) -> None:
    """Without the audit log there is nobody to tell, and nobody who opens the database to forget old records."""
    async with house(sqlite_url, enabled=enabled) as audit:
        assert (audit.of(ADA, {}) is not None) == enabled
        assert any(task.get_name() == "audit-pruning" for task in asyncio.all_tasks()) == enabled
