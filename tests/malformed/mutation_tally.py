"""Counts of findings, and measurement of a call."""

import os
import re
from collections import Counter, defaultdict

try:
    import resource
except ImportError:
    # Windows, where calls cannot be measured.
    resource = None

EXAMPLES = 4
MAX_FAULTS = 1000
"""Each fault is investigated, and therefore keeps its seed, up to this number."""


class Tally:
    """Counts, each with the seeds of a few examples; of faults, with all seeds."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter] = defaultdict(Counter)
        self.examples: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))

    def note(self, table: str, what: str, seed: int) -> None:
        self.counts[table][what] += 1
        seeds = self.examples[table][what]
        if len(seeds) < max_seeds(table):
            seeds.append(seed)

    def add(self, counts: dict, examples: dict) -> None:
        """Add the counts of another process."""
        for table, found in counts.items():
            self.counts[table].update(found)
        for table, found in examples.items():
            for what, seeds in found.items():
                known = self.examples[table][what]
                known += seeds[: max_seeds(table) - len(known)]


def max_seeds(table: str) -> int:
    """The maximum number of seeds that a table keeps of each finding."""
    return MAX_FAULTS if table == "faults" else EXAMPLES


def general(error: BaseException | str) -> str:
    """A message without the parts that differ from file to file."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    text = re.sub(r"'[^']*'", "'…'", text.partition("\n")[0])
    text = re.sub(r"\([0-9A-Fa-f]{4}, ?[0-9A-Fa-f]{4}\)( [A-Z][A-Za-z]+( [A-Za-z]+)*)?", r"(tag)\1", text)
    return re.sub(r"-?\d[\d.]*", "#", text)[:150]


class Peak:
    """The growth of resident memory during a call."""

    def __init__(self) -> None:
        self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY)

    def now(self) -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def start(self) -> int:
        os.write(self._reset, b"5")
        return self.now()
