"""Write the figures of benches/figures into docs/performance.md, and draw its plot and the chart of README.md.

Usage: python tools/performance_page.py
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benches"))

from harness import goals, plan, report  # noqa: E402 - from benches
from harness.rows import REFERENCE, Row, Rows  # noqa: E402

FIGURES = ROOT / "benches" / "figures"
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
CHART = IMAGES / "speed.svg"

WIDTH, LEFT, RIGHT = 760, 330, 60
ROW, BAR, TOP = 24, 14, 44
STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #2f6f9f }
.one { stroke: #8c959f; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de } .bar { fill: #6cb0e0 } }"""


class Group(NamedTuple):
    """Bars of the chart: the names of rows by the labels of their bars."""

    title: str
    section: str
    rows: Mapping[str, str]


GROUPS = (
    Group(
        "dicomet.pixel_array, from path to array",
        plan.PATH,
        {
            "CT slice, native": "CT",
            "CT slice, RLE Lossless": "CT, RLE",
            "ultrasound, 100 RGB frames": "ultrasound, RGB",
            "ultrasound, 100 frames of JPEG 4:2:2": "ultrasound, 100 frames, JPEG 4:2:2",
            "mammogram, 12 of 16 bits": "mammogram, 12 of 16",
            "mammogram, JPEG Lossless": "mammogram, JPEG SV1",
            "mammogram, JPEG 2000": "mammogram, JPEG 2000",
            "CT, 20 frames of JPEG-LS": "20 CT frames, JPEG-LS",
            "CT, 300 frames in RLE Lossless": "300 CT frames, RLE",
        },
    ),
    Group("one frame of many", plan.FRAME, {"one CT frame of 300": "300 CT frames"}),
    Group(
        "Dataset.pixel_array after dicomet.install()",
        plan.INSTALL,
        {
            "CT slice, native": "CT",
            "CT slice, RLE Lossless": "CT, RLE",
            "mammogram, 12 of 16 bits": "mammogram, 12 of 16",
            "ultrasound, 100 RGB frames": "ultrasound, RGB",
        },
    ),
)


def read_figures(name: str) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a run of `benches/peers.py`, and its machine."""
    return report.from_json((FIGURES / f"{name}.json").read_text(encoding="utf-8"))


def ratios_of(rows: Rows, group: Group) -> dict[str, float]:
    """Return the label and ratio of each bar of `group`, in its order.

    Raises
    ------
    LookupError
        A row has no figure of pydicom.

    """
    found = {label: rows.get(group.section, name).ratio(REFERENCE) for label, name in group.rows.items()}
    if missing := [label for label, ratio in found.items() if ratio is None]:
        raise LookupError(f"{group.section}: found no figure of pydicom for {missing}")
    return {label: ratio for label, ratio in found.items() if ratio is not None}


def draw(rows: Sequence[Row]) -> str:
    """Return the chart as SVG."""
    groups = [(group.title, ratios_of(Rows(rows), group)) for group in GROUPS]
    scale = (WIDTH - LEFT - RIGHT) / max(ratio for _, ratios in groups for ratio in ratios.values())
    body = [f'<text class="title" x="{LEFT}" y="20">times as fast as pydicom 3.0</text>']
    y = TOP
    for title, ratios in groups:
        body.append(f'<text class="title" x="10" y="{y + BAR - 2}">{escape(title)}</text>')
        y += ROW
        for label, ratio in ratios.items():
            length = ratio * scale
            body += [
                f'<text x="{LEFT - 8}" y="{y + BAR - 2}" text-anchor="end">{escape(label)}</text>',
                f'<rect class="bar" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}"/>',
                f'<text x="{LEFT + length + 6:.1f}" y="{y + BAR - 2}">{ratio:.1f}</text>',
            ]
            y += ROW
        y += ROW // 2
    x = LEFT + scale
    body.append(f'<line class="one" x1="{x:.1f}" y1="{TOP + ROW - 4}" x2="{x:.1f}" y2="{y - ROW // 2}"/>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img">'
    return "\n".join([head, f"<style>\n{STYLE}\n</style>", *body, "</svg>", ""])


def readers(rows: Sequence[Row], about: Mapping[str, Any]) -> list[str]:
    """Return the readers that have a figure or a verdict, in the order of the run."""
    return [name for name in about["versions"] if any(name in row.figures or name in row.verdicts for row in rows)]


def tables(name: str) -> str:
    """Return the tables of a run: the figures of all readers, and for `peers` the goals."""
    rows, about = read_figures(name)
    text = report.markdown(rows, readers(rows, about), about)
    return text + goals.markdown(rows) if name == "peers" else text


def filled(page: str) -> str:
    """Return the page with the tables of each run between the comments that name the run."""
    for name in ("peers", "plugins"):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, rest = page.split(begin)
        after = rest.split(end)[1]
        page = f"{before}{begin}\n{tables(name)}\n{end}{after}"
    return page


def main() -> None:
    """Write the page and both images."""
    rows, about = read_figures("peers")
    CHART.write_text(draw(rows), encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    paths = report.plot(rows, readers(rows, about), IMAGES / "peers")
    if not paths:
        raise SystemExit("matplotlib is absent: docs/images/peers.svg is not drawn")
    for path in paths:
        if path.suffix != ".svg":
            path.unlink()


if __name__ == "__main__":
    main()
