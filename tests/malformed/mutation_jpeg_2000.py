"""Mutated JPEG 2000 files: the samples of OpenJPEG, and no difference under `install()`, with each set of plugins."""

from typing import Any

import imagecodecs
import numpy as np
from install_images import JPEG_2000_SYNTAXES
from mutation_jpeg import check_installed_alone, only_plugins
from mutation_libjpeg import fragments_of, stored_samples
from mutation_oracle import Examiner
from mutation_pydicom import read, without_dicomet
from mutation_sources_jpeg_2000 import all_jpeg_2000
from mutation_trial import Trial
from mutations_jpeg_2000 import COC, COD, POC, QCC, QCD, RGN, parts

import dicomet
from dicomet._parsing.parse import parse

PLUGINS = (("pylibjpeg", "pillow"), ("pillow",), ())
"""Of pydicom's plugins, each file finds one of these sets."""


class Jpeg2000Examiner(Examiner):
    """Examines JPEG 2000 files whose codestreams may be mutated."""

    def _compare(self, trial: Trial, *, is_installed: bool) -> None:
        if trial.has_array:
            compare_samples(trial)
        check_truncated(trial)
        with only_plugins(PLUGINS[trial.seed % len(PLUGINS)], JPEG_2000_SYNTAXES) as names:
            if names:
                super()._compare(trial, is_installed=is_installed)
            elif is_installed or trial.has_array:
                check_installed_alone(trial)


def check_truncated(trial: Trial) -> None:
    """Check that `on_truncation="decode"` changes nothing where it is not needed, and that it warns where it is."""
    given = trial.attempt("on_truncation", lambda: dicomet.pixel_array(trial.data, on_truncation="decode"))
    if trial.has_array and not (isinstance(given, np.ndarray) and given.tobytes() == trial.reference.tobytes()):
        trial.fault("on_truncation='decode' has another result, although nothing is missing")
    if not trial.has_array and isinstance(given, np.ndarray) and not trial.warned:
        trial.fault("on_truncation='decode' does not warn")


def compare_samples(trial: Trial) -> None:
    """Compare the reversible frames with OpenJPEG's, where there are no warnings."""
    parsed = parse(trial.data, {})
    if parsed.transfer_syntax not in JPEG_2000_SYNTAXES or parsed.is_dataset:
        return
    if trial.warned_of_reference:
        trial.note("OpenJPEG", "not compared: a file that is decoded with a warning")
        return
    raw = trial.attempt("raw", lambda: dicomet.pixel_array(trial.data, raw=True))
    frames = raw if raw.ndim > 2 + (parsed.attributes["samples_per_pixel"] == 3) else raw[None]
    streams = fragments_of(read(trial.data))
    if streams is None or len(streams) != len(frames):
        trial.note("OpenJPEG", "not compared: other fragments than frames")
        return
    for frame, stream in zip(frames, streams, strict=True):
        outcome = compared(frame, stream, parsed.attributes)
        trial.note("OpenJPEG", outcome)
        if outcome == OTHER:
            trial.fault(f"other samples than OpenJPEG's: {frame.shape} {frame.dtype}")


EQUAL, OTHER = "equal", "other samples"
TRANSFORMATION = {COD: 13, COC: 10}
"""The byte of a segment that is 1 for the reversible wavelet."""
OF_ALL = {COC: COD, QCC: QCD}
"""The segment for all components, of which that for one component is an exception, wherever it is (A.6.2, A.6.5)."""


def is_reversible(stream: bytes) -> bool:
    """Whether all components of all tiles are."""
    found = [
        (part.start + TRANSFORMATION[part.marker], part) for part in parts(stream) if part.marker in TRANSFORMATION
    ]
    return bool(found) and all(at < part.end and stream[at] == 1 for at, part in found)


def has_openjpegs_parameters(stream: bytes) -> bool:
    """Whether no component's own parameters precede those of all: OpenJPEG forgets the former then.

    It does not read all progression order changes as A.6.6 defines them, either.
    """
    markers = [part.marker for part in parts(stream)]
    if POC in markers:
        return False
    return not any(after in markers[index:] for index, marker in enumerate(markers) if (after := OF_ALL.get(marker)))


KNOWN = frozenset(
    {None, 0x50, 0x51, 0x52, 0x53, 0x55, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F}
    | {0x60, 0x61, 0x63, 0x64, 0x74, 0x75, 0x77, 0x78, 0x90}
)
"""The markers of segments that OpenJPEG knows, and the data of tile-parts."""


def without_unknown_segments(stream: bytes) -> bytes:
    """The codestream without segments of unknown markers.

    A decoder skips them (A.1). OpenJPEG does not read their length: it looks for the next known marker at each second
    byte, and thus misses tile-parts after a segment of odd length.
    """
    for part in reversed(parts(stream)):
        if part.marker not in KNOWN:
            stream = stream[: part.start] + stream[part.end :]
    return stream


def compared(found: np.ndarray, stream: bytes, attributes: dict[str, Any]) -> str:
    """How the samples of a frame compare with OpenJPEG's, and if they are not equal, why."""
    outcome = compared_once(found, stream, attributes)
    if outcome != OTHER:
        return outcome
    plain = without_unknown_segments(stream)
    if plain != stream and compared_once(found, plain, attributes) == EQUAL:
        return "equal without the segments of unknown markers"
    # For OpenJPEG, coefficients of at least half the threshold are those of the region (H.1).
    return "other samples of a region of interest" if any(part.marker == RGN for part in parts(stream)) else OTHER


def compared_once(found: np.ndarray, stream: bytes, attributes: dict[str, Any]) -> str:
    """How the samples of a frame compare with OpenJPEG's."""
    if not is_reversible(stream):
        return "not compared: irreversible"
    if not has_openjpegs_parameters(stream):
        return "not compared: parameters that OpenJPEG reads otherwise"
    expected = without_dicomet(lambda: imagecodecs.jpeg2k_decode(stream))
    if isinstance(expected, BaseException):
        return "refused by OpenJPEG"
    expected = expected.reshape(expected.shape[0], expected.shape[1], -1)
    if found.ndim == 3:
        expected = expected[..., :3]
    stored, signed = int(attributes["bits_stored"]), int(attributes["pixel_representation"]) == 1
    expected = stored_samples(expected.astype(np.int64), stored, signed=signed).reshape(expected.shape)
    return EQUAL if np.array_equal(found.reshape(expected.shape), expected) else OTHER


def prepare_jpeg_2000() -> None:
    """Build all files before the processes are forked."""
    all_jpeg_2000()
