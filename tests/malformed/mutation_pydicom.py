"""Comparison with pydicom: equal arrays, or a difference that DIFFERENCES.md lists; and none under `install()`."""

import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pydicom
from call_outcome import outcome, with_and_without
from mutation_readers import short
from mutation_rules import (
    ONLY_DICOMET,
    ONLY_PYDICOM,
    Context,
    encodings_differ,
    rule_of,
    same,
    sort_of,
)
from mutation_tally import general
from mutation_trial import MIB, NO_RESULT, Timeout, TimeoutOfOthers, Trial
from pydicom.pixels import pixel_array
from pydicom.pixels.decoders.base import DecodeRunner

import dicomet
from dicomet._decoding.frame_reader import FrameReader
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset, parse
from dicomet._parsing.source import open_source

JPEG = b"1.2.840.10008.1.2.4."
RLE = b"1.2.840.10008.1.2.5\0"
BEGINNING = 1200
"""The transfer syntax lies within this number of bytes."""
TOO_MUCH = 64 * MIB
"""Larger images are not passed to pydicom, which allocates the memory before it reads the data."""
REPEATED = 3
"""Calls that show whether a result is arbitrary."""
VALIDATE = DecodeRunner.validate
place: MutableSequence[float] = [0.0] * 3
"""What the process notes about the current file: the last number says whether code of others is running."""


class TooLarge(BaseException):
    """pydicom would allocate too much memory."""


@contextmanager
def guarded() -> Iterator[None]:
    """Make pydicom raise `TooLarge` instead of allocating too much memory, and note that code of others runs."""

    def validate(runner: DecodeRunner) -> None:
        VALIDATE(runner)
        if runner.frame_length("bytes") * runner.number_of_frames > TOO_MUCH:
            raise TooLarge

    DecodeRunner.validate = validate
    place[2] = 1
    try:
        yield
    finally:
        place[2] = 0
        DecodeRunner.validate = VALIDATE


def without_dicomet(call: Callable[[], Any]) -> Any:
    """The result or exception of `call`, with dicomet's plugin for pylibjpeg disabled."""
    os.environ["DICOMET"] = "0"
    try:
        with guarded():
            return call()
    except KeyboardInterrupt:
        raise
    except Timeout as timeout:
        raise TimeoutOfOthers from timeout
    except BaseException as error:  # noqa: BLE001 - pylibjpeg's panics are no Exception
        return error
    finally:
        del os.environ["DICOMET"]


def read(data: bytes) -> pydicom.Dataset | None:
    """The data set, as far as pydicom can parse it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pydicom.dcmread(io.BytesIO(data), force=True)
        except Exception:  # noqa: BLE001 - of any type, but none of dicomet's
            return None


def is_for_others(trial: Trial) -> bool:
    """Whether codecs of other libraries would receive bytes that no such codec has written, or that harm them."""
    return trial.is_harmful or (JPEG in trial.data[:BEGINNING] and not trial.is_jpeg)


def compare(trial: Trial) -> bool:
    """Compare the file, and return whether it can be compared further."""
    if is_for_others(trial):
        trial.note("compared", "not with pydicom: no data for codecs of others")
        return False
    data = trial.data
    # Mostly pydicom's own decoder, because pylibjpeg-rle panics on excess data.
    options = {"decoding_plugin": "pydicom"} if RLE in data[:BEGINNING] and trial.seed % 8 else {}
    wanted = without_dicomet(lambda: pixel_array(io.BytesIO(data), **options))
    if options and isinstance(wanted, ValueError) and "No plugin named" in str(wanted):
        wanted = without_dicomet(lambda: pixel_array(io.BytesIO(data)))
    if isinstance(wanted, TooLarge):
        trial.note("compared", "not with pydicom: too large")
        return False
    judge(trial, data, trial.reference, wanted, trial.warned_of_reference)
    return True


def by_dataset(trial: Trial) -> None:
    """Decode pydicom's Dataset. It may differ from the file, so that such differences are only counted."""
    data_set = read(trial.data)
    if data_set is None:
        return
    given = trial.attempt("Dataset", lambda: dicomet.pixel_array(data_set))
    if given is NO_RESULT:
        return
    warned = trial.warned
    if isinstance(given, np.ndarray) and trial.has_array:
        trial.note("Dataset and file", "equal" if same(given, trial.reference) else "other values")
    elif isinstance(given, np.ndarray) or trial.has_array:
        trial.note("Dataset and file", f"{short(given)} / {short(trial.reference)}")
    if not is_for_others(trial):
        wanted = without_dicomet(lambda: data_set.pixel_array)
        if not isinstance(wanted, TooLarge):
            judge(trial, data_set, given, wanted, warned)


