"""What `retailgraph keys` and `retailgraph token` do. A secret is printed once, alone on standard output."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import typer
from rich.table import Table
from sqlalchemy import Connection

from gateway.database import TROUBLE, open_database
from gateway.identity import register
from gateway.identity.demo_issuer import mint
from gateway.identity.keys import id_of
from gateway.identity.settings import AUDIENCES, is_audience
from gateway.ops.terminal import clock_time, say, say_json, table_console
from gateway.settings import load
from gateway.trouble import CannotStart
from resolvers.context import Caller

R = TypeVar("R")

HOUR_S, DAY_S = 3600, 86_400
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class NotDone(CannotStart):
    """What was asked of the register cannot be done; the text says why."""


def create(config: Path | None, caller: Caller, *, days: float | None, as_json: bool) -> None:
    """Make the first key of an owner and print it. Raises CannotStart."""
    _check(caller)
    now = time.time()
    ends_at = None if days is None else now + days * DAY_S
    _hand_over(_change(config, lambda connection: register.create(connection, caller, now, ends_at)), as_json=as_json)


def rotate(config: Path | None, subject: str, *, keep_h: float, days: float | None, as_json: bool) -> None:
    """Make the successor of an owner's key and print it; the old one goes on for `keep_h`. Raises CannotStart."""
    now = time.time()
    ends_at = None if days is None else now + days * DAY_S
    until = now + keep_h * HOUR_S
    token = _change(config, lambda connection: register.rotate(connection, subject, now, until, ends_at))
    _hand_over(token, as_json=as_json)


def revoke(config: Path | None, named: str, *, as_json: bool) -> bool:
    """End the key of this id, or all keys of this owner; False when none was live. Raises CannotStart."""
    ended = _change(config, lambda connection: register.revoke(connection, named, time.time()))
    within_s = load(config).identity.keys.fresh_s
    if as_json:
        say_json({"revoked": ended, "refusedWithinS": within_s})
    else:
        told = f"Revoked: {', '.join(ended)}. Refused by every process within {within_s:g} s."
        say(told if ended else f"No live key is called {named}, and no owner of one.")
    return bool(ended)


def listed(config: Path | None, subject: str | None, *, as_json: bool) -> None:
    """Print the keys that were made, without their secrets. Raises CannotStart."""
    now = time.time()
    keys = _change(config, lambda connection: register.listed(connection, subject))
    if as_json:
        say_json([_told(key, now) for key in keys])
        return
    table = Table("id", "owner", "audience", "scopes", "state", "made (UTC)", "ends (UTC)", box=None, pad_edge=False)
    for key in keys:
        scopes, made, ends = " ".join(sorted(key.caller.scopes)), _moment(key.created_at), _moment(key.ends_at)
        table.add_row(key.id, key.caller.subject, key.caller.audience, scopes, key.state(now), made, ends)
    table_console().print(table)


def token(port: int, caller: Caller, *, minutes: float) -> None:
    """Print a token for the demo on `port`. Raises CannotStart."""
    _check(caller)
    typer.echo(mint(port, caller, now=time.time(), lasts_s=minutes * 60))


def _check(caller: Caller) -> None:
    if not is_audience(caller.audience):
        raise CannotStart(f"--audience is {caller.audience!r}; allowed: {', '.join(AUDIENCES)}, or partner/<name>.")
    if not _SUBJECT.fullmatch(caller.subject):
        raise CannotStart(f"--subject is {caller.subject!r}; allowed: up to 64 letters, digits, dots and hyphens.")


def _change(config: Path | None, work: Callable[[Connection], R]) -> R:
    """What `work` answers, in one transaction of the settings' database."""
    database = open_database(load(config).database.url.get_secret_value(), connections=1)
    try:
        with database.writing.begin() as connection:
            register.prepare(database, connection)
            return work(connection)
    except register.KeyRefused as refused:
        raise NotDone(str(refused)) from None
    except TROUBLE as exc:
        raise NotDone(f"The database cannot be asked: {exc.__cause__ or exc}") from exc
    finally:
        database.close()


def _hand_over(secret: str, *, as_json: bool) -> None:
    """The secret alone on standard output, so that it can be piped into whatever keeps it."""
    if as_json:
        say_json({"id": id_of(secret), "token": secret})
        return
    typer.echo(secret)
    typer.echo("This is the only time it is shown. Send it as `Authorization: Bearer ...`.", err=True)


def _told(key: register.Listed, now: float) -> dict[str, object]:
    return {
        "id": key.id,
        "subject": key.caller.subject,
        "audience": key.caller.audience,
        "scopes": sorted(key.caller.scopes),
        "customer": key.caller.customer_id,
        "store": key.caller.store_id,
        "region": key.caller.region,
        "channel": key.caller.channel,
        "state": key.state(now),
        "createdAt": key.created_at,
        "endsAt": key.ends_at,
        "revokedAt": key.revoked_at,
    }


def _moment(at_s: float | None) -> str:
    return clock_time(None if at_s is None else datetime.fromtimestamp(at_s, UTC))
