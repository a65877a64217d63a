"""When a person's order about a flow or an exception is not carried out."""

from __future__ import annotations

from typing import ClassVar

from domains.durable.flow import ExceptionAction, FlowState
from domains.vocabulary import Refusal


class FlowNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when there is no such flow, or it was over so long ago that it is forgotten."""

    code: ClassVar[str] = "FLOW_NOT_FOUND"


class StepNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when the flow has no step of that name."""

    code: ClassVar[str] = "STEP_NOT_FOUND"


class IllegalFlowState(Refusal, frozen=True, kw_only=True):
    """Returned when what is asked for cannot be done to a flow in `state`."""

    code: ClassVar[str] = "ILLEGAL_FLOW_STATE"
    state: FlowState


class ExceptionNotFound(Refusal, frozen=True, kw_only=True):
    """Returned when there is no such exception, or it was resolved so long ago that it is forgotten."""

    code: ClassVar[str] = "EXCEPTION_NOT_FOUND"


class ActionNotOffered(Refusal, frozen=True, kw_only=True):
    """Returned when what is asked for cannot be done about an exception; `offered` can."""

    code: ClassVar[str] = "ACTION_NOT_OFFERED"
    offered: tuple[ExceptionAction, ...] = ()
