"""What must hold of every file, mutated or not: an array or a proper error, by every way, and pydicom's array.

What is found is noted in a `Tally`.
"""

import os
import signal
from pathlib import Path

from mutate import Mutated
from mutated_pydicom import by_dataset, compare, compare_installed
from mutated_tally import Peak, Tally
from mutated_trial import NO_RESULT, Timeout, Trial
from mutated_ways import WAYS, check_poisoned, check_unchanged

ALARM_SECONDS = 8.0
ALL_WAYS = (*WAYS, by_dataset)


class Examiner:
    """What is used for all files of a process. Every so many files are compared under `install()`, too."""

    def __init__(self, folder: Path, every: int = 10) -> None:
        self.tally, self._peak, self._every = Tally(), Peak(), every
        self._path = folder / f"{os.getpid()}.dcm"
        signal.signal(signal.SIGALRM, self._alarm)

    @staticmethod
    def _alarm(*_: object) -> None:
        raise Timeout

    def examine(self, seed: int, mutated: Mutated) -> None:
        """Look at one file by all the ways that are its turn."""
        signal.setitimer(signal.ITIMER_REAL, ALARM_SECONDS)
        try:
            self._examine(seed, mutated)
        except Timeout:
            self.tally.note("faults", "timeout", seed)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _examine(self, seed: int, mutated: Mutated) -> None:
        trial = Trial(seed, mutated, self.tally, self._peak, self._path)
        if trial.reference is NO_RESULT:
            return
        if trial.has_array:
            check_poisoned(trial)
            check_unchanged(trial)
        # Most files are refused, so that of these fewer are looked at in every respect.
        turn = seed // len(ALL_WAYS) if trial.has_array else seed // len(ALL_WAYS) / 3
        if turn == int(turn):
            ALL_WAYS[seed % len(ALL_WAYS)](trial)
        if compare(trial) and turn % self._every == 0:
            compare_installed(trial)
