"""What `retailgraph audit` writes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.audit.errands import export, listed
from gateway.audit.reading import PAGE, AuditQuery, in_order, newest
from gateway.audit.scribe import Scribe
from gateway.database import open_database
from gateway.trouble import CannotStart
from tests.gateway.audit.test_scribe import NOW, RECORD, SETTINGS


async def keep(url: str, *changes: dict[str, Any]) -> None:
    scribe = Scribe(url, SETTINGS)
    async with scribe.running():
        await scribe.keep([replace(RECORD, id=str(place), **change) for place, change in enumerate(changes)])


def config(folder: Path) -> Path:
    systems = "".join(f'[systems.{role}]\nurl = "http://127.0.0.1:9"\n' for role in ("erp", "oms", "loyalty", "crm"))
    path = folder / "retailgraph.toml"
    path.write_text(f'{systems}[database]\nurl = "sqlite:///{folder / "retailgraph.db"}"\n')
    return path


async def test_everything_comes_in_order_a_page_at_a_time(url: str) -> None:
    """However many records there are, each comes once, in the order in which they were written down."""
    await keep(url, *({"at": NOW - number} for number in range(25)))
    database = open_database(url, 1)
    with database.reading.connect() as connection:
        told = [record.id for record in in_order(connection, AuditQuery(), page=10)]
        last = [record.id for record in newest(connection, AuditQuery(), 3)]
    database.close()
    assert told == [str(number) for number in range(25)]
    assert last == ["24", "23", "22"]
    assert PAGE == 1000


async def test_records_are_chosen(url: str) -> None:
    """By time, subject and coordinate, each alone and together."""
    changes: list[dict[str, Any]] = [
        {},
        {"subject": "login:bob"},
        {"coordinate": "Mutation.orderCancel"},
        {"at": NOW + 60},
    ]
    await keep(url, *changes)
    database = open_database(url, 1)
    with database.reading.connect() as connection:

        def chosen(**query: object) -> list[str]:
            return [one.id for one in in_order(connection, AuditQuery(**query))]  # type: ignore[arg-type]  # by name

        assert chosen(subject="login:bob") == ["1"]
        assert chosen(coordinate="Mutation.orderCancel") == chosen(coordinate="orderCancel") == ["2"]
        assert chosen(since=NOW + 1) == ["3"]
        assert chosen(until=NOW + 60) == ["0", "1", "2"]
        assert chosen(since=NOW, until=NOW + 60, subject="login:ada", coordinate="sell") == ["0"]
    database.close()


async def test_lines_of_json(tmp_path: Path) -> None:
    """A record a line, with the moment as people and programs read it, and ids as an object."""
    await keep(f"sqlite:///{tmp_path / 'retailgraph.db'}", {"named": '{"id":"ord-1"}'}, {})
    out = io.StringIO()
    export(config(tmp_path), since=None, until=None, subject=None, coordinate=None, as_csv=False, out=out)
    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["at"], first["named"]) == ("2026-02-25T06:13:20.000+00:00", {"id": "ord-1"})
    assert (second["id"], second["named"], second["replayed"]) == ("1", None, False)


async def test_a_table_for_spreadsheets(tmp_path: Path) -> None:
    """Names in the first line; what a client chose never becomes a formula."""
    await keep(f"sqlite:///{tmp_path / 'retailgraph.db'}", {"key": '=HYPERLINK("http://evil.example")', "field": "-a"})
    out = io.StringIO()
    export(config(tmp_path), since=None, until=None, subject="login:ada", coordinate=None, as_csv=True, out=out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert (row["subject"], row["customer"], row["replayed"]) == ("login:ada", "", "False")
    assert row["key"] == '\'=HYPERLINK("http://evil.example")'
    assert row["field"] == "'-a"


async def test_the_last_ones_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of the newest, with refusals and repeats told apart."""
    changes: list[dict[str, Any]] = [{"replayed": True}, {"outcome": "REFUSED", "code": "SOLD_OUT", "client": None}]
    await keep(f"sqlite:///{tmp_path / 'retailgraph.db'}", *changes)
    listed(config(tmp_path), subject=None, coordinate=None, limit=10, as_json=False)
    told = capsys.readouterr().out
    assert "2026-02-25 06:13:20  login:ada  storefront" in told
    assert told.index("SOLD_OUT") < told.index("ACCEPTED (repeat)")
    listed(config(tmp_path), subject=None, coordinate=None, limit=1, as_json=True)
    assert [one["code"] for one in json.loads(capsys.readouterr().out)] == ["SOLD_OUT"]


def test_where_nothing_was_changed_there_is_nothing(tmp_path: Path) -> None:
    """A database without the table has no records; a time that is none is told in a sentence."""
    out = io.StringIO()
    export(config(tmp_path), since="2h", until=None, subject=None, coordinate=None, as_csv=False, out=out)
    assert not out.getvalue()
    with pytest.raises(CannotStart, match="--since is 'yesterday'"):
        export(config(tmp_path), since="yesterday", until=None, subject=None, coordinate=None, as_csv=False, out=out)
