"""After the attacks, of which the gateway and its log are what is left. Runs last, as its name stands last."""

from __future__ import annotations

import json
import re
from base64 import b64decode

from tests.attacks.credentials import GOOD, RGK
from tests.attacks.house import WEBHOOK_SECRET, WHO, Target
from tests.attacks.wire import ask

MIB = 1024 * 1024
GROWTH_MAX, PEAK_MAX, FILES_MAX = 96 * MIB, 256 * MIB, 10
"""Prepared documents, refused ones and verdicts on tokens are kept, within bounds of their own: most of it is these."""

NORMAL_S = 0.1


def test_the_gateway_answers_as_before(target: Target) -> None:
    """The same question, at the same speed, to everybody; nothing hangs."""
    answers = [target.normal() for _ in range(50)]
    said = {json.dumps(json.loads(answer.body)["data"]) for answer in answers}
    assert len(said) == 1
    assert '"name": "' in said.pop()
    assert sorted(answer.seconds for answer in answers)[25] < NORMAL_S
    assert target.send(ask("{ __typename }")).status == 200


def test_nothing_has_grown(target: Target) -> None:
    """Neither memory, also at its largest, nor open files."""
    now = target.memory()
    assert now["VmRSS"] - target.at_first["VmRSS"] < GROWTH_MAX
    assert now["VmHWM"] - target.at_first["VmRSS"] < PEAK_MAX
    assert target.files() - target.at_first["files"] <= FILES_MAX


def test_nobody_was_called(target: Target) -> None:
    """The canary, whose address stood in tokens and events, was left alone."""
    assert target.canary.calls == []


def test_the_log_holds_no_secret(target: Target) -> None:
    """No token, whole or by its signature, no key and no secret, also where they were refused."""
    log = target.log.read_text(encoding="utf-8", errors="replace")
    secrets = [*WHO, GOOD, *GOOD.split(".")[1:], RGK, RGK[-20:], WEBHOOK_SECRET]
    secrets.append(b64decode(WEBHOOK_SECRET.removeprefix("whsec_")).decode())
    assert [secret[:12] for secret in secrets if secret in log] == []


def test_the_log_holds_no_failure_of_ours(target: Target) -> None:
    """What was sent on purpose is no error of the gateway's: none is told, nothing was raised that nobody caught."""
    log = target.log.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [line[:400] for line in log if re.search(r'"level": ?"(error|critical)"|Traceback', line)] == []
