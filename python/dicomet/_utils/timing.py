"""Comparable timings: the calls are interleaved, and start their rounds in turn."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple


class Limit(NamedTuple):
    """The number of rounds: `min_rounds` to `max_rounds`, and within these bounds until `seconds` have passed."""

    min_rounds: int
    max_rounds: int
    seconds: float

    def is_reached(self, runs: int, seconds: float) -> bool:
        """Return whether `runs` rounds in `seconds` seconds are enough."""
        return runs >= self.max_rounds or (runs >= self.min_rounds and seconds > self.seconds)


class TimedCallError(Exception):
    """A timed call raised an exception, which is the `__cause__`.

    Attributes
    ----------
    name : str
        The name of the call.
    rounds : int
        The number of complete rounds before.

    """

    def __init__(self, name: str, rounds: int) -> None:
        """Store the name of the call and the number of complete rounds."""
        super().__init__(f"{name} raised in round {rounds + 1}")
        self.name = name
        self.rounds = rounds


def time_interleaved(
    calls: Mapping[str, Callable[[], object]],
    limit: Limit,
    around: Callable[[str], AbstractContextManager[object]] = nullcontext,
) -> dict[str, list[float]]:
    """Return the times of every call in seconds, by its name.

    Each round runs every call once, and every other round runs backwards, so that a machine that becomes slower affects
    all calls equally. The last call of a round is the first of the next, backward one, and finds its own data in the
    caches; therefore the order also rotates. `around` returns a context manager for the call of a name, which is not
    timed.

    Raises
    ------
    TimedCallError
        A call raised an exception. This includes a panic in Rust, which is not an `Exception`.

    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    start = time.perf_counter()
    rounds = 0
    while order and not limit.is_reached(rounds, time.perf_counter() - start):
        for name in order:
            with around(name):
                times[name].append(_seconds(name, calls[name], rounds))
        order.reverse()
        rounds += 1
        if rounds % 2 == 0:
            order.append(order.pop(0))
    return times


def _seconds(name: str, call: Callable[[], object], rounds: int) -> float:
    start = time.perf_counter()
    try:
        # Keep the result until the clock is read, so that the time to free it is not measured.
        result = call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise TimedCallError(name, rounds) from error
    seconds = time.perf_counter() - start
    del result
    return seconds


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median time of each call that was timed at least once."""
    return {name: statistics.median(seconds) for name, seconds in times.items() if seconds}
