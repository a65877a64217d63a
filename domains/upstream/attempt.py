"""What came of one attempt: a fault, or an answer to be decoded."""

from __future__ import annotations

import msgspec

from domains.upstream.call import Call
from domains.upstream.errand import Errand
from domains.upstream.letter import Answer, Limits, Lost
from domains.upstream.translate import translate_fault, translate_status
from domains.vocabulary import SystemRole, UpstreamError, UpstreamGarbled


def answered(found: Answer | Lost, errand: Errand, limits: Limits) -> Answer:
    """What came of the errand's letter, of whatever status, with the body read.

    Raises the UpstreamError that a fault of the transport stands for; UpstreamGarbled when a 2xx body is larger than
    `limits.body_max_bytes`.
    """
    if isinstance(found, Lost):
        fault = found.fault
        system, capability = errand.system, errand.call.capability
        raise translate_fault(fault, system, capability, reading_body=found.reading_body) from fault
    if not found.is_whole and found.is_success:
        detail = f"the body has more than {limits.body_max_bytes} bytes"
        raise UpstreamGarbled(errand.system, errand.call.capability, detail)
    return found


def read(answer: Answer, call: Call, system: SystemRole) -> Answer:
    """The same answer with its decoded value. Raises the UpstreamError that its status or its body stands for."""
    if not answer.is_success:
        error = translate_status(system, call.capability, answer.status, answer.head.named(), answer.body)
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame, which would hold it: see without_frames
    try:
        answer.value = call.decode(answer.body)
    except UpstreamError:
        raise
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:  # RecursionError: JSON nested without end
        raise UpstreamGarbled(system, call.capability, f"{type(fault).__name__} {fault}") from fault
    return answer
