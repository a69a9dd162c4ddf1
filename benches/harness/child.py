"""Child processes that answer in lines of JSON. Peers may crash them at any time, or print other text to stdout."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent.parent
LAST_WORDS = 200
CHAPTER = "\f"
HANGS = "hangs"


class Answer(NamedTuple):
    """The items that a process returned, its last output on stderr, and its `failure`, empty if it ended normally."""

    items: list[Any]
    failure: str
    printed: str


def ask(module: str, question: Any, *, seconds: float) -> Answer:
    """Run `module` with `question` on its standard input, for at most `seconds`."""
    command = [sys.executable, "-m", module]
    request = json.dumps(question).encode()
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, check=False, env=environment(), timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        return Answer(_items(error.stdout or b""), HANGS, _last_words(error.stderr or b""))
    return Answer(_items(done.stdout), _failure(done.returncode), _last_words(done.stderr))


def environment() -> dict[str, str]:
    """Return the environment for all measurements.

    It disables dicomet as a plugin of pylibjpeg, so that pydicom is measured without it.
    """
    path = [str(FOLDER), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "DICOMET": "0", "PYTHONPATH": os.pathsep.join(path)}


def _items(output: bytes) -> list[Any]:
    # Any text after the last line feed is an incomplete line, cut off when the process ended.
    return [json.loads(line) for line in output.split(b"\n")[:-1]]


def _failure(status: int) -> str:
    if status >= 0:
        return f"exit status {status}" if status else ""
    if status == -getattr(signal, "SIGALRM", 0):
        return HANGS
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _last_words(printed: bytes) -> str:
    return " ".join(printed.decode(errors="replace").split(CHAPTER)[-1].split())[-LAST_WORDS:]


def begin_chapter() -> None:
    """Exclude everything printed so far from `Answer.printed`."""
    sys.stderr.write(CHAPTER)
    sys.stderr.flush()


def answer(reply: Callable[[Any], Iterator[Any]]) -> None:
    """Run as the child process: write each item of `reply(question)` as a line, and redirect other output to stderr."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for item in reply(json.load(sys.stdin)):
            output.write(json.dumps(item) + "\n")
            output.flush()


def give_up_after(seconds: float) -> None:
    """End this process after `seconds`, even if it never returns from C code. No effect without `setitimer`."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
