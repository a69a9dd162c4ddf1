"""Mutated JPEG-LS files: the samples of the standard and of CharLS, and no difference under `install()`.

dicomet is compared with the standard for each file, and the standard with CharLS for those that plugins of pydicom
decode, too: some two of three.
"""

from typing import Any

from install_images import JPEG_LS_SYNTAXES
from mutation_charls import (
    BOTH_REFUSE,
    BY_PLUGIN,
    CHARLS,
    EQUAL,
    OF_PLUGIN,
    OTHER,
    by_standard,
    codestreams,
    form_of,
    judged,
    judged_frames,
    with_charls,
)
from mutation_jpeg import check_installed_alone, only_plugins
from mutation_oracle import ALL_WAYS, Examiner
from mutation_pydicom import by_dataset
from mutation_sources_jpeg_ls import all_jpeg_ls
from mutation_trial import Trial

import dicomet
from dicomet._parsing.parse import parse

PLUGINS = (("pyjpegls", "pylibjpeg"), ("pyjpegls",), ())
"""Of pydicom's plugins, each file finds one of these sets."""
OF_FRAME = "Pixel Data, frame "


class JpegLsExaminer(Examiner):
    """Examines JPEG-LS files whose codestreams may be mutated."""

    def _begin(self, trial: Trial) -> bool:
        if any(OF_PLUGIN in said for said in trial.warned_of_reference):
            # CharLS may return memory that it has not written, which differs from call to call.
            trial.note("standard", BY_PLUGIN)
            return False
        self._parsed = parsed_jpeg_ls(trial.data)
        self._streams = None if self._parsed is None else codestreams(trial.data, self._parsed)
        self._has_others = PLUGINS[trial.seed % len(PLUGINS)] or ALL_WAYS[trial.seed % len(ALL_WAYS)] is by_dataset
        if self._has_others:
            trial.is_harmful = not all(CHARLS.decode(stream).ends for stream in self._streams or ())
        return True

    def _compare(self, trial: Trial, *, is_installed: bool) -> None:
        if self._streams is not None:
            compare_samples(trial, self._parsed, self._streams, is_with_charls=self._has_others)
        if trial.is_harmful:
            trial.note("compared", "not with pydicom: CharLS takes too long, or ends the process")
            return
        with only_plugins(PLUGINS[trial.seed % len(PLUGINS)], JPEG_LS_SYNTAXES) as names:
            if names:
                super()._compare(trial, is_installed=is_installed)
            elif is_installed or trial.has_array:
                check_installed_alone(trial)


def parsed_jpeg_ls(data: bytes) -> Any:
    """The parsed file; None if dicomet does not find JPEG-LS in it."""
    try:
        parsed = parse(data, {})
    except dicomet.PixelDataError:
        return None
    return parsed if parsed.transfer_syntax in JPEG_LS_SYNTAXES and not parsed.is_dataset else None


def prepare_jpeg_ls() -> None:
    """Build all files, and decode their frames by the standard, before the processes are forked."""
    for file in all_jpeg_ls():
        data = file.packed(file.head, file.body)
        parsed = parsed_jpeg_ls(data)
        for stream in (parsed and codestreams(data, parsed)) or ():
            by_standard(stream)


def compare_samples(trial: Trial, parsed: Any, streams: list[bytes], *, is_with_charls: bool) -> None:
    """Compare all frames, or the frame that an error is about, with the standard; and the standard with CharLS."""
    if trial.has_array:
        raw = trial.attempt("raw", lambda: dicomet.pixel_array(trial.data, raw=True))
        outcomes = judged_frames(raw, " ".join(trial.warned_of_reference), streams, form_of(parsed.attributes))
    else:
        error = trial.reference
        number = error.frame if isinstance(error, dicomet.PixelDataError) and OF_FRAME in str(error) else None
        if number is None or number >= len(streams):
            return
        streams = [streams[number]]
        outcomes = [judged(None, str(error), streams[0], form_of(parsed.attributes))]
    for outcome, stream in zip(outcomes, streams, strict=False):
        report(trial, outcome, stream, is_with_charls=is_with_charls)


def report(trial: Trial, outcome: str, stream: bytes, *, is_with_charls: bool) -> None:
    """Note an outcome, which is a fault if it is not that of the standard, and what CharLS does."""
    trial.note("standard", outcome if OTHER not in outcome else OTHER)
    if OTHER in outcome:
        trial.fault(f"not as the standard says: {outcome}")
    if is_with_charls and outcome in (EQUAL, BOTH_REFUSE):
        how = with_charls(stream, is_whole=outcome == EQUAL)
        trial.note("CharLS", how)
        if OTHER in how:
            trial.fault(f"CharLS has other samples of the same codestream: {how}")
