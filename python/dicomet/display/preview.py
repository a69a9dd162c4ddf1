"""What an image, a series or a volume shows of itself in a notebook: a contact sheet, and its description."""

import base64
import html
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dicomet._decoding.description import ImageDescription
from dicomet._decoding.frame_reader import FrameReader
from dicomet._parsing.element_reader import tag_of
from dicomet._parsing.limits import ReadLimits, check_max_bytes
from dicomet._parsing.slide_elements import has_pixel_matrix
from dicomet._parsing.transfer_syntax import TERMS, name_of
from dicomet._utils import png
from dicomet._utils.redact import redact
from dicomet.display.api import display_options
from dicomet.display.contact_sheet import ContactSheet, spread
from dicomet.display.pixel_spacing import KEYWORDS
from dicomet.display.reader import DisplayReader
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError, counted, one_line

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._native import Source

TILES, SIZE = 6, 160
# The display values of a larger frame are not computed for a tile.
MAX_FRAME_BYTES = 1 << 28
OPTIONS = display_options(WindowArguments(), np.uint8)
SPACING_TAGS = tuple(map(tag_of, KEYWORDS))


class TileImage(NamedTuple):
    """What to draw in a tile: display values as uint8, gray or RGB, and the height of a pixel / its width."""

    image: np.ndarray
    aspect: float = 1.0


@dataclass
class Preview:
    """A contact sheet, and the errors that the tiles without an image have.

    `sheet`: a PNG file, or None if there is no image. `errors`: in the order of the tiles, each once.
    """

    sheet: bytes | None = None
    errors: list[str] = field(default_factory=list)

    def add_error(self, error: Exception) -> None:
        """Add the message of an error, without free text of the file, which may identify a patient."""
        reason = error.reason if isinstance(error, PixelDataError) else f"{type(error).__name__}: {error}"
        message = redact(one_line(reason), TERMS)
        if message not in self.errors:
            self.errors.append(message)

    def draw(self, count: int, tile_of: Callable[[int], TileImage]) -> None:
        """Draw some evenly spaced ones of `count` images: those that `tile_of` returns, and a cross for an error."""
        numbers = spread(count, TILES)
        sheet = ContactSheet(len(numbers), None, SIZE)
        for position, number in enumerate(numbers):
            try:
                sheet.draw(position, *tile_of(number))
            except Exception as error:  # noqa: BLE001 - an error in one image must not hide the others
                self.add_error(error)
                sheet.cross_out(position)
        if sheet.images:
            self.sheet = png.encode(sheet.pixels)


def preview_by(draw: Callable[[Preview], None]) -> Preview:
    """Return what `draw` adds to an empty preview, without warnings. Never raises an `Exception`."""
    found = Preview()
    # Of the notebook's process; the caller's own reading warns again.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            draw(found)
        except Exception as error:  # noqa: BLE001 - a representation never raises
            found.add_error(error)
    return found


def preview(
    source: "Source | Dataset", arguments: Mapping[str, Any], limits: ReadLimits, frames: FrameReader
) -> Preview:
    """Return some evenly spaced frames of `source`, as `dicomet.to_display` shows them. Never raises an `Exception`.

    `arguments`: the decoding options. `frames`: the frames of `source`, which are counted.
    """

    def draw(found: Preview) -> None:
        count = _count(found, frames)
        reader = TileReader(source, arguments, limits)
        found.draw(count, reader.tile)

    return preview_by(draw)


class TileReader:
    """The frames of a source as tiles: as `dicomet.to_display` shows them, at a low resolution where there is one."""

    def __init__(self, source: "Source | Dataset", arguments: Mapping[str, Any], limits: ReadLimits) -> None:
        """Parse `source`, without its pixel data."""
        most = check_max_bytes(limits.max_bytes)
        limits = limits._replace(max_bytes=MAX_FRAME_BYTES if most is None else min(most, MAX_FRAME_BYTES))
        self._reader = DisplayReader(
            source,
            {"reduce": (SIZE, SIZE), **arguments},
            limits,
            more_tags=SPACING_TAGS,
            frames_vary=not has_pixel_matrix(source),
        )
        self._aspect = self._reader.attributes.pixel_aspect()

    def tile(self, number: int) -> TileImage:
        """Return a frame by its number."""
        return TileImage(self._reader.display(number, OPTIONS, None), self._aspect)


def _count(found: Preview, frames: FrameReader) -> int:
    """Return the number of frames; of a malformed image, as many as it declares."""
    try:
        return frames.count
    except PixelDataError as error:
        found.add_error(error)
        return frames.description.image.number_of_frames


def as_html(description: Sequence[tuple[str, str]], found: Preview) -> str:
    """Return the lines of a description as a table, the contact sheet, and the errors."""
    left = "style='text-align:left'"
    rows = "".join(
        f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(text)}</td></tr>" for name, text in description
    )
    parts = [f"<table>{rows}</table>"]
    if found.sheet is not None:
        data = base64.b64encode(found.sheet).decode()
        parts.append(f"<img alt='{TILES} images at most' src='data:image/png;base64,{data}'>")
    parts += [f"<pre>{html.escape(message)}</pre>" for message in found.errors]
    return f"<div>{''.join(parts)}</div>"


def image_lines(description: ImageDescription) -> list[tuple[str, str]]:
    """Return the description of an image: a name and a text for each line."""
    image = description.image
    samples = counted(image.samples_per_pixel, "sample")
    return [
        ("image", f"{counted(image.number_of_frames, 'frame')} of {image.rows} rows and {image.columns} columns"),
        (
            "pixels",
            f"{samples} of {image.bits_stored} bits in {image.bits_allocated}, {image.photometric_interpretation}",
        ),
        ("array", f"{description.dtype} of shape {(image.number_of_frames, *description.frame_shape)}"),
        ("transfer syntax", name_of(description.transfer_syntax)),
    ]
