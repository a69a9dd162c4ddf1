"""Check that readers return the right values, in child processes, so that a crash ends only one trial.

These are the values of pydicom, or for codestreams those of imagecodecs, because pydicom's depend on its plugins.
"""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom.pixels

from harness import child, readers

SECONDS_FOR_ONE, SECONDS_TO_START = 60.0, 60.0
LONGEST_REASON = 120


class Trial(NamedTuple):
    """A reader and a file, with one frame to read, or all frames if `index` is None.

    `tolerance`: the allowed difference of values.
    """

    reader: str
    path: str
    index: int | None = None
    tolerance: int = 0


class Verdict(NamedTuple):
    """The outcome of a trial, and the reason.

    `kind` is "equal", "within 1", "as YBR" (right, but not converted to RGB), "wrong", "refuses", "crashes" or "hangs".
    """

    kind: str
    reason: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the result is right, so that its time is comparable."""
        return self.kind in ("equal", "within 1")


def try_all(trials: Sequence[Trial]) -> list[Verdict]:
    """Return the verdict of each trial. After a trial that ends the process, a new process runs the others."""
    verdicts: list[Verdict] = []
    while len(verdicts) < len(trials):
        left = trials[len(verdicts) :]
        found = child.ask("harness.trial", left, seconds=SECONDS_TO_START + SECONDS_FOR_ONE * len(left))
        verdicts += [Verdict(*item) for item in found.items]
        if len(found.items) < len(left):
            verdicts.append(_ended(found))
    return verdicts


def _ended(found: child.Answer) -> Verdict:
    if found.failure == child.HANGS:
        return Verdict("hangs")
    return Verdict("crashes", f"{found.failure or 'ends the process'} {found.printed}".strip()[:LONGEST_REASON])


def _reply(trials: list[Any]) -> Iterator[Verdict]:
    for trial in trials:
        child.begin_chapter()
        child.give_up_after(SECONDS_FOR_ONE)
        yield _verdict(Trial(*trial))


def _verdict(trial: Trial) -> Verdict:
    try:
        found = read(readers.load(trial.reader), Path(trial.path), trial.index)
    except Exception as error:  # noqa: BLE001 - peers raise any exception
        return Verdict("refuses", f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_REASON])
    expected = _expected(trial.path, trial.index)
    verdict = compare(found, expected, trial.tolerance)
    if verdict.kind == "wrong" and _is_unconverted(found, expected, trial):
        return Verdict("as YBR", "not converted to RGB")
    return verdict


def _is_unconverted(found: np.ndarray, expected: np.ndarray, trial: Trial) -> bool:
    """Return whether the values are the components as they are coded."""
    # Gray values of a lossy codestream may equal those of pydicom, and yet not those of the reference.
    if expected.shape[-1] != 3:
        return False
    try:
        coded = _expected(trial.path, trial.index, raw=True)
    except Exception:  # noqa: BLE001 - pydicom has no plugin for some transfer syntaxes
        return False
    return compare(found, coded, 0).kind == "equal"


def read(reader: readers.Reader, path: Path, index: int | None) -> np.ndarray:
    """Read one frame, or all frames if `index` is None."""
    return reader.whole(path) if index is None else reader.frame(path, index)


@functools.lru_cache(maxsize=1)
def _expected(path: str, index: int | None, *, raw: bool = False) -> np.ndarray:
    if not raw and readers.CODEC_PEER.version and readers.has_codec(Path(path)):
        return read(readers.load(readers.CODEC), Path(path), index)
    return pydicom.pixels.pixel_array(path, index=index, raw=raw)


def compare(found: np.ndarray, expected: np.ndarray, tolerance: int) -> Verdict:
    """Compare the values. Axes of length 1 and the dtype may differ."""
    if not isinstance(found, np.ndarray):
        return Verdict("wrong", f"type {type(found).__name__}")
    if np.squeeze(found).shape != np.squeeze(expected).shape:
        return Verdict("wrong", f"shape {found.shape}, expected {expected.shape}")
    found = found.reshape(expected.shape)
    different = found != expected
    count = np.count_nonzero(different)
    if not count:
        return Verdict("equal")
    max_difference = int(abs(found[different].astype(np.int64) - expected[different]).max())
    kind = "within 1" if max_difference <= tolerance else "wrong"
    return Verdict(kind, f"{count} of {found.size} values differ, by {max_difference} at most")


if __name__ == "__main__":
    child.answer(_reply)
