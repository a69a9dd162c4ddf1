"""The report, as Markdown, JSON, and a plot."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.rows import BYTES, FLOOR, OWN, Row
from harness.trial import Verdict

UNITS = {"s": ("ms", 1e3), BYTES: ("MB", 1e-6)}
LIBRARIES = (
    "numpy",
    "pydicom",
    "pylibjpeg",
    "pylibjpeg-libjpeg",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "pyjpegls",
    "pillow",
)
MARKERS = "sDv^<>P*"
WITHIN = "within 1"


def machine(versions: dict[str, str]) -> dict[str, Any]:
    """Describe the machine and the package versions, on which the figures depend."""
    libraries = {name: found for name in LIBRARIES if (found := version_of(name))}
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {**{name: found for name, found in versions.items() if found}, **libraries},
        "absent": [name for name, found in versions.items() if not found],
    }


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def markdown(rows: Sequence[Row], names: Sequence[str], about: dict[str, Any]) -> str:
    """Return the machine, the tables, and the notes about readers without a figure or with other values."""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, {about['system']}, {about['python']}, "
        + ", ".join(f"{name} {found}" for name, found in about["versions"].items())
        + ". "
        + (f"Absent: {', '.join(about['absent'])}." if about["absent"] else "No peer is absent."),
        "",
        "Medians; in brackets how many times as much as dicomet. The floor is what is named in the last column.",
        "`±1`: values differ by at most 1, because readers round differently.",
    ]
    for section, group in groupby(rows, key=lambda row: row.section):
        lines += ["", f"### {section}", "", *_table(list(group), names)]
    notes = list(_notes(rows))
    if notes:
        lines += ["", "### Not timed, or not equal", "", *notes]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    shown = [name for name in names if any(name in row.figures or name in row.verdicts for row in rows)]
    with_floor = any(row.floor for row in rows)
    unit, _ = UNITS[rows[0].unit]
    header = [f"work, {unit}", *shown, *(["floor", ""] if with_floor else []), "turns"]
    yield _line(header)
    yield _line(["---"] * len(header))
    for row in rows:
        floor = [_figure(row, FLOOR), row.floor] if with_floor else []
        yield _line([row.name, *(cell(row, name) for name in shown), *floor, str(row.runs)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(row: Row, name: str) -> str:
    """Return the figure of a reader with its ratio to dicomet's, or the reason why there is none."""
    verdict = row.verdicts.get(name)
    if name not in row.figures:
        return f"*{verdict.kind}*" if verdict else ""
    return _figure(row, name) + (" ±1" if verdict and verdict.kind == WITHIN else "")


def _figure(row: Row, name: str) -> str:
    if name not in row.figures:
        return ""
    figure = row.figures[name] * UNITS[row.unit][1]
    ratio = row.ratio(name)
    # Memory has no ratio, because dicomet's figure may be nearly 0.
    with_ratio = name != OWN and ratio is not None and row.unit != BYTES
    return _rounded(figure) + (f" ({_rounded(ratio)})" if with_ratio else "")


def _rounded(figure: float) -> str:
    """Format a figure with up to three decimals, fewer for larger ones, and none from 100."""
    digits = next((digits for digits, limit in ((3, 0.1), (2, 10), (1, 100)) if figure < limit), 0)
    return f"{figure:.{digits}f}"


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield each verdict once, with the names of all its rows."""
    works: dict[tuple, dict[str, None]] = {}
    for row in rows:
        for name, verdict in row.verdicts.items():
            works.setdefault((name, verdict), {})[row.name] = None
    for (name, verdict), names in works.items():
        yield f"* {name} {verdict.kind}{': ' * bool(verdict.reason)}{verdict.reason} ({'; '.join(names)})"


def to_json(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """Return all results as JSON, for programs."""
    found = [
        {
            "section": row.section,
            "name": row.name,
            "unit": row.unit,
            "floor": row.floor,
            "runs": row.runs,
            "figures": dict(row.figures),
            "lowest": dict(row.lowest),
            "verdicts": {name: list(verdict) for name, verdict in row.verdicts.items()},
            "sizes": dict(row.sizes),
        }
        for row in rows
    ]
    return json.dumps({"machine": about, "rows": found}, indent=1) + "\n"


def from_json(text: str) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows and the machine that `to_json` has written."""
    found = json.loads(text)
    rows = [
        Row(**{**row, "verdicts": {name: Verdict(*verdict) for name, verdict in row["verdicts"].items()}})
        for row in found["rows"]
    ]
    return rows, found["machine"]


def plot(rows: Sequence[Row], names: Sequence[str], stem: Path) -> list[Path]:
    """Plot the ratios of all times to dicomet's as SVG and PNG, and return the files: `stem` with each suffix.

    Return none without matplotlib or without peers.
    """
    rows = [row for row in rows if row.unit != BYTES and any(row.ratio(name) for name in names if name != OWN)]
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        return []
    if not rows:
        return []
    figure = Figure(figsize=(10, 1.5 + 0.27 * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = range(len(rows), 0, -1)
    axes.axvline(1, color="black", label=OWN)
    for name, marker in zip([FLOOR, *(name for name in names if name != OWN)], "|" + MARKERS, strict=False):
        points = [(ratio, place) for row, place in zip(rows, places, strict=True) if (ratio := row.ratio(name))]
        axes.plot(*zip(*points, strict=True) if points else ([], []), marker, label=name, alpha=0.8)
    axes.set_xscale("log")
    # Filling a result takes a thousandth of the time of most decoders: not worth the room.
    axes.set_xlim(left=0.1)
    axes.set_ylim(0, len(rows) + 1)
    axes.set_xlabel("time, as a multiple of dicomet's; to the right is slower")
    axes.set_yticks(places, [f"{row.section}: {row.name}" for row in rows], fontsize="small")
    axes.grid(visible=True, axis="x", alpha=0.5)
    figure.legend(loc="outside upper center", ncols=5)
    paths = [stem.with_suffix(".svg"), stem.with_suffix(".png")]
    # Text instead of outlines, and the same bytes for the same figures.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "dicomet"}):
        for path in paths:
            figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
    return paths
