"""The command `dicomet show`: a contact sheet of files or frames, and a line for each tile."""

import itertools
import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dicomet._parsing.dicom_file import may_be_dicom
from dicomet._parsing.limits import ReadLimits
from dicomet._utils import atomic, png
from dicomet._utils.same_file import file_id
from dicomet._utils.text import plain, printable
from dicomet.cli.files import NamedFile, find_files, silenced
from dicomet.cli.info_report import summary
from dicomet.cli.terminal import echo
from dicomet.display.api import display_options
from dicomet.display.contact_sheet import ContactSheet, UnusableSheetError, spread
from dicomet.display.pixel_spacing import pixel_aspect
from dicomet.display.reader import DisplayReader
from dicomet.display.slide import SlideReader
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError, one_line
from dicomet.info import describe, is_no_image

if TYPE_CHECKING:
    from dicomet.display.voi_selection import WindowOver, WindowSpec

__all__ = ["UnusableSheetError", "show"]


# Pixels to decode for the picture of a slide, which take some ten seconds.
MAX_SLIDE_PIXELS = 1 << 31


class Tile(NamedTuple):
    """The content of one tile: a frame of a file, or a plane of a slide (optical path and focal plane)."""

    file: NamedFile
    frame: int
    frames: int
    info: dict[str, Any]
    plane: tuple[int, int] | None = None


class Viewer:
    """Displays tiles. The last file stays open, so that it is parsed, and a window over its frames measured, once."""

    def __init__(self, windows: WindowArguments, size: int, *, overlays: bool) -> None:
        """Check the arguments of `to_display`. `size`: rows and columns of a tile."""
        self._options = display_options(windows, np.uint8)
        self._size, self._overlays = size, overlays
        self._last_frames: tuple[Path, DisplayReader] | None = None
        self._last_slide: tuple[Path, SlideReader] | None = None

    def image(self, tile: Tile) -> np.ndarray:
        """Return the display values of a tile's frame, or of a plane of a slide."""
        if tile.plane is not None:
            return self._slide(tile.file.path).picture(self._size, *tile.plane, self._options)
        return self._frames(tile).display(tile.frame, self._options, None)

    def planes(self, file: NamedFile, info: dict[str, Any]) -> list[tuple[int, int]]:
        """Return the planes of a slide: optical path and focal plane.

        The list is empty for other images, for a slide that takes too long to be shown whole, and for one with overlays
        to draw, because overlays belong to frames.
        """
        matrix = info["pixel_matrix"]
        if matrix is None or (self._overlays and info["overlays"]):
            return []
        try:
            if self._slide(file.path).matrix.decoded_pixels(self._size) > MAX_SLIDE_PIXELS:
                return []
        except (PixelDataError, OSError):
            # Each frame shows the reason.
            return []
        return list(itertools.product(range(matrix["optical_paths"]), range(matrix["focal_planes"])))

    def _frames(self, tile: Tile) -> DisplayReader:
        if self._last_frames is None or self._last_frames[0] != tile.file.path:
            self._last_frames = None
            reader = DisplayReader(
                tile.file.path,
                {"reduce": (self._size, self._size)},
                ReadLimits(),
                overlays=self._overlays,
                frames_vary=tile.info["pixel_matrix"] is None,
            )
            self._last_frames = tile.file.path, reader
        return self._last_frames[1]

    def _slide(self, path: Path) -> SlideReader:
        if self._last_slide is None or self._last_slide[0] != path:
            self._last_slide = None
            self._last_slide = path, SlideReader(path)
        return self._last_slide[1]


def show(  # noqa: PLR0913 - the options of the command
    paths: Sequence[str],
    *,
    output: str | None,
    columns: int | None,
    size: int,
    tiles: int | None,
    window: "WindowSpec",
    window_over: "WindowOver" = "frame",
    overlays: bool = False,
) -> int:
    """Write a contact sheet of the images at and below `paths`, and print a line for each tile.

    A single image is shown frame by frame; of each of several images, the middle frame is shown. A slide is shown
    whole: a single one with all optical paths and focal planes. At most one image is in memory beside the sheet.

    Returns
    -------
    int
        0, or 1 if a tile is broken or the sheet cannot be written. Without any image, no sheet is written.

    Raises
    ------
    UnusablePathError, UnusableSheetError
        There is nothing to show, or the options do not allow it.

    """
    _check_output(output)
    viewer = Viewer(WindowArguments(window, window_over=window_over), size, overlays=overlays)
    with silenced():
        files, others = _images(paths, output)
        chosen = _tiles(files, tiles, viewer)
    sheet = ContactSheet(len(chosen), columns, size)
    is_one_file = len(files) == 1 < len(chosen)
    if is_one_file:
        echo(f"{printable(files[0].label)}: {summary(chosen[0].info, with_window=window is None)}")
    broken = 0
    for number, tile in enumerate(chosen):
        with silenced():
            error = _draw(sheet, number, tile, viewer)
        broken += error is not None
        line = _line_of_frame(tile, error) if is_one_file else _line(tile, error, with_window=window is None)
        echo(f"{number + 1:{len(str(len(chosen)))}}  {line}")
    _echo_rest(len(files), len(chosen), others)
    if not sheet.images:
        sys.stderr.write("dicomet show: error: no image can be shown: no sheet is written\n")
        return 1
    return _write(png.encode(sheet.pixels), output) or int(broken > 0)


