"""All ways to read a file, which must return the same array; and memory in which every byte must be written."""

import functools
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from mutation_sources import File
from mutation_tally import general
from mutation_trial import MIB, NO_RESULT, Trial

import dicomet

POISON = 0xA5
MAX_FRAMES = 60


def check_poisoned(trial: Trial) -> None:
    """Check that every byte of the result is written."""
    wanted = trial.reference
    if wanted.nbytes > 4 * MIB:
        return
    out = np.full(wanted.nbytes, POISON, np.uint8).view(wanted.dtype).reshape(wanted.shape)
    given = trial.attempt("out=", lambda: dicomet.pixel_array(trial.data, out=out))
    if given is not out or given.tobytes() != wanted.tobytes():
        trial.fault("out= differs from an allocated array")
    if not (wanted.flags.c_contiguous and wanted.flags.writeable and wanted.dtype.isnative):
        trial.fault("form of the array")


# Mutations that do not affect the image: any array must equal that of the original file.
HARMLESS = frozenset(
    {
        "change table",
        "change table size",
        "change extended",
        "change preamble",
        "change meta",
        "change group length",
        "append",
    }
)


@functools.lru_cache(maxsize=4000)
def whole_image(source: File) -> np.ndarray:
    """The array of the original file."""
    return dicomet.pixel_array(source.packed(source.head, source.body))


def check_unchanged(trial: Trial) -> None:
    """Check that a wrong table or group length leads to the same image, or to an error."""
    if trial.needs_plugin or not HARMLESS.issuperset(trial.kinds):
        return
    wanted = whole_image(trial.source)
    same = trial.reference.shape == wanted.shape and trial.reference.tobytes() == wanted.tobytes()
    trial.note("the whole image, though not the whole file", "equal" if same else "other values")
    if not same:
        trial.fault("another image, although no call has changed the file")


def check_same(trial: Trial, way: str, given: Any) -> None:
    """Check for the same array, or the same error."""
    wanted = trial.reference
    if given is NO_RESULT:
        return
    if isinstance(given, np.ndarray) and isinstance(wanted, np.ndarray):
        same = (given.dtype, given.shape) == (wanted.dtype, wanted.shape) and given.tobytes() == wanted.tobytes()
    else:
        same = type(given) is type(wanted) and without_addresses(given) == without_addresses(wanted)
    if not same:
        trial.fault(f"differs by {way}: {short(given)} / {short(wanted)}")


def check_frame(trial: Trial, way: str, given: Any, number: int) -> None:
    """Check one frame, if the whole array is known. Before a defect, frames may be readable without the whole."""
    wanted = trial.reference
    if given is NO_RESULT or not isinstance(wanted, np.ndarray):
        return
    whole = wanted if isinstance(given, np.ndarray) and wanted.ndim > given.ndim else wanted[None]
    if not isinstance(given, np.ndarray):
        # Shape (n, 3) may be three columns or one column of RGB: only frame 0 is checked then.
        whole = wanted if wanted.ndim == 4 or (wanted.ndim == 3 and wanted.shape[-1] != 3) else wanted[None]
    if number >= len(whole):
        if isinstance(given, np.ndarray):
            trial.fault(f"a frame too many by {way}")
    elif not isinstance(given, np.ndarray):
        trial.fault(f"a frame refused by {way}: {general(given)}")
    elif given.tobytes() != np.ascontiguousarray(whole[number]).tobytes() or given.dtype != whole.dtype:
        trial.fault(f"a frame differs by {way}")


def without_addresses(given: Any) -> str:
    """The message without memory addresses, which a codec may include."""
    return re.sub(r"0x[0-9a-f]+", "0x", str(given))


def short(given: Any) -> str:
    """An outcome in a few words."""
    return "an array" if isinstance(given, np.ndarray) else general(given)


def by_path(trial: Trial) -> None:
    path = trial.file()
    check_same(trial, "path", trial.attempt("path", lambda: dicomet.pixel_array(path)))


def by_bytes_io(trial: Trial) -> None:
    file = io.BytesIO(trial.data)
    check_same(trial, "BytesIO", trial.attempt("BytesIO", lambda: dicomet.pixel_array(file)))
    if file.tell() != 0:
        trial.fault("the position of a file is not restored")


def by_file(trial: Trial) -> None:
    with trial.file().open("rb") as file:
        check_same(trial, "file", trial.attempt("file", lambda: dicomet.pixel_array(file)))


def by_view(trial: Trial) -> None:
    source = trial.file() if trial.seed % 2 else trial.data
    given = trial.attempt("view_only", lambda: dicomet.pixel_array(source, view_only=True))
    # The next trial overwrites the file: no view may still refer to its memory map.
    check_same(trial, "view_only", given.copy() if isinstance(given, np.ndarray) else given)


def by_index(trial: Trial) -> None:
    number = trial.seed // 16 % 3
    given = trial.attempt("index=", lambda: dicomet.pixel_array(trial.data, index=number))
    check_frame(trial, "index=", given, number)


def by_iteration(trial: Trial) -> None:
    check_all_frames(trial, "iter_pixels", dicomet.iter_pixels(trial.file() if trial.seed % 2 else trial.data))


def by_open(trial: Trial) -> None:
    image = trial.attempt("open", lambda: dicomet.open(trial.data))
    if not isinstance(image, dicomet.OpenImage):
        if trial.has_array:
            trial.fault("open refuses")
        return
    if not trial.has_array:
        check_all_frames(trial, "open, iterated", iter(image))
        return
    number, length = trial.seed // 16 % 3, trial.attempt("len", lambda: len(image))
    if number < length:
        check_frame(trial, "open", trial.attempt("open", lambda: image.frame(number)), number)
    if length > 1:
        check_same(trial, "open, all", trial.attempt("open, all", lambda: image[:]))


def check_all_frames(trial: Trial, way: str, frames: Iterator[np.ndarray]) -> None:
    """Check all frames of an iteration, up to a maximum number."""
    found: list[np.ndarray] = []
    while len(found) < MAX_FRAMES:
        given = trial.attempt(way, lambda: next(frames, None))
        if given is None:
            break
        check_frame(trial, way, given, len(found))
        if not isinstance(given, np.ndarray):
            return
        found.append(given)
    if trial.has_array and len(found) < MAX_FRAMES:
        is_one = not found or found[0].ndim == trial.reference.ndim
        if len(found) != (1 if is_one else len(trial.reference)):
            trial.fault(f"{way}: {len(found)} frames, not those of the whole")


# Reading a Dataset is a way, too, but compared with pydicom's result (`mutation_pydicom.by_dataset`).
WAYS: tuple[Callable[[Trial], None], ...] = (
    *(by_path, by_bytes_io, by_iteration, by_index, by_open, by_view, by_file),
)
