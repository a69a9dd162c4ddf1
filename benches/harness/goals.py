"""The performance goals of dicomet, and the table of the results."""

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from frame_encoding import CODECS
from harness import plan
from harness.readers import CODEC
from harness.rows import FLOOR, OWN, REFERENCE, Row, Rows
from workloads import CODEC_KINDS, RLE_KINDS

MB = 1_000_000
ALLOWANCE = 32 * MB
# Of one frame from a file, compared with the codec alone. The goal for SV1 is one of the mean over more images
# (`bench_codecs.py`), of which mammograms have the lowest figure.
CODEC_GOALS = {
    "SV1": 2,
    "Extended": 2.2,
    "Baseline": 1.2,
    "progressive": 1,
    "JPEG-LS": 1.3,
    "near-lossless": 1.25,
    "JPEG 2000": 2.1,
    "irreversible": 1.6,
    "HTJ2K": 1,
    "JPEG XL": 0.9,
}
PYDCM_GOALS = {"SV1": 3, "Baseline": 3, "JPEG-LS": 1.6, "JPEG 2000": 2.1, "HTJ2K": 1.5}


@dataclass(frozen=True)
class Goal:
    """A figure with a lower limit, an upper limit, or both."""

    name: str
    figure: Callable[[Rows], float | None]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"

    def line(self, rows: Rows) -> str | None:
        """Return the line of the table, or None if the figure was not measured."""
        found = self.figure(rows)
        if found is None:
            return None
        limit = f"≥ {self.at_least:g}" if self.at_most is None else f"≤ {self.at_most:g}"
        return f"| {self.name} | {limit} | {found:.3g} {self.unit} | {'yes' if self.is_reached(found) else '**no**'} |"

    def is_reached(self, found: float) -> bool:
        """Tell whether a figure is within the limits."""
        above = self.at_least is None or found >= self.at_least
        return above and (self.at_most is None or found <= self.at_most)


def _to_floor(section: str, name: str, rows: Rows) -> float | None:
    return rows.get(section, name).ratio(OWN, to=FLOOR)


def _times_as_fast(section: str, name: str, peer: str, rows: Rows) -> float | None:
    return rows.get(section, name).ratio(peer)


def _to_other(section: str, name: str, other: str, rows: Rows) -> float | None:
    found, base = rows.own(section, name), rows.own(section, other)
    return found / base if found is not None and base else None


def _than_best(section: str, name: str, rows: Rows) -> float | None:
    row = rows.get(section, name)
    own, best = row.figures.get(OWN), row.best_peer
    return best / own if own and best else None


def _rle_mean(figure: Callable[[str, str, Rows], float | None], rows: Rows) -> float | None:
    ratios = [figure(plan.ONE_CORE, workload.name, rows) for workload in RLE_KINDS]
    found = [ratio for ratio in ratios if ratio]
    return statistics.geometric_mean(found) if len(found) == len(RLE_KINDS) else None


def _than_pydicom(section: str, name: str, rows: Rows) -> float | None:
    return _times_as_fast(section, name, REFERENCE, rows)


def _milliseconds(section: str, name: str, rows: Rows) -> float | None:
    found = rows.own(section, name)
    return None if found is None else found * 1e3


def _than_one_thread(name: str, other: str, rows: Rows) -> float | None:
    return _to_other(plan.FILES, f"200 files: {name}, 1 thread", f"200 files: {name}, {other}", rows)


def _memory(name: str, allowed: Callable[[Row], int], rows: Rows) -> float | None:
    """Return dicomet's peak memory minus `allowed`, in MB. The limit of the goal is the allowance on top of that."""
    row = rows.get(plan.MEMORY, name)
    return (row.figures[OWN] - allowed(row)) / MB if OWN in row.figures else None


