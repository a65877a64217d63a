"""The kinds of slow writes that this program accepts and does, over the ports of the outside systems."""

from __future__ import annotations

from typing import Any

from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.durable import Workflow
from domains.flows import (
    OrderSystems,
    ReturnSystems,
    cancellation_workflow,
    return_authorization_workflow,
    return_cancellation_workflow,
    return_receipt_workflow,
    shipped_workflow,
    submission_workflow,
)


def all_workflows(erp: ErpPorts, oms: OmsPorts, loyalty: LoyaltyPorts, crm: CrmPorts) -> tuple[Workflow[Any], ...]:
    """Every kind, once. What they read is never kept: a remembered answer does not say what was done since."""
    orders = OrderSystems(
        orders=oms.orders,
        order_writes=oms.order_writes,
        inventory=oms.inventory,
        loyalty=loyalty.loyalty,
        loyalty_writes=loyalty.loyalty_writes,
        finance=erp.finance,
        finance_writes=erp.finance_writes,
        customer_writes=crm.customer_writes,
    )
    returns = ReturnSystems(
        returns=oms.returns,
        loyalty_writes=loyalty.loyalty_writes,
        finance=erp.finance,
        finance_writes=erp.finance_writes,
        customer_writes=crm.customer_writes,
    )
    return (
        submission_workflow(orders),
        cancellation_workflow(orders),
        shipped_workflow(orders),
        return_authorization_workflow(returns),
        return_receipt_workflow(returns),
        return_cancellation_workflow(returns),
    )