def _check_output(output: str | None) -> None:
    if output is None:
        return
    path = Path(output)
    if path.suffix.lower() != ".png":
        raise UnusableSheetError(f"found the output {output!r}, expected a name that ends with .png")
    if not path.parent.is_dir():
        raise UnusableSheetError(f"no such folder: {str(path.parent)!r}")
    if path.is_dir():
        raise UnusableSheetError(f"found a folder, expected a file to write: {output!r}")


def _images(paths: Sequence[str], output: str | None) -> tuple[list[NamedFile], int]:
    """Return the files to show, and the number of other files in the folders."""
    found = find_files(paths)
    sheet = None if output is None else file_id(output)
    named = {Path(path).resolve() for path in paths}
    files = [file for file in found if file.path.resolve() in named or not _is_no_image(file.path)]
    # A sheet of an earlier run is not DICOM and may be replaced; DICOM files without an image are protected, too.
    replaced = [file for file in found if sheet is not None and file_id(file.path) == sheet]
    if any(file in files or may_be_dicom(str(file.path)) for file in replaced):
        raise UnusableSheetError(f"the output {output!r} would replace a file that is to be shown")
    if not files:
        raise UnusableSheetError(f"no images in {', '.join(map(repr, paths))}")
    return files, len(found) - len(files)


def _is_no_image(path: Path) -> bool:
    try:
        return is_no_image(path)
    except OSError:
        # Unknown; treated as an image, so that a tile shows the reason.
        return False


def _tiles(files: Sequence[NamedFile], most: int | None, viewer: Viewer) -> list[Tile]:
    if len(files) == 1:
        info = describe(files[0].path)
        frames, planes = _frames(info), viewer.planes(files[0], info)
        if planes:
            return [Tile(files[0], 0, frames, info, planes[index]) for index in spread(len(planes), most)]
        return [Tile(files[0], index, frames, info) for index in spread(frames, most)]
    chosen = [files[index] for index in spread(len(files), most)]
    return [_of_several(file, describe(file.path), viewer) for file in chosen]


def _of_several(file: NamedFile, info: dict[str, Any], viewer: Viewer) -> Tile:
    frames, planes = _frames(info), viewer.planes(file, info)
    return Tile(file, 0, frames, info, planes[0]) if planes else Tile(file, frames // 2, frames, info)


def _frames(info: dict[str, Any]) -> int:
    """Return the number of frames; 1 if it is unknown."""
    shape = info["array_shape"] or []
    of_frame = 2 if info["SamplesPerPixel"] in {None, 1} else 3
    return shape[0] if len(shape) > of_frame else 1


def _draw(sheet: ContactSheet, number: int, tile: Tile, viewer: Viewer) -> str | None:
    """Draw a tile, and return what is wrong with it, or None."""
    try:
        sheet.draw(number, viewer.image(tile), pixel_aspect(tile.info.get))
    except Exception as error:  # noqa: BLE001 - an error in one image must not hide the others
        sheet.cross_out(number)
        reason = error.reason if isinstance(error, PixelDataError) else one_line(str(error))
        return plain(reason) or type(error).__name__
    return plain(tile.info["error"]) if tile.info["error"] else None


def _line(tile: Tile, error: str | None, *, with_window: bool) -> str:
    name = printable(tile.file.label)
    if tile.frames > 1 and tile.plane is None:
        name += f", {_frame(tile)}"
    return f"{name}: " + (summary(tile.info, with_window=with_window) if error is None else f"error: {error}")


def _line_of_frame(tile: Tile, error: str | None) -> str:
    return _frame(tile) if error is None else f"{_frame(tile)}: error: {error}"


def _frame(tile: Tile) -> str:
    if tile.plane is not None:
        optical_path, focal_plane = tile.plane
        matrix = tile.info["pixel_matrix"]
        planes = f"focal plane {focal_plane + 1} of {matrix['focal_planes']}"
        return f"optical path {optical_path + 1} of {matrix['optical_paths']}, {planes}"
    return f"frame {tile.frame + 1} of {tile.frames}"


def _echo_rest(images: int, tiles: int, others: int) -> None:
    if tiles < images:
        echo(f"{images - tiles} more images: --tiles all shows all")
    if others:
        echo(f"{others} {'file' if others == 1 else 'files'} without an image")


def _write(content: bytes, output: str | None) -> int:
    """Write the sheet, open it if it is temporary, and return the exit status."""
    try:
        path = _write_temporary(content) if output is None else _write_named(output, content)
    except OSError as error:
        sys.stderr.write(f"dicomet show: error: the sheet cannot be written: {error}\n")
        return 1
    echo(f"sheet: {path}")
    if output is None and _has_viewer():
        webbrowser.open(path.as_uri())
    return 0


def _write_named(output: str, content: bytes) -> Path:
    atomic.write(output, content)
    return Path(output)


def _write_temporary(content: bytes) -> Path:
    """Write a new file that only the user can read."""
    handle, name = tempfile.mkstemp(prefix="dicomet-show-", suffix=".png")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return Path(name)


def _has_viewer() -> bool:
    """Return whether standard output is a terminal on a system that can show an image."""
    has_display = sys.platform in {"darwin", "win32"} or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return has_display and sys.stdout.isatty()
