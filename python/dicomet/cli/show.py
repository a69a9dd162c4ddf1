"""The command `dicomet show`: a contact sheet of files or frames, and a line for each tile."""

import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._parsing.dicom_file import may_be_dicom
from dicomet._utils import atomic, png
from dicomet._utils.same_file import file_id
from dicomet._utils.text import plain, printable
from dicomet.cli.files import NamedFile, find_files, silenced
from dicomet.cli.info_report import summary
from dicomet.cli.terminal import echo
from dicomet.display.api import to_display
from dicomet.display.contact_sheet import ContactSheet, UnusableSheetError, spread
from dicomet.display.pixel_spacing import pixel_aspect
from dicomet.errors import PixelDataError, one_line
from dicomet.info import describe, is_no_image

if TYPE_CHECKING:
    from dicomet.display.voi_selection import WindowSpec

__all__ = ["UnusableSheetError", "show"]


class Tile(NamedTuple):
    """The content of one tile: a frame of a file."""

    file: NamedFile
    frame: int
    frames: int
    info: dict[str, Any]


def show(  # noqa: PLR0913 - the options of the command
    paths: Sequence[str],
    *,
    output: str | None,
    columns: int | None,
    size: int,
    tiles: int | None,
    window: "WindowSpec",
) -> int:
    """Write a contact sheet of the images at and below `paths`, and print a line for each tile.

    A single image is shown frame by frame; of each of several images, the middle frame is shown. At most one image is
    in memory beside the sheet.

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
    with silenced():
        files, others = _images(paths, output)
        chosen = _tiles(files, tiles)
    sheet = ContactSheet(len(chosen), columns, size)
    is_one_file = len(files) == 1 < len(chosen)
    if is_one_file:
        echo(f"{printable(files[0].label)}: {summary(chosen[0].info, with_window=window is None)}")
    broken = 0
    for number, tile in enumerate(chosen):
        with silenced():
            error = _draw(sheet, number, tile, window, size)
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


def _tiles(files: Sequence[NamedFile], most: int | None) -> list[Tile]:
    if len(files) == 1:
        info = describe(files[0].path)
        frames = _frames(info)
        return [Tile(files[0], index, frames, info) for index in spread(frames, most)]
    chosen = [files[index] for index in spread(len(files), most)]
    return [_middle(file, describe(file.path)) for file in chosen]


def _middle(file: NamedFile, info: dict[str, Any]) -> Tile:
    frames = _frames(info)
    return Tile(file, frames // 2, frames, info)


def _frames(info: dict[str, Any]) -> int:
    """Return the number of frames; 1 if it is unknown."""
    shape = info["array_shape"] or []
    of_frame = 2 if info["SamplesPerPixel"] in {None, 1} else 3
    return shape[0] if len(shape) > of_frame else 1


def _draw(sheet: ContactSheet, number: int, tile: Tile, window: "WindowSpec", size: int) -> str | None:
    """Draw a tile, and return what is wrong with it, or None."""
    try:
        image = to_display(tile.file.path, index=tile.frame, window=window, reduce=(size, size))
    except Exception as error:  # noqa: BLE001 - an error in one image must not hide the others
        sheet.cross_out(number)
        reason = error.reason if isinstance(error, PixelDataError) else one_line(str(error))
        return plain(reason) or type(error).__name__
    sheet.place(number, image, pixel_aspect(tile.info.get))
    return plain(tile.info["error"]) if tile.info["error"] else None


def _line(tile: Tile, error: str | None, *, with_window: bool) -> str:
    name = printable(tile.file.label)
    if tile.frames > 1:
        name += f", {_frame(tile)}"
    return f"{name}: " + (summary(tile.info, with_window=with_window) if error is None else f"error: {error}")


def _line_of_frame(tile: Tile, error: str | None) -> str:
    return _frame(tile) if error is None else f"{_frame(tile)}: error: {error}"


def _frame(tile: Tile) -> str:
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