def judge(trial: Trial, source: Any, given: Any, wanted: Any, warned: list[str]) -> None:
    """Count agreement; for a difference, the rule that explains it, or else the messages."""
    how = "Dataset: " if is_dataset(source) else ""
    ours, theirs = isinstance(given, np.ndarray), isinstance(wanted, np.ndarray)
    if ours and theirs and same(given, wanted):
        trial.note("compared", f"{how}both equal")
    elif ours and theirs:
        trial.note("compared", f"{how}both, different")
        rule = rule_of(Context(source, given, wanted)) or f"UNEXPLAINED {shapes(given, wanted)}"
        trial.note("differences", how + rule)
    elif ours:
        trial.note("compared", f"{how}only dicomet")
        trial.note("only dicomet", how + why_pydicom_refuses(source, wanted, warned))
    elif theirs:
        trial.note("compared", f"{how}only pydicom")
        trial.note("only pydicom", how + why_dicomet_refuses(source, given))
    else:
        trial.note("compared", f"{how}both refuse")


def why_pydicom_refuses(source: Any, error: BaseException, warned: list[str]) -> str:
    """The sort of the file, or else the messages."""
    parsed = parse(source, {})
    sort = sort_of(ONLY_DICOMET, error, parsed.transfer_syntax, warned)
    if not sort and encodings_differ(parsed):
        sort = "VR against the transfer syntax"
    said = general(warned[0]) if warned else "no warning"
    return sort or f"UNEXPLAINED {general(error)} | {said}"


def why_dicomet_refuses(source: Any, error: Exception) -> str:
    """The sort of the file, or else the message."""
    sort = sort_of(ONLY_PYDICOM, error)
    if not sort and isinstance(source, bytes) and reads_on(source, error):
        sort = "a value shorter than its image, where pydicom reads on"
    if not sort and isinstance(source, bytes) and is_short_of_bits(source, error):
        sort = "single bits that are missing, which pydicom takes for zeros"
    if not sort and is_parsed(source) and encodings_differ(parsed := parse(source, {})):
        # Otherwise dicomet misreads the header of the pixel data.
        sort = "VR against the transfer syntax" if re.fullmatch("[A-Z]{2}", parsed.vr or "XX") else ""
    return sort or f"UNEXPLAINED {general(error)}"


def is_parsed(source: Any) -> bool:
    """Whether dicomet finds the pixel data."""
    try:
        parse(source, {})
    except dicomet.PixelDataError:
        return False
    return True


def is_short_of_bits(data: bytes, error: Exception) -> bool:
    """Whether Bits Allocated is 1 and the file ends too early."""
    return parse(data, {}).attributes.get("bits_allocated") == 1 and "Pixel Data: found" in str(error)


def reads_on(data: bytes, error: Exception) -> bool:
    """Whether the element is too short but the file is not: with the rest of the file, the error does not occur."""
    parsed = parse(data, {})
    start, length = parsed.value.start, parsed.value.length
    if parsed.undefined_length or start + length == len(data):
        return False
    rest = parsed._replace(value=open_source(data).part(start, len(data) - start))
    try:
        frames = FrameReader(rest, ReadLimits(workers=1), whole=True)
        frames.read(*frames.select_frames(None))
    except dicomet.PixelDataError as found:
        return str(found) != str(error)
    return True


def shapes(given: np.ndarray, wanted: np.ndarray) -> str:
    """How two arrays differ."""
    if given.shape != wanted.shape:
        return "shape"
    return f"values, {given.dtype} / {wanted.dtype.newbyteorder('=')}"


# Under install()

NO_PLUGIN = "all plugins are missing dependencies"


def array_of_dataset(data_set: pydicom.Dataset) -> np.ndarray:
    return data_set.pixel_array


def array_of_file(file: io.BytesIO) -> np.ndarray:
    return pixel_array(file)


def compare_installed(trial: Trial) -> None:
    """Check that `dicomet.install()` changes nothing."""
    call, make = array_of_file, lambda: io.BytesIO(trial.data)
    if trial.seed % 2:
        call, make = array_of_dataset, lambda: read(trial.data)
        if make() is None:
            return
    try:
        with guarded():
            installed, without, taken = with_and_without(call, make)
    except (Timeout, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001
        # The call without dicomet comes first, and pylibjpeg has panicked in it: there is nothing to compare.
        trial.note("installed", f"not compared: {type(error).__name__}")
        return
    trial.note("installed", "taken" if taken else "left to pydicom")
    if NO_PLUGIN in str(without[0]):
        # dicomet takes frames for which pydicom has no plugin.
        return
    if installed != without:
        if is_arbitrary(call, make, without):
            trial.note("installed", "not compared: pydicom alone returns something else each time")
            return
        parts = zip(("outcome", "warnings", "position"), installed, without, strict=True)
        what = ", ".join(name for name, ours, theirs in parts if ours != theirs)
        trial.fault(f"installed, {call.__name__}: {what}: {short_outcome(installed)} / {short_outcome(without)}")


def is_arbitrary(call: Callable[[Any], Any], make: Callable[[], Any], found: tuple) -> bool:
    """Whether pydicom alone returns something else in later calls: memory that its plugin has not written."""
    with guarded(), mock.patch.dict(os.environ, {"DICOMET": "0"}):
        return any(outcome(call, make()) != found for _ in range(REPEATED))


def short_outcome(outcome: tuple) -> str:
    """The beginning of an outcome."""
    given = outcome[0]
    return general(str(given[:3] if isinstance(given, tuple) else given))[:100]
