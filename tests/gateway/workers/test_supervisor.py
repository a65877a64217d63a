"""Workers as processes: who answers, what becomes of one that ends, and how all of them end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running import ROOT, until

LIMIT_S = 30.0


@contextmanager
def staged(folder: Path, how: str = "answer", count: int = 2) -> Iterator[tuple[psutil.Popen, str]]:
    """A supervisor and the address of its workers; ended if the test leaves it behind."""
    command = [sys.executable, "-m", "tests.gateway.workers.stage", str(count), how, str(folder)]
    process = psutil.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip()
        assert port.isdigit(), port
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LIMIT_S)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[psutil.Popen, str]]:
    """Two workers that answer, for the tests that leave two behind."""
    with staged(tmp_path_factory.mktemp("two")) as running:
        yield running


def ended(processes: Sequence[psutil.Process]) -> bool:
    """Whether all are gone, but for those that nobody has asked how they ended."""
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                return False
    return True


def asked(url: str) -> int:
    """The process that answered, over a connection of its own."""
    answer = httpx.get(url, trust_env=False, timeout=10)
    answer.raise_for_status()
    return int(answer.text)


def pids(process: psutil.Popen) -> set[int]:
    return {child.pid for child in process.children()}


def test_all_workers_answer_on_one_port(two: tuple[psutil.Popen, str]) -> None:
    """New connections reach every worker, and nobody but workers."""
    process, url = two
    seen: set[int] = set()

    def both() -> bool | None:
        seen.add(asked(url))
        return len(seen) == 2 or None

    assert until(both, "the second worker", LIMIT_S)
    assert seen == pids(process)


def test_one_that_is_killed_is_replaced_and_nobody_is_refused(two: tuple[psutil.Popen, str]) -> None:
    """While kill -9 ends one worker, every new connection is taken by another or waits; then there are two again."""
    process, url = two
    before = pids(process)
    os.kill(min(before), signal.SIGKILL)
    answered = [asked(url) for _ in range(40)]
    assert max(before) in answered
    fresh = until(lambda: (pids(process) - before) or None, "a new worker", LIMIT_S)
    assert until(lambda: asked(url) in fresh or None, "an answer of the new worker", LIMIT_S)
    assert len(pids(process)) == 2


def test_when_all_are_killed_connections_wait_for_the_next_ones(two: tuple[psutil.Popen, str]) -> None:
    """The queue of the port is the supervisor's: what nobody had accepted is answered by the successors."""
    process, url = two
    before = pids(process)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert asked(url) not in before


def test_one_that_stands_still_is_killed_and_replaced(two: tuple[psutil.Popen, str]) -> None:
    """No prober sees which worker does not answer, since another one takes the connection: the supervisor does."""
    process, url = two
    asked(url)
    stopped = until(lambda: next(iter(pids(process)), None), "a worker", LIMIT_S)
    os.kill(stopped, signal.SIGSTOP)
    until(lambda: stopped not in pids(process) or None, "the end of the one that stands still", LIMIT_S)
    assert asked(url) != stopped


def test_those_that_are_left_go_on_while_no_other_can_be_started(tmp_path: Path) -> None:
    """A system that has nothing to spare for a new worker takes none of the others away; later there are two again."""
    with staged(tmp_path) as (process, url):
        before = pids(process)
        usual = process.rlimit(psutil.RLIMIT_NOFILE)
        process.rlimit(psutil.RLIMIT_NOFILE, (4, usual[1]))  # fewer than it has open: there is no pipe to be had
        os.kill(min(before), signal.SIGKILL)
        until(lambda: min(before) not in pids(process) or None, "the end of a worker", LIMIT_S)
        assert {asked(url) for _ in range(20)} == {max(before)}
        process.rlimit(psutil.RLIMIT_NOFILE, usual)
        assert until(lambda: (pids(process) - before) or None, "a new worker", LIMIT_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_end(tmp_path: Path, number: signal.Signals) -> None:
    """Requests in flight are answered in every worker; then all of them are gone and the supervisor ends well."""
    with staged(tmp_path) as (process, url):
        answers: list[int] = []
        callers = [threading.Thread(target=lambda: answers.append(asked(f"{url}/slow"))) for _ in range(6)]
        children = process.children()
        for caller in callers:
            caller.start()
        until(lambda: established(children) >= len(callers) or None, "the requests", LIMIT_S)
        process.send_signal(number)
        assert process.wait(LIMIT_S) == 0
        for caller in callers:
            caller.join(LIMIT_S)
        assert len(answers) == len(callers)
        assert ended(children)
        with pytest.raises(httpx.ConnectError):
            asked(url)


def established(processes: list[psutil.Process]) -> int:
    return sum(one.status == "ESTABLISHED" for process in processes for one in process.net_connections("tcp"))


@pytest.mark.parametrize(("how", "why"), [("refuse", "there is no house to serve"), ("fail", "exit code 1")])
def test_workers_that_cannot_start_are_told_once(tmp_path: Path, how: str, why: str) -> None:
    """The first one's reason is the supervisor's; the others are not even tried, and the exit code says so."""
    command = [sys.executable, "-m", "tests.gateway.workers.stage", "3", how, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 2
    assert why in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_workers_that_end_again_and_again_are_given_up(tmp_path: Path) -> None:
    """Ever later attempts, a bounded number of them when none is left; then the exit code tells whoever started it."""
    with staged(tmp_path, "fail-later") as (process, _):
        for pid in pids(process):
            os.kill(pid, signal.SIGKILL)
        said, log = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 2
        assert "end as soon as they are started" in said
        assert log.count('"a worker ended"') <= 8
        assert '"again_in_s":0.01' in log


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """A worker that hangs after its drain does not keep the supervisor for ever."""
    with staged(tmp_path, "hang") as (process, _):
        children = process.children()
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
        assert ended(children)


def test_workers_do_not_outlive_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    """They notice that nobody hears them, end, and leave the port to the next one."""
    with staged(tmp_path) as (process, url):
        children = process.children()
        process.kill()
        until(lambda: ended(children) or None, "the end of the workers", LIMIT_S)
        with pytest.raises(httpx.ConnectError):
            asked(url)
