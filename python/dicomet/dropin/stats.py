"""Counts of the decodes of dicomet and of pydicom, since the start of the process."""

import os
from collections import Counter
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Stats:
    """How many decodes dicomet has taken, and how many it has declined and left to pydicom.

    A decode is one call of ``Decoder.as_array``, or of ``Dataset.pixel_array`` in its place, or one iteration that was
    started, whatever the number of frames. The counts are those of this process: workers have their own.

    Attributes
    ----------
    taken, declined : int
        Numbers of decodes.
    reasons : dict of str to int
        Reasons for declined decodes with their counts, the most frequent first.

    """

    taken: int
    declined: int
    reasons: dict[str, int]

    def __str__(self) -> str:
        """Return a line with the totals, and one for each reason; if there is no decode, one about other processes."""
        total = self.taken + self.declined
        share = f" ({self.taken / total:.0%})" if total else ""
        lines = [f"dicomet: {self.taken} of {total} decodes taken{share}, {self.declined} left to pydicom"]
        lines += [f"  {count:6} {reason}" for reason, count in self.reasons.items()]
        if not total:
            lines.append("  in this process; spawned workers decode with pydicom until they call dicomet.install()")
        return "\n".join(lines)


class Tally:
    """Counters that are safe to use from any thread."""

    def __init__(self) -> None:
        """Start at zero."""
        self._taken = 0
        self._reasons: Counter[str] = Counter()
        self._renew_lock()
        if hasattr(os, "register_at_fork"):
            # In a forked child, the thread that holds the lock does not exist and never releases it.
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def take(self) -> None:
        """Count a decode that dicomet has taken."""
        with self._lock:
            self._taken += 1

    def decline(self, reason: str, *, was_taken: bool = False) -> None:
        """Count a decode that is left to pydicom; `was_taken`: it was counted as taken before."""
        with self._lock:
            self._reasons[reason] += 1
            self._taken -= was_taken

    def stats(self) -> Stats:
        """Return the current counts."""
        with self._lock:
            return Stats(self._taken, self._reasons.total(), dict(self._reasons.most_common()))


TALLY = Tally()
