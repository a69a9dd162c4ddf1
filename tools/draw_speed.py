"""Draw the chart of README.md: how many times as long pydicom takes, from the tables in benches/README.md.

Usage: python tools/draw_speed.py; it writes docs/images/speed.svg.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "benches" / "README.md"
CHART = ROOT / "docs" / "images" / "speed.svg"

WIDTH, LEFT, RIGHT = 760, 330, 60
ROW, BAR, TOP = 24, 14, 44
STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #2f6f9f }
.one { stroke: #8c959f; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de } .bar { fill: #6cb0e0 } }"""


class Group(NamedTuple):
    """Bars from one column of one table: labels of the bars by the first cells of the table's rows."""

    title: str
    heading: str
    column: str
    rows: dict[str, str]


GROUPS = (
    Group(
        "dicomet.pixel_array, from path to array",
        "### Path to array",
        "pydicom",
        {
            "CT 512 x 512, 16 bits": "CT slice, native",
            "same, RLE Lossless": "CT slice, RLE Lossless",
            "one frame of 300, native / RLE": "one frame of an enhanced CT with 300",
            "ultrasound 100 x 480 x 640 RGB": "ultrasound, 100 RGB frames",
            "mammogram 4096 x 3328, 12 of 16 bits": "mammogram, 12 of 16 bits",
            "enhanced CT 300 x 512 x 512, RLE Lossless": "enhanced CT, 300 frames in RLE Lossless",
            "segmentation 200 x 512 x 512, 1 bit": "segmentation, 200 frames of 1 bit",
        },
    ),
    Group(
        "Dataset.pixel_array after dicomet.install()",
        "### `ds.pixel_array` after `dicomet.install()`",
        "without / installed",
        {
            "same, RLE Lossless": "CT slice, RLE Lossless",
            "CT 512 x 512, 16 bits": "CT slice, native",
            "mammogram 4096 x 3328, 12 of 16 bits": "mammogram, 12 of 16 bits",
            "ultrasound 100 x 480 x 640 RGB": "ultrasound, 100 RGB frames",
        },
    ),
)


def read_ratios(page: str, group: Group) -> dict[str, float]:
    """Return the label and ratio of each bar of `group`, in its order.

    Raises
    ------
    KeyError
        The table has no such row, or no such column.

    """
    section = page.split(f"\n{group.heading}\n", 1)[-1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    table = {cells[0]: dict(zip(header, cells, strict=True)) for cells in rows}
    # A cell for two cases, as in "9.2 / 8.8": the first.
    return {label: float(re.split(r"[ /]", table[name][group.column])[0]) for name, label in group.rows.items()}


def draw(page: str) -> str:
    """Return the chart as SVG."""
    groups = [(group.title, read_ratios(page, group)) for group in GROUPS]
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


if __name__ == "__main__":
    sys.stdout.write(f"{CHART.relative_to(ROOT)}\n")
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text(draw(FIGURES.read_text(encoding="utf-8")), encoding="utf-8")
