"""The commands `keys` and `token`, as they are called. What they do is in `gateway.identity.errands`, loaded when one
runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path | None, typer.Option(help="The settings, as TOML. By default what RETAILGRAPH_CONFIG names.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Audience = Annotated[str, typer.Option(help="storefront, mobile, partner, associate or operations.")]
Scopes = Annotated[str, typer.Option(help="With spaces between them.")]
Customer = Annotated[str | None, typer.Option(help="The customer who speaks, such as cust-00001.")]
Store = Annotated[str | None, typer.Option(help="Where an associate works, such as store-017.")]
Region = Annotated[str | None, typer.Option(help="Picks the regional systems.")]
Channel = Annotated[str | None, typer.Option(help="Where a partner's orders are placed, such as MARKETPLACE.")]
Days = Annotated[float | None, typer.Option(min=0, help="How long the new key lasts; without it until it is revoked.")]
Owner = Annotated[str, typer.Argument(help="As `keys list` shows it.")]

keys = typer.Typer(help="API keys, for partners and machines.", no_args_is_help=True)


def _errands() -> Any:
    return importlib.import_module("gateway.identity.errands")


def _caller(
    *,
    subject: str,
    audience: str,
    scopes: str,
    customer: str | None,
    store: str | None,
    region: str | None,
    channel: str | None,
) -> Any:
    made = importlib.import_module("resolvers.context").Caller
    return made(subject, audience, frozenset(scopes.split()), customer, store, region, channel)


@keys.command()
def create(
    *,
    audience: Audience,
    subject: Annotated[str, typer.Option(help="The owner: a name that may stand in log lines.")],
    scopes: Scopes = "",
    customer: Customer = None,
    store: Store = None,
    region: Region = None,
    channel: Channel = None,
    days: Days = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Make the first key of an owner. It is printed once, and kept as a digest."""
    caller = _caller(
        subject=subject,
        audience=audience,
        scopes=scopes,
        customer=customer,
        store=store,
        region=region,
        channel=channel,
    )
    _errands().create(config, caller, days=days, as_json=as_json)


@keys.command("list")
def list_keys(
    subject: Annotated[str | None, typer.Option(help="Only those of this owner.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Show all keys that were ever made, without their secrets."""
    _errands().listed(config, subject, as_json=as_json)


@keys.command()
def rotate(
    subject: Owner,
    keep_h: Annotated[float, typer.Option(min=0, help="Hours for which the old key goes on; 0 ends it now.")] = 24.0,
    days: Days = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Make a second key for an owner; both work until the old one ends. At most two are live."""
    _errands().rotate(config, subject, keep_h=keep_h, days=days, as_json=as_json)


@keys.command()
def revoke(
    named: Annotated[str, typer.Argument(help="The id of one key, or an owner: all of theirs.")],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """End a key now: every process refuses it within seconds, it says how many. Exits with 1 when none was live."""
    if not _errands().revoke(config, named, as_json=as_json):
        raise typer.Exit(1)


def token(
    *,
    audience: Audience = "storefront",
    store: Store = None,
    customer: Customer = None,
    region: Region = None,
    channel: Channel = None,
    scopes: Scopes = "",
    subject: Annotated[str, typer.Option(help="Stands in log lines as demo:<subject>.")] = "visitor",
    minutes: Annotated[float, typer.Option(min=0, help="How long it lasts.")] = 60.0,
    port: Annotated[int, typer.Option(help="Of the demo.")] = 8000,
) -> None:
    """Print a bearer token for a running demo, and for nothing else: `serve` believes none of them."""
    caller = _caller(
        subject=subject,
        audience=audience,
        scopes=scopes,
        customer=customer,
        store=store,
        region=region,
        channel=channel,
    )
    _errands().token(port, caller, minutes=minutes)
