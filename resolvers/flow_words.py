"""What each value of the enumerations of slow writes means, in the public schema's words."""

from domains.durable import ExceptionAction, ExceptionSource, FlowState, Severity, StepState
from resolvers.enums import described

described(
    FlowState,
    "How far a slow write has come.",
    ACCEPTED="Accepted; nothing is done yet.",
    RUNNING="A step is being done.",
    WAITING="Between two attempts of a step, or waiting for its turn.",
    COMPLETED="All is done.",
    COMPENSATED="A system refused; what was done is undone.",
    NEEDS_PERSON="Stands still until a person decides.",
    CANCELED="A person called it off; what was done is undone.",
)
described(
    StepState,
    "How far one step of a slow write has come.",
    PENDING="Not begun.",
    RUNNING="Being done.",
    WAITING="Did not work yet; it is tried again by itself.",
    DONE="Done.",
    SKIPPED="There is nothing to do, or a person settled it by hand.",
    REFUSED="The system says no, and will say so again.",
    NEEDS_PERSON="Stands still until a person decides.",
    UNDONE="Was done, and is taken back.",
)
described(
    Severity,
    "How much an exception matters.",
    name="ExceptionSeverity",
    INFO="Worth knowing.",
    WARNING="Late or uncertain; it may end by itself.",
    URGENT="Something stands still until a person acts.",
)
described(
    ExceptionSource,
    "Where an exception comes from.",
    FLOW="A slow write.",
    EVENT="An event of an outside system that could not be taken.",
    RECONCILIATION="Books that do not agree.",
)
described(
    ExceptionAction,
    "What a person may do about an exception.",
    RETRY="Try it again.",
    RETRY_FROM_STEP="Do the flow again from one of its steps.",
    RESOLVE="Say how it was settled by hand.",
)
