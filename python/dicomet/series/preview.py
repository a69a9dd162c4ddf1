"""What a series and a volume show of themselves in a notebook: a contact sheet of some slices, and a description."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.source import open_source
from dicomet._utils.arrays import resize_image
from dicomet.display.api import RANGES
from dicomet.display.contact_sheet import spread
from dicomet.display.preview import SIZE, TILES, Preview, TileImage, TileReader, preview_by
from dicomet.errors import counted
from dicomet.series.slices import Slice
from dicomet.series.volume_reader import contents_of

if TYPE_CHECKING:
    from dicomet.series.series import Series
    from dicomet.series.volume import Volume

PERCENTILES = (1, 99)
_WITH_SAMPLES = 4
Lines = list[tuple[str, str]]


def series_preview(series: "Series") -> Preview:
    """Return some evenly spaced slices of a series, each as `dicomet.to_display` shows it. Never raises."""
    limits = ReadLimits()

    # The slices of an enhanced image are in one file.
    @lru_cache(maxsize=1)
    def reader_of(number: int) -> TileReader:
        contents = contents_of(series.slices[number])
        return TileReader(contents if is_dataset(contents) else open_source(contents), {}, limits)

    first = {id(one.file): number for number, one in reversed(list(enumerate(series.slices)))}

    def tile_of(number: int) -> TileImage:
        one = series.slices[number]
        return reader_of(first[id(one.file)]).tile(one.index)

    return preview_by(lambda found: found.draw(len(series), tile_of))


def volume_preview(volume: "Volume") -> Preview:
    """Return some evenly spaced slices of a volume. Never raises.

    Display values and 8-bit colors are drawn as they are, other values in one window: from the lowest to the highest
    percentile of `PERCENTILES` of the slices that are drawn.
    """

    def draw(found: Preview) -> None:
        chosen = spread(len(volume.array), TILES)
        drawn = _as_bytes(volume, [_reduced(volume.array[number]) for number in chosen])
        images = dict(zip(chosen, drawn, strict=True))
        found.draw(len(volume.array), lambda number: TileImage(images[number], _aspect(volume.slices[0])))

    return preview_by(draw)


def _aspect(one: Slice) -> float:
    rows, columns = one.pixel_spacing or (1.0, 1.0)
    return rows / columns


def _reduced(image: np.ndarray) -> np.ndarray:
    """Return an image with at most `SIZE` rows and columns, as uint8 or float32."""
    values = image if image.dtype == np.uint8 else image.astype(np.float32)
    rows, columns = image.shape[:2]
    scale = min(1.0, SIZE / max(rows, columns))
    return resize_image(np.ascontiguousarray(values), (max(1, round(rows * scale)), max(1, round(columns * scale))))


def _as_bytes(volume: "Volume", images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return images as uint8, from black to white."""
    is_color = volume.array.ndim == _WITH_SAMPLES
    if volume.dtype == np.uint8 and (is_color or volume.values == "display"):
        return list(images)
    low, high = RANGES.get(volume.dtype, (0.0, 1.0))
    if volume.values != "display":
        known = np.concatenate([image[np.isfinite(image)] for image in images])
        low, high = np.percentile(known, PERCENTILES).tolist() if len(known) else (0.0, 1.0)
    if volume.values != "display" and volume.slices[0].pixels[1] == "MONOCHROME1":
        low, high = high, low
    scale = 255 / (high - low) if high != low else 0.0
    # Rounded half up, as display values are.
    scaled = [np.nan_to_num((image.astype(np.float32) - low) * scale) for image in images]
    return [(image.clip(0, 255) + 0.5).astype(np.uint8) for image in scaled]


def series_lines(series: "Series") -> Lines:
    """Return the description of a series: a name and a text for each line. Nothing identifies the patient."""
    first = series.slices[0]
    lines = [("series", _size(series.shape, series.modality)), ("pixels", str(first.pixels[1] or "?"))]
    if series.spacing is not None:
        lines.append(("spacing", _spacing(series.spacing)))
    lines.append(("files", str(len(series.files))))
    lines += [(issue.kind, counted(len(issue.files), "file")) for issue in series.issues]
    return lines


def volume_lines(volume: "Volume") -> Lines:
    """Return the description of a volume: a name and a text for each line. Nothing identifies the patient."""
    return [
        ("volume", _size(volume.shape, volume.slices[0].pixels[1] or "?")),
        ("array", f"{volume.dtype} of shape {volume.shape}, {volume.values} values"),
        ("spacing", _spacing(volume.spacing)),
        ("files", str(len(volume.files))),
    ]


def _size(shape: tuple[int, ...], more: str) -> str:
    return f"{counted(shape[0], 'slice')} of {shape[1]} rows and {shape[2]} columns, {more}"


def _spacing(spacing: tuple[float, float, float]) -> str:
    return " x ".join(f"{one:.4g}" for one in spacing) + " mm (slices x rows x columns)"
