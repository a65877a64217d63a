"""A Wire to each outside system, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from domains.upstream import Wire, open_wire
from domains.vocabulary import SystemRole
from gateway.limits import count_call
from gateway.paths import SHUT
from gateway.settings import Settings
from gateway.systems import System

Wires = dict[SystemRole, Wire]


def open_wires(settings: Settings, stack: AsyncExitStack) -> Wires:
    """One for each role, open until `stack` ends."""
    return {role: wire_to(role, settings.systems.of(role), stack) for role in SystemRole}


def named(wires: Wires, abroad: Mapping[str, Wire]) -> dict[str, Wire]:
    """All of them by what they are called: a role, or "CRM/eu" for the one `abroad` in that region."""
    roles = {role.value: wire for role, wire in wires.items()}
    return roles | {f"{SystemRole.CRM.value}/{region}": wire for region, wire in abroad.items()}


def wire_to(role: SystemRole, system: System, stack: AsyncExitStack) -> Wire:
    """One to `system`, which plays `role`, open until `stack` ends."""
    shut_to = frozenset(path for path, systems in SHUT.items() if role in systems)
    wire = open_wire(role, system.wire, hooks=(count_call,), shut_to=shut_to)
    stack.push_async_callback(wire.aclose)
    return wire
