"""Who may play which role: the one place that names vendors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from domains.connectors import open as open_contract
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.loyalty import Holding
from domains.upstream import Wire
from domains.vocabulary import SystemRole
from gateway.complaints import SettingsError, wrong_value
from gateway.settings import Settings
from gateway.systems import LoyaltySystem, System

Ports = TypeVar("Ports")
Connect = Callable[[System, Wire], Ports]


def _open(system: System) -> open_contract.OpenSettings:
    return open_contract.OpenSettings(
        url=system.url, token=None if system.token is None else system.token.get_secret_value()
    )


def _holding(system: System) -> Holding:
    return Holding(system.holds) if isinstance(system, LoyaltySystem) else Holding.NATIVE_LOCK


ERPS: dict[str, Connect[ErpPorts]] = {"open": lambda system, wire: open_contract.connect_erp(_open(system), wire)}
OMSS: dict[str, Connect[OmsPorts]] = {"open": lambda system, wire: open_contract.connect_oms(_open(system), wire)}
LOYALTIES: dict[str, Connect[LoyaltyPorts]] = {
    "open": lambda system, wire: open_contract.connect_loyalty(_open(system), wire, _holding(system))
}
CRMS: dict[str, Connect[CrmPorts]] = {"open": lambda system, wire: open_contract.connect_crm(_open(system), wire)}


def connected(
    vendors: Mapping[str, Connect[Ports]],
    role: SystemRole,
    settings: Settings,
    wires: Mapping[SystemRole, Wire],
) -> Ports:
    """What the vendor that plays `role` answers. Raises SettingsError for one that nobody wrote."""
    return joined(vendors, settings.systems.of(role), (role.value.lower(),), wires[role])


def joined(vendors: Mapping[str, Connect[Ports]], system: System, key: tuple[str, ...], wire: Wire) -> Ports:
    """What the vendor of one system answers, which the settings have under `key`. Raises as `connected`."""
    connect = vendors.get(system.vendor)
    if connect is None:
        raise SettingsError(wrong_value(("systems", *key, "vendor"), system.vendor, " or ".join(sorted(vendors))))
    return connect(system, wire)
