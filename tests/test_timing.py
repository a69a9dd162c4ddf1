"""Taking turns: who comes when, for how long, and what is timed."""

import contextlib
import itertools
import time

import pytest

from dicomet._utils import timing
from dicomet._utils.timing import Limit, TimedCallError, time_interleaved

ONCE = Limit(1, 1, 0)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by one second with every look."""
    monkeypatch.setattr(timing.time, "perf_counter", itertools.count().__next__)


def test_turns_alternate():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    times = time_interleaved(calls, Limit(4, 4, 0))
    assert "".join(order) == "abccbabcaacb"
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 4, "b": 4, "c": 4}


@pytest.mark.parametrize(
    ("limit", "rounds"),
    [(Limit(3, 9, 0), 3), (Limit(3, 9, 1e9), 9), (Limit(3, 9, 20), 7), (Limit(0, 0, 1), 0)],
    ids=["fewest", "most", "seconds", "none"],
)
@pytest.mark.usefixtures("clock")
def test_limit(limit, rounds):
    times = time_interleaved({"a": int}, limit)
    # A round is two looks at the clock for the call, and one for the limit.
    assert times == {"a": [1] * rounds}


def test_no_call_to_interleave():
    assert time_interleaved({}, Limit(1, 2, 3)) == {}


def test_what_is_around_a_call_is_not_timed():
    calls = []

    @contextlib.contextmanager
    def around(name):
        time.sleep(0.05)
        calls.append(name)
        yield
        calls.append(f"after {name}")

    times = time_interleaved({"a": lambda: calls.append("called")}, ONCE, around)
    assert calls == ["a", "called", "after a"]
    assert times["a"][0] < 0.05


class Panic(BaseException):
    """Like that of a Rust extension, not an Exception."""


def test_one_who_raises_is_named():
    answers = iter([1, 2])

    def fails_later():
        if next(answers, None) is None:
            raise Panic("no luck")

    with pytest.raises(TimedCallError) as raised:
        time_interleaved({"good": int, "bad": fails_later}, Limit(9, 9, 0))
    assert (raised.value.name, raised.value.rounds) == ("bad", 2)
    assert isinstance(raised.value.__cause__, Panic)


def test_interrupt_is_passed_on():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        time_interleaved({"a": interrupted}, ONCE)


def test_medians():
    assert timing.medians({"a": [9.0, 1.0, 2.0], "b": [1.0, 2.0], "never": []}) == {"a": 2.0, "b": 1.5}
