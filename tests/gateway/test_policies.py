"""The numbers in force are there to be read, and the table of kept reads matches the ports."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from domains.vocabulary import SystemRole
from gateway.policies import KEPT
from gateway.projection import ProjectionReads
from resolvers.context import Retail
from tests.running import command

NEVER_KEPT = {"promotions.evaluate", "promotions.forecast", "inventory.reservations", "loyalty.entries"}
NO_READS = {
    *("loyalty.hold", "loyalty.void", "loyalty.capture", "inventory.reserve", "inventory.release"),
    *(f"returns.{write}" for write in ("record", "request", "approve", "decline", "receive", "cancel")),
    *("inventory.promises", "inventory.promiser", "inventory.grids"),  # the house's own keys, and its arithmetic
}
PUBLIC = {"products", "inventory", "projection"}
PRODUCTS = "projection.products_by_sku"  # kept under the name of the port that it stands behind


def reads() -> set[str]:
    ports = get_type_hints(Retail)
    slices = {
        f"{slice_.name}.{read.name}"
        for slice_ in fields(Retail)
        for read in fields(ports[slice_.name])
        if slice_.name != "durable"  # the journal is the house's own: nobody remembers what it says
    }
    return (slices | {f"projection.{read.name}" for read in fields(ProjectionReads)}) - NO_READS - {PRODUCTS}


def test_every_read_is_kept_or_said_never_to_be() -> None:
    """A new read is either given its numbers or listed here as one that must not outlive its question."""
    assert set(KEPT) | NEVER_KEPT == reads()
    assert not set(KEPT) & NEVER_KEPT


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_is_about_people_is_private(name: str) -> None:
    """Only goods, places, programs and terms are shared between callers."""
    shared = name.split(".", maxsplit=1)[0] in PUBLIC or name in {"loyalty.programs", "returns.policies"}
    assert KEPT[name].private is not shared


def test_the_policies_in_force_can_be_printed() -> None:
    """`serve --print-policies` shows a number for each system and each read, and marks what a deployment changed."""
    env = {f"RETAILGRAPH_SYSTEMS__{role.value}__URL": "http://127.0.0.1:1" for role in SystemRole}
    env["RETAILGRAPH_SYSTEMS__OMS__WIRE__SLOTS_MAX"] = "7"
    with command("serve", "--print-policies", env=env) as process:
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "7 (default 64)" in said
    assert all(name in said for name in KEPT)
