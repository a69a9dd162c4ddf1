"""The results: one row per measurement, with one figure per reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.measure import FLOOR
from harness.readers import OWN, REFERENCE
from harness.trial import Verdict

SECONDS, BYTES = "s", "B"


@dataclass(frozen=True)
class Row:
    """One row. The figures are medians, in seconds, or bytes; `lowest` has the lowest values of the same measurements.

    `verdicts` has the readers whose result is not equal. `floor` names the operation that was measured as the lower
    limit. `sizes` has the bytes of the file and of a frame.
    """

    section: str
    name: str
    unit: str = SECONDS
    floor: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    lowest: Mapping[str, float] = field(default_factory=dict)
    runs: int = 0
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def ratio(self, name: str, to: str = OWN) -> float | None:
        """Return the figure of `name` divided by that of `to`, or None if one is missing."""
        found, other = self.figures.get(name), self.figures.get(to)
        return found / other if found is not None and other else None

    @property
    def best_peer(self) -> float | None:
        """The lowest figure of the peers, without dicomet and the floor."""
        peers = [figure for name, figure in self.figures.items() if name not in (OWN, FLOOR)]
        return min(peers, default=None)


class Rows:
    """All rows, by section and name."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {(row.section, row.name): row for row in rows}

    def get(self, section: str, name: str) -> Row:
        """Return a row, which is empty if it was not measured."""
        return self._rows.get((section, name), Row(section, name))

    def own(self, section: str, name: str) -> float | None:
        """Return the figure of dicomet, or None."""
        return self.get(section, name).figures.get(OWN)


__all__ = ["BYTES", "FLOOR", "OWN", "REFERENCE", "SECONDS", "Row", "Rows"]
