"""What an open image shows of itself in a notebook: a contact sheet of some frames, and a table of its description."""

import base64
import html
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomet._decoding.description import ImageDescription
from dicomet._decoding.frame_reader import FrameReader
from dicomet._native import Source
from dicomet._parsing.element_reader import ElementReader, tag_of
from dicomet._parsing.limits import ReadLimits, check_max_bytes
from dicomet._parsing.pydicom_parser import read_elements
from dicomet._parsing.transfer_syntax import TERMS, name_of
from dicomet._utils import png
from dicomet._utils.redact import redact
from dicomet.display.api import display_options
from dicomet.display.contact_sheet import ContactSheet, spread
from dicomet.display.pixel_spacing import KEYWORDS, pixel_aspect
from dicomet.display.reader import DisplayReader
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError, counted, one_line

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TILES, SIZE = 6, 160
# The display values of a larger frame are not computed for a tile.
MAX_FRAME_BYTES = 1 << 28


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


def preview(
    source: "Source | Dataset", arguments: Mapping[str, Any], limits: ReadLimits, frames: FrameReader
) -> Preview:
    """Return some evenly spaced frames of `source`, as `dicomet.to_display` shows them. Never raises an `Exception`.

    `arguments`: the decoding options. `frames`: the frames of `source`, which are counted.
    """
    found = Preview()
    # Of the notebook's process; the caller's own reading warns again.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _draw(found, source, arguments, limits, frames)
        except Exception as error:  # noqa: BLE001 - a representation never raises
            found.add_error(error)
    return found


def _draw(
    found: Preview,
    source: "Source | Dataset",
    arguments: Mapping[str, Any],
    limits: ReadLimits,
    frames: FrameReader,
) -> None:
    numbers = spread(_count(found, frames), TILES)
    sheet = ContactSheet(len(numbers), None, SIZE)
    most = check_max_bytes(limits.max_bytes)
    limits = limits._replace(max_bytes=MAX_FRAME_BYTES if most is None else min(most, MAX_FRAME_BYTES))
    reader = DisplayReader(source, {"reduce": (SIZE, SIZE), **arguments}, limits)
    options, aspect = display_options(WindowArguments(), np.uint8), _aspect(source)
    for place, number in enumerate(numbers):
        try:
            sheet.place(place, reader.display(number, options, None), aspect)
        except Exception as error:  # noqa: BLE001 - an error in one frame must not hide the others
            found.add_error(error)
            sheet.cross_out(place)
    if sheet.images:
        found.sheet = png.encode(sheet.pixels)


def _count(found: Preview, frames: FrameReader) -> int:
    """Return the number of frames; of a malformed image, as many as it declares."""
    try:
        return frames.count
    except PixelDataError as error:
        found.add_error(error)
        return frames.description.image.number_of_frames


def _aspect(source: "Source | Dataset") -> float:
    """Return the height of a pixel / its width; 1 if that cannot be read."""
    try:
        dataset = read_elements(source, map(tag_of, KEYWORDS)) if isinstance(source, Source) else source
        return pixel_aspect(ElementReader(dataset, []).value)
    except PixelDataError:
        return 1.0


def as_html(description: ImageDescription, found: Preview) -> str:
    """Return the description as a table, the contact sheet, and the errors."""
    left = "style='text-align:left'"
    rows = "".join(
        f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(text)}</td></tr>"
        for name, text in _lines(description)
    )
    parts = [f"<table>{rows}</table>"]
    if found.sheet is not None:
        data = base64.b64encode(found.sheet).decode()
        parts.append(f"<img alt='{TILES} frames at most' src='data:image/png;base64,{data}'>")
    parts += [f"<pre>{html.escape(message)}</pre>" for message in found.errors]
    return f"<div>{''.join(parts)}</div>"


def _lines(description: ImageDescription) -> list[tuple[str, str]]:
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
