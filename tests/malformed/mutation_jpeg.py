"""Mutated JPEG files: the samples of libjpeg-turbo, and no difference under `install()`, with each set of plugins."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from call_outcome import with_and_without
from install_images import JPEG_SYNTAXES
from mutation_libjpeg import OTHER, OTHER_VALUES, compared_frames, fragments_of
from mutation_oracle import Examiner
from mutation_pydicom import NO_PLUGIN, TooLarge, array_of_file, guarded, read, short_outcome
from mutation_rules import JPEG, LOSSLESS_JPEG
from mutation_tally import general
from mutation_trial import Trial
from pydicom.pixels import get_decoder
from pydicom.uid import UID

import dicomet
from dicomet._parsing.parse import parse

PLUGINS = (("pylibjpeg", "pillow"), ("pillow",), ())
"""Of pydicom's plugins, each file finds one of these sets."""


class JpegExaminer(Examiner):
    """Examines JPEG files whose codestreams may be mutated."""

    def _compare(self, trial: Trial, *, is_installed: bool) -> None:
        if trial.has_array:
            compare_samples(trial)
        with only_plugins(PLUGINS[trial.seed % len(PLUGINS)]) as names:
            if names and not (names == ("pillow",) and trial.source.syntax in LOSSLESS_JPEG):
                super()._compare(trial, is_installed=is_installed)
            elif is_installed or trial.has_array:
                check_installed_alone(trial)


@contextmanager
def only_plugins(names: tuple[str, ...], syntaxes: tuple[UID, ...] = JPEG_SYNTAXES) -> Iterator[tuple[str, ...]]:
    """Leave pydicom these plugins for JPEG, or for other transfer syntaxes."""
    decoders = [get_decoder(syntax) for syntax in syntaxes]
    available = [decoder._available for decoder in decoders]
    try:
        for decoder, found in zip(decoders, available, strict=True):
            decoder._available = {name: found[name] for name in names if name in found}
        yield names
    finally:
        for decoder, found in zip(decoders, available, strict=True):
            decoder._available = found


def compare_samples(trial: Trial) -> None:
    """Compare all frames with libjpeg-turbo."""
    parsed = parse(trial.data, {})
    if parsed.transfer_syntax not in JPEG:
        return
    components = trial.attempt("raw", lambda: dicomet.pixel_array(trial.data, raw=True))
    if any(text in said for said in trial.warned_of_reference for text in OTHER_VALUES):
        trial.note("libjpeg-turbo", "not compared: a file that is decoded with a warning about its samples")
        return
    found = compared_frames(components, fragments_of(read(trial.data)), parsed.attributes)
    for outcome in found or ["not compared: other fragments than frames"]:
        trial.note("libjpeg-turbo", outcome)
    if OTHER in found:
        trial.fault(f"other samples than libjpeg-turbo's: {components.shape} {components.dtype}")


# Without a plugin


def check_installed_alone(trial: Trial) -> None:
    """Check `install()` where pydicom has no plugin: dicomet's array, or an error instead of that about plugins."""
    try:
        with guarded():
            installed, without, taken = with_and_without(array_of_file, lambda: io.BytesIO(trial.data))
    except TooLarge:
        trial.note("installed without plugins", "not compared: too large")
        return
    given, wanted = installed[0], without[0]
    if NO_PLUGIN not in str(wanted):
        trial.note("installed without plugins", "refused by pydicom before its plugins")
        if installed != without:
            trial.fault(f"installed without plugins: {short_outcome(installed)} / {short_outcome(without)}")
        return
    if isinstance(given, tuple) and issubclass(given[0], Exception):
        trial.note("installed without plugins", f"an error: {given[0].__name__}")
    elif not trial.has_array:
        trial.note("installed without plugins", f"an array; dicomet alone: {general(trial.reference)}")
    else:
        wanted = (trial.reference.dtype.str, trial.reference.shape)
        same = given[1:3] == wanted and given[-1] == trial.reference.tobytes()
        how = "taken" if taken else "as a plugin"
        trial.note("installed without plugins", f"{'the array' if same else 'not the array'} of dicomet alone, {how}")
