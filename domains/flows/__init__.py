"""What slow writes do, across the slices: the check that answers at once, and the steps that follow.

Deliberately does not know who keeps and runs flows, which vendors stand behind the ports, or GraphQL."""

from domains.flows.identity import flow_id_of
from domains.flows.order_cancellation import CancelOrder, cancel_order, cancellation_workflow
from domains.flows.order_checkout import Checkout
from domains.flows.order_identity import is_ours, order_id_behind
from domains.flows.order_refusals import (
    LineDifference,
    LinesDifferFromReservation,
    RedemptionExceedsTotal,
    RedemptionNotHeld,
    ReservationNotOpen,
)
from domains.flows.order_shipment import OrderShipped, shipped_workflow
from domains.flows.order_submission import SubmitOrder, submit_order
from domains.flows.order_systems import OrderSystems
from domains.flows.order_taking import submission_workflow
from domains.flows.return_authorization import (
    RETURN_AUTHORIZE,
    approve_return,
    authorize_return,
    return_authorization_workflow,
)
from domains.flows.return_cancellation import CanceledReturn, cancel_return, return_cancellation_workflow
from domains.flows.return_receipt import ReturnReceived, receive_return, return_receipt_workflow
from domains.flows.return_recording import RECORD_RETURN, AuthorizedReturn
from domains.flows.return_systems import ReturnSystems

__all__ = [
    "RECORD_RETURN",
    "RETURN_AUTHORIZE",
    "AuthorizedReturn",
    "CancelOrder",
    "CanceledReturn",
    "Checkout",
    "LineDifference",
    "LinesDifferFromReservation",
    "OrderShipped",
    "OrderSystems",
    "RedemptionExceedsTotal",
    "RedemptionNotHeld",
    "ReservationNotOpen",
    "ReturnReceived",
    "ReturnSystems",
    "SubmitOrder",
    "approve_return",
    "authorize_return",
    "cancel_order",
    "cancel_return",
    "cancellation_workflow",
    "flow_id_of",
    "is_ours",
    "order_id_behind",
    "receive_return",
    "return_authorization_workflow",
    "return_cancellation_workflow",
    "return_receipt_workflow",
    "shipped_workflow",
    "submission_workflow",
    "submit_order",
]
