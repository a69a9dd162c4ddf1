"""What was decoded by whom, since the start of the process."""

import os
from collections import Counter
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Stats:
    """How many decodes dicomet has taken, and how many it has handed to pydicom's own code.

    A decode is one call of ``Decoder.as_array``, or of ``Dataset.pixel_array`` in its place, or one iteration that was
    begun, whatever the number of frames.

    Attributes
    ----------
    taken, handed_over : int
        Numbers of decodes.
    reasons : dict of str to int
        Why decodes were handed over, the most frequent first.

    """

    taken: int
    declined: int
    reasons: dict[str, int]

    def __str__(self) -> str:
        """Return a line for the sums, and one for each reason."""
        total = self.taken + self.declined
        share = f" ({self.taken / total:.0%})" if total else ""
        lines = [f"dicomet: {self.taken} of {total} decodes taken{share}, {self.declined} handed to pydicom"]
        lines += [f"  {count:6} {reason}" for reason, count in self.reasons.items()]
        return "\n".join(lines)


class Tally:
    """Counts from any thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._taken = 0
        self._reasons: Counter[str] = Counter()
        self._renew_lock()
        if hasattr(os, "register_at_fork"):
            # A thread that holds it is not there in a forked child, and could never give it back.
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def take(self) -> None:
        """Count a decode of dicomet's."""
        with self._lock:
            self._taken += 1

    def decline(self, reason: str, *, was_taken: bool = False) -> None:
        """Count a decode of pydicom's; `was_taken`: it has been counted as one of dicomet's before."""
        with self._lock:
            self._reasons[reason] += 1
            self._taken -= was_taken

    def stats(self) -> Stats:
        """Return the counts of this moment."""
        with self._lock:
            return Stats(self._taken, self._reasons.total(), dict(self._reasons.most_common()))


TALLY = Tally()
