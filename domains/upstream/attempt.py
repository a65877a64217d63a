"""One question and its answer: sent, read to the end and decoded within one time limit."""

from __future__ import annotations

import msgspec

from domains.upstream.call import Call
from domains.upstream.errand import Errand
from domains.upstream.letter import Answer, Carrier, Limits, Lost
from domains.upstream.translate import translate_fault, translate_status
from domains.vocabulary import SystemRole, UpstreamError, UpstreamGarbled


async def ask(carrier: Carrier, errand: Errand, limits: Limits) -> Answer | None:
    """Send the errand's letter once. The limit covers all of it to the last byte, however slowly that drips.

    Hands back what was answered, of whatever status, with the body read; None when the attempt was cut because its time
    was up. Whose time that was is for the Wire to say. Raises the UpstreamError that a fault of the transport stands
    for; UpstreamGarbled when a 2xx body is larger than `limits.body_max_bytes`.
    """
    system, capability = errand.system, errand.call.capability
    answer = await carrier.carry(errand.letter, errand.saying(limits.limit_s), limits)
    if isinstance(answer, Lost):
        fault = answer.fault
        raise translate_fault(fault, system, capability, reading_body=answer.reading_body) from fault
    if answer is not None and answer.is_success and not answer.is_whole:
        raise UpstreamGarbled(system, capability, f"the body has more than {limits.body_max_bytes} bytes")
    return answer


def read(answer: Answer, named: dict[str, str], call: Call, system: SystemRole) -> Answer:
    """The same answer with its decoded value. Raises the UpstreamError that its status or its body stands for.

    `named` are its headers by name in lower case.
    """
    error = translate_status(system, call.capability, answer.status, named, answer.body)
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
