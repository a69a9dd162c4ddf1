"""Times that can be compared: those who are measured take turns, and in turns begin."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple


class Limit(NamedTuple):
    """How often each is timed: `min_rounds` to `max_rounds` times, and within these bounds until `seconds` are over."""

    min_rounds: int
    max_rounds: int
    seconds: float

    def is_reached(self, runs: int, seconds: float) -> bool:
        """Tell whether that was enough."""
        return runs >= self.max_rounds or (runs >= self.min_rounds and seconds > self.seconds)


class TimedCallError(Exception):
    """Someone raised, who is named, after so many whole rounds; the cause is what was raised."""

    def __init__(self, name: str, rounds: int) -> None:
        """Note who it was."""
        super().__init__(f"{name} raised in round {rounds + 1}")
        self.name = name
        self.rounds = rounds


def time_interleaved(
    calls: Mapping[str, Callable[[], object]],
    limit: Limit,
    around: Callable[[str], AbstractContextManager[object]] = nullcontext,
) -> dict[str, list[float]]:
    """Return the seconds of every call, by its name.

    They take turns, and every other round goes backwards, so that a machine that becomes slower treats all alike. Who
    ends a round begins the one that goes backwards, with its own data in the caches; therefore that goes round, too.
    `around` a name makes what a call needs around it, and is not timed.

    Raises
    ------
    TurnError
        A call has raised. A panic in Rust is no Exception, but is one here.

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
        # Kept until the time is taken: what it costs to free a result is not what it costs to make it.
        result = call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise TimedCallError(name, rounds) from error
    seconds = time.perf_counter() - start
    del result
    return seconds


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each that was timed at all."""
    return {name: statistics.median(seconds) for name, seconds in times.items() if seconds}
