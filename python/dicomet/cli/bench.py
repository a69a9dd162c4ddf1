"""The measurements of `dicomet bench`: decode with pydicom and with dicomet, compare the arrays, and time both."""

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from pydicom.filereader import read_file_meta_info
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array as pydicom_pixel_array
from pydicom.uid import UID

import dicomet
from dicomet._parsing.tags import PIXEL_DATA_ELEMENTS
from dicomet._parsing.transfer_syntax import BY_UID, CODECS, JPEG_2000
from dicomet._utils.timing import Limit, TimedCallError, medians, time_interleaved
from dicomet.cli.files import NamedFile
from dicomet.errors import PixelDataError

Decode = Callable[[Path], np.ndarray]

MIN_RUNS, MAX_RUNS = 3, 25
# Timing a file stops at the maximum number of runs or after this time, but never below the minimum number of runs.
SECONDS_PER_FILE = 0.2
# Values compared at once: the temporary arrays stay small compared with the image.
COMPARE_CHUNK = 1 << 20
# Decoders of lossy JPEG and of irreversible JPEG 2000 round differently (ISO/IEC 10918-2 and 15444-4 give tolerances).
# pydicom's plugins are up to five levels apart for JPEG, and colors some more; OpenJPEG and dicomet one level, and two
# for 16 bits.
_JPEG_LEVELS, _JPEG_2000_LEVELS = 8, 2
MAX_LOSSY_DIFFERENCES = {
    "1.2.840.10008.1.2.4.50": _JPEG_LEVELS,
    "1.2.840.10008.1.2.4.51": _JPEG_LEVELS,
    "1.2.840.10008.1.2.4.91": _JPEG_2000_LEVELS,
    "1.2.840.10008.1.2.4.203": _JPEG_2000_LEVELS,
}


class Outcome(enum.Enum):
    """The outcome for one file; the values are the words of the report."""

    EQUAL = "equal"
    CLOSE = "close"
    DIFFERENT = "differs"
    DICOMET_ONLY = "dicomet only"
    DICOMET_FAILS = "dicomet fails"
    REFUSED = "refused by both"
    NO_IMAGE = "no image"


@dataclass(frozen=True, slots=True)
class Result:
    """The findings for one file. Times are medians over `runs` runs, in seconds.

    `pydicom_lacks_extra`: pydicom refuses it for want of a plugin that dicomet's extra `jpeg` installs.
    """

    label: str
    outcome: Outcome
    transfer_syntax: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    runs: int = 0
    pydicom_lacks_extra: bool = False

    @property
    def ratio(self) -> float | None:
        """Time of pydicom / time of dicomet; None where the arrays differ, because speed is meaningless there."""
        is_comparable = self.outcome in (Outcome.EQUAL, Outcome.CLOSE)
        return self.seconds["pydicom"] / self.seconds["dicomet"] if is_comparable else None


def exit_status(results: Sequence[Result]) -> int:
    """Return 1 where dicomet's array differs from pydicom's, or where only pydicom decodes a file; otherwise 0."""
    return int(any(result.outcome in (Outcome.DIFFERENT, Outcome.DICOMET_FAILS) for result in results))


def bench_file(file: NamedFile, repeat: int | None) -> Result:
    """Decode one file with both, compare the arrays, and time both; exceptions become part of the result."""
    decoders: dict[str, Decode] = {"pydicom": pydicom_pixel_array, "dicomet": dicomet.pixel_array}
    errors, difference, array = _compare(file.path, decoders)
    transfer_syntax = _transfer_syntax(file.path)
    # Keep only these of the array, whose memory the timed runs would lack.
    shape, dtype = (array.shape, array.dtype.newbyteorder("=").name) if isinstance(array, np.ndarray) else ((), "")
    del array
    seconds, runs = _measure(file.path, decoders, errors, repeat)
    outcome = _outcome(file.path, errors, difference, MAX_LOSSY_DIFFERENCES.get(transfer_syntax, 0))
    known = BY_UID.get(transfer_syntax)
    name = transfer_syntax.name if known is None else known.short_name or known.name
    lacks_plugin = "pydicom" in errors and _pydicom_lacks_plugin(transfer_syntax)
    if lacks_plugin:
        # Shorter than pydicom's message, which lists all plugins for each file.
        errors["pydicom"] = f"no decoding plugin for {name} is installed"
    return Result(
        label=file.label,
        outcome=outcome,
        transfer_syntax=name,
        shape=shape,
        dtype=dtype,
        reason=errors.get("dicomet") or errors.get("pydicom") or difference.text,
        seconds=seconds,
        runs=runs,
        pydicom_lacks_extra=lacks_plugin and CODECS.get(transfer_syntax) is JPEG_2000,
    )


class _Difference(NamedTuple):
    """The difference of two arrays, in words, and the largest one of their values; empty and 0 if they are equal."""

    text: str = ""
    largest: float = 0.0


class _Attempt(NamedTuple):
    array: np.ndarray | None
    error: str


def _attempt(decode: Decode, path: Path) -> _Attempt:
    try:
        return _Attempt(decode(path), "")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception, and one file must not stop the run
        return _Attempt(None, _reason(error))


