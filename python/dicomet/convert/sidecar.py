"""A JSON file beside the results: what image files do not say, such as the spacing of their pixels."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dicomet.convert.frames import FrameSource

SUFFIX = ".json"


def sidecar_path(out: Path) -> Path:
    """Return the name of the file beside `out`."""
    return out.with_suffix(SUFFIX)


def sidecar_content(source: FrameSource, values: str, files: Sequence[Path]) -> bytes:
    """Return the file for the results of `source`.

    ``pixel_spacing`` is that of the results, in mm: of rows, then of columns, as in Pixel Spacing.
    """
    spacing = source.elements.spacing()
    content: dict[str, Any] = {
        "files": [path.name for path in files],
        "frames": list(source.numbers),
        "values": values,
        "rows": source.size[0],
        "columns": source.size[1],
        "pixel_spacing": None,
        "pixel_spacing_of": None,
        "elements": source.elements.reported(),
    }
    if spacing is not None:
        rows, columns = source.stored_size
        content["pixel_spacing"] = [spacing.rows * rows / source.size[0], spacing.columns * columns / source.size[1]]
        content["pixel_spacing_of"] = spacing.keyword
    return json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False).encode() + b"\n"
