"""What another process has used of the processor."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from gateway.bench.clocks import cpu_s, seconds_of, told_by_ps

BUSY = "import time\nwhile time.process_time() < 0.05: pass\nprint(time.process_time(), flush=True)\ninput()"


def test_what_a_process_says_of_itself_is_what_others_see() -> None:
    """A child that has worked for so long, and waits now, is charged with that and hardly more."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = float(child.stdout.readline())
        seen = cpu_s(child.pid)
        child.communicate(b"\n")
    assert said <= seen <= said + 0.5


def test_time_that_is_slept_is_not_counted() -> None:
    """The clock is of the processor and not of the wall: it is this process's own account."""
    before, began = cpu_s(os.getpid()), time.process_time()
    spent = sum(range(200_000))
    assert spent
    assert cpu_s(os.getpid()) - before == pytest.approx(time.process_time() - began, abs=0.05)


@pytest.mark.parametrize("look", [cpu_s, told_by_ps])
def test_a_process_that_has_ended_uses_nothing_and_is_told(look: object) -> None:
    """Whoever measures a server that died learns so."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    with pytest.raises(ProcessLookupError):
        look(child.pid)  # type: ignore[operator]  # one of the two above


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("00:00:07", 7.0), ("01:02:03", 3723.0), ("2-00:00:01", 172_801.0), ("0:00.03", 0.03), ("12:01.50", 721.5)],
)
def test_both_ways_in_which_ps_says_it_are_read(said: str, seconds: float) -> None:
    """POSIX has days and hours, BSD hundredths."""
    assert seconds_of(said) == pytest.approx(seconds)


def test_where_ps_is_asked_it_agrees() -> None:
    """The portable way knows this process too, in its coarser unit."""
    assert abs(told_by_ps(os.getpid()) - time.process_time()) < 2.0