def _reason(error: BaseException) -> str:
    """Return the message of an exception, with its type unless that type is known to carry a message for the user."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    message = error.reason if isinstance(error, PixelDataError) else " ".join(str(error).split())
    expected = isinstance(error, PixelDataError | AttributeError | NotImplementedError | RuntimeError | ValueError)
    return message if message and expected else f"{type(error).__name__}: {message}".removesuffix(": ")


def _compare(path: Path, decoders: Mapping[str, Decode]) -> tuple[dict[str, str], _Difference, np.ndarray | None]:
    """Decode once with each, which also warms up. Return the errors by name, the difference, and an array, if any."""
    attempts = {name: _attempt(decode, path) for name, decode in decoders.items()}
    errors = {name: attempt.error for name, attempt in attempts.items() if attempt.error}
    expected, found = attempts["pydicom"].array, attempts["dicomet"].array
    difference = _Difference() if errors else _difference(expected, found)
    return errors, difference, expected if found is None else found


def _difference(expected: np.ndarray | None, found: np.ndarray | None) -> _Difference:
    """Return the difference in shape, dtype (regardless of byte order) or values."""
    if not isinstance(found, np.ndarray) or not isinstance(expected, np.ndarray):
        return _Difference(f"type {type(found).__name__}, pydicom {type(expected).__name__}", math.inf)
    if found.shape != expected.shape:
        return _Difference(f"shape {found.shape}, pydicom {expected.shape}", math.inf)
    if found.dtype.newbyteorder("=") != expected.dtype.newbyteorder("="):
        return _Difference(f"dtype {found.dtype}, pydicom {expected.dtype}", math.inf)
    flat, flat_expected = found.reshape(-1), expected.reshape(-1)
    chunks = [
        _different_values(flat_expected[start : start + COMPARE_CHUNK], flat[start : start + COMPARE_CHUNK])
        for start in range(0, found.size, COMPARE_CHUNK)
    ]
    count, largest = sum(count for count, _ in chunks), max((largest for _, largest in chunks), default=0.0)
    return _Difference(f"{count} of {found.size} values, by up to {largest:g}", largest) if count else _Difference()


def _different_values(expected: np.ndarray, found: np.ndarray) -> tuple[int, float]:
    """Return the number of different values, and their largest difference."""
    different = expected != found
    if found.dtype.kind == "f":
        different &= ~(np.isnan(expected) & np.isnan(found))
    if not different.any():
        return 0, 0.0
    differences = np.abs(found[different].astype(float) - expected[different].astype(float))
    return int(np.count_nonzero(different)), float(np.nan_to_num(differences, nan=math.inf).max())


def _measure(
    path: Path, decoders: Mapping[str, Decode], errors: dict[str, str], repeat: int | None
) -> tuple[dict[str, float], int]:
    """Return the median times of the decoders that succeed, and the runs; add later failures to `errors`."""
    calls = {name: partial(decode, path) for name, decode in decoders.items() if name not in errors}
    limit = Limit(MIN_RUNS, MAX_RUNS, SECONDS_PER_FILE) if repeat is None else Limit(repeat, repeat, 0)
    try:
        times = time_interleaved(calls, limit)
    except TimedCallError as error:
        reason = _reason(error.__cause__ or error)
        errors[error.name] = f"decoded {error.rounds + 1} times, then: {reason}"
        return {}, error.rounds
    return medians(times), max(map(len, times.values()), default=0)


def _outcome(path: Path, errors: Mapping[str, str], difference: _Difference, tolerance: int) -> Outcome:
    match "pydicom" in errors, "dicomet" in errors:
        case False, False if 0 < difference.largest <= tolerance:
            return Outcome.CLOSE
        case False, False:
            return Outcome.DIFFERENT if difference.text else Outcome.EQUAL
        case True, False:
            return Outcome.DICOMET_ONLY
        case False, True:
            return Outcome.DICOMET_FAILS
    return Outcome.REFUSED if _is_image(path) else Outcome.NO_IMAGE


def _is_image(path: Path) -> bool:
    """Return whether a file that both refuse has pixel data, according to pydicom's parser, not to the exceptions."""
    try:
        with path.open("rb") as file:
            named_dicom = file.read(132)[128:] == b"DICM"
    except OSError:
        # Unknown; treated as an image, so that the report gives the reason.
        return True
    try:
        dataset = pydicom.dcmread(path, force=True, defer_size=1024)
    except Exception:  # noqa: BLE001 - the file can be anything, and the parser raises many types
        return named_dicom
    return any(tag in dataset for tag in PIXEL_DATA_ELEMENTS.values())


def _transfer_syntax(path: Path) -> UID:
    try:
        return UID(read_file_meta_info(path).get("TransferSyntaxUID", ""))
    except Exception:  # noqa: BLE001 - the file can be anything, and the parser raises many types
        return UID("")


def _pydicom_lacks_plugin(transfer_syntax: UID) -> bool:
    """Return whether pydicom has plugins for the codestreams of a transfer syntax, but none of them is installed."""
    codec = CODECS.get(transfer_syntax)
    if codec is None or not codec.is_codestream:
        return False
    try:
        return not get_decoder(transfer_syntax).available_plugins
    except NotImplementedError:
        return False
