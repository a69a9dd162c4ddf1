"""Invariants of every file, mutated or not: an array or a proper error, the same in every way, and pydicom's array.

Findings are noted in a `Tally`.
"""

import os
import signal
from pathlib import Path

from mutate import Mutated
from mutation_pydicom import by_dataset, compare, compare_installed
from mutation_readers import WAYS, check_poisoned, check_unchanged
from mutation_tally import Peak, Tally
from mutation_trial import NO_RESULT, Timeout, TimeoutOfOthers, Trial

ALARM_SECONDS = 8.0
ALL_WAYS = (*WAYS, by_dataset)


class Examiner:
    """The state of one process. Every `every`-th file that is compared is also compared under `install()`."""

    def __init__(self, folder: Path, every: int = 10) -> None:
        self.tally, self._peak, self._every = Tally(), Peak(), every
        self._path = folder / f"{os.getpid()}.dcm"
        signal.signal(signal.SIGALRM, self._alarm)

    @staticmethod
    def _alarm(*_: object) -> None:
        raise Timeout

    def examine(self, seed: int, mutated: Mutated) -> None:
        """Examine one file in the ways whose turn it is."""
        signal.setitimer(signal.ITIMER_REAL, ALARM_SECONDS)
        try:
            self._examine(seed, mutated)
        except TimeoutOfOthers:
            self.tally.note("died in code of others", "timeout", seed)
        except Timeout:
            self.tally.note("faults", "timeout", seed)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _examine(self, seed: int, mutated: Mutated) -> None:
        trial = Trial(seed, mutated, self.tally, self._peak, self._path)
        if trial.reference is NO_RESULT or not self._begin(trial):
            return
        if trial.has_array:
            check_poisoned(trial)
            check_unchanged(trial)
        # Most files are refused, so that fewer of these are examined in every respect.
        turn = seed // len(ALL_WAYS) if trial.has_array else seed // len(ALL_WAYS) / 3
        if turn == int(turn):
            ALL_WAYS[seed % len(ALL_WAYS)](trial)
        self._compare(trial, is_installed=turn % self._every == 0)

    def _begin(self, trial: Trial) -> bool:  # noqa: ARG002 - for subclasses
        """Find out what the examination depends on; return whether the file is examined."""
        return True

    def _compare(self, trial: Trial, *, is_installed: bool) -> None:
        """Compare with pydicom, and if requested, pydicom with and without `install()`."""
        if compare(trial) and is_installed:
            compare_installed(trial)