def _goals() -> Iterator[Goal]:
    path, core, frame = plan.PATH, plan.ONE_CORE, plan.FRAME
    yield Goal("CT: to np.fromfile", partial(_to_floor, path, "CT"), at_most=1.15)
    yield Goal("CT: pydicom", partial(_times_as_fast, path, "CT", REFERENCE), at_least=10)
    yield Goal("CT: dicomsdl", partial(_times_as_fast, path, "CT", "dicomsdl"), at_least=1)
    yield Goal("CT, 12 of 16: to 16 of 16", partial(_to_other, path, "CT, 12 of 16, signed", "CT"), at_most=1.1)
    yield Goal("mammogram: to np.fromfile", partial(_to_floor, path, "mammogram, 12 of 16"), at_most=1.3)
    yield Goal("RGB: to np.fromfile", partial(_to_floor, path, "ultrasound, RGB"), at_most=1.2)
    yield Goal("planar: to RGB", partial(_to_other, path, "ultrasound, RGB, planar", "ultrasound, RGB"), at_most=1.3)
    for name in ("ultrasound, YBR_FULL", "ultrasound, YBR_FULL_422"):
        yield Goal(f"{name}: pydicom", partial(_times_as_fast, path, name, REFERENCE), at_least=15)
        yield Goal(f"{name}: pydcm", partial(_times_as_fast, path, name, "pydcm"), at_least=5)
    for name in ("segmentation", "segmentation, off the bytes"):
        yield Goal(f"{name}: pydicom", partial(_times_as_fast, path, name, REFERENCE), at_least=1.5)
        yield Goal(f"{name}: to filling", partial(_to_floor, path, name), at_most=1.2)
    for workload in RLE_KINDS:
        yield Goal(f"RLE, one core, {workload.name}: best peer", partial(_than_best, core, workload.name), at_least=3)
    yield Goal("RLE, one core: best peer, geometric mean", partial(_rle_mean, _than_best), at_least=4)
    yield Goal("RLE, one core: pydicom, geometric mean", partial(_rle_mean, _than_pydicom), at_least=12)
    for workload in CODEC_KINDS:
        kind = workload.name.partition(",")[0]
        codec = partial(_times_as_fast, core, workload.name, CODEC)
        yield Goal(
            f"one core, {workload.name}: {CODECS[workload.encoding.transfer_syntax]}", codec, at_least=CODEC_GOALS[kind]
        )
        if kind in PYDCM_GOALS:
            pydcm = partial(_times_as_fast, core, workload.name, "pydcm")
            yield Goal(f"one core, {workload.name}: pydcm", pydcm, at_least=PYDCM_GOALS[kind])
    enhanced = partial(_times_as_fast, path, "300 CT frames, RLE", REFERENCE)
    yield Goal("300 CT frames, RLE: pydicom", enhanced, at_least=8)
    for name, limit in (("300 CT frames", 0.15), ("300 CT frames, RLE", 0.3)):
        yield Goal(f"one of {name}", partial(_milliseconds, frame, name), at_most=limit, unit="ms")
    for rle in ("", ", RLE"):
        grown = partial(_to_other, frame, f"3000 small frames{rle}", f"30 small frames{rle}")
        yield Goal(f"one of 3000 small frames{rle}: to one of 30", grown, at_most=1.5)
    for name in ("CT", "CT, RLE"):
        yield Goal(f"200 files of {name}: ahead to 1 thread", partial(_than_one_thread, name, "ahead"), at_least=1.9)
        yield Goal(f"200 files of {name}: 2 threads to 1", partial(_than_one_thread, name, "2 threads"), at_least=1.9)
    yield Goal("ds.pixel_array, CT", partial(_times_as_fast, plan.INSTALL, "CT", REFERENCE), at_least=2)
    yield from _memory_goals()
    yield Goal("import dicomet: to import numpy", partial(_to_floor, plan.START, "import"), at_most=1.2)


def _memory_goals() -> Iterator[Goal]:
    for name in plan.WITH_MEMORY:
        above = partial(_memory, name, lambda row: row.sizes["file"])
        yield Goal(f"peak memory, {name}: above the file", above, at_most=ALLOWANCE / MB, unit="MB")
    for name in plan.ITERATED:
        above = partial(_memory, f"{name}, iter_pixels", lambda row: 2 * row.sizes["frame"])
        yield Goal(f"peak memory, iter_pixels, {name}: above 2 frames", above, at_most=ALLOWANCE / MB, unit="MB")


def markdown(rows: Iterable[Row]) -> str:
    """Return the table of the goals that were measured, or an empty string if none was."""
    found = Rows(rows)
    lines = [line for goal in _goals() if (line := goal.line(found))]
    header = ["", "### Goals", "", "| dicomet | goal | found | reached |", "|---|---|---|---|"]
    return "\n".join([*header, *lines]) + "\n" if lines else ""
