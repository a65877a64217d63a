"""Reads whose asks go out together while their system, or the process itself, is busy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from domains.customers import Customers
from domains.upstream import Gathered, GatheringPolicy
from domains.vocabulary import InBatches
from gateway.identity import current_owner
from gateway.policies import KEPT
from resolvers.context import Retail


def gathering(
    retail: Retail, regions: Mapping[str, Customers], policy: GatheringPolicy | None
) -> tuple[Retail, dict[str, Customers]]:
    """The same house, and the same customers by region, with asks that gather: for each read that is kept and whose
    connector takes many keys at once.

    What is not kept is asked for by writes, one by one. Each region gathers by itself: no call holds keys of two.
    Nothing gathers without a `policy`.
    """
    if policy is None:
        return retail, dict(regions)
    ports = {port.name: getattr(retail, port.name) for port in fields(retail)}
    abroad = {name: _gathering({"customers": one}, policy)["customers"] for name, one in regions.items()}
    return replace(retail, **_gathering(ports, policy)), abroad


def _gathering(ports: Mapping[str, Any], policy: GatheringPolicy) -> dict[str, Any]:
    made = dict(ports)
    for name, row in KEPT.items():
        slice_, read = name.split(".")
        if slice_ not in ports or not isinstance(fetch := getattr(made[slice_], read), InBatches):
            continue
        gathered = Gathered(
            fetch,
            policy,
            keys_max=fetch.keys_max,
            system=row.system,
            capability=name,
            owner=current_owner.get if row.private else None,
        )
        made[slice_] = replace(made[slice_], **{read: gathered})
    return made
