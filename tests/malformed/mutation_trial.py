"""One mutated file, and the checks of every call on it: its outcome is an array or a proper error."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mutate import Mutated
from mutation_tally import Peak, Tally, general

import dicomet

HERE = Path(__file__).parent
MIB = 1 << 20
ALLOWED_GROWTH = 32 * MIB
SAMPLES_PER_BYTE = 32
"""Of a JPEG codestream: where a frame is refused, the array of all frames was already allocated."""
ALLOWED_SECONDS = 2.0
NO_RESULT: Any = object()


class Timeout(BaseException):
    """A file takes far too long."""


class TimeoutOfOthers(Timeout):
    """pydicom, without dicomet, takes far too long."""


class Trial:
    """One file. Only faults fail a run; everything else is counted for review."""

    is_harmful = False
    """Whether codecs of others take too long for it, or end the process."""

    def __init__(self, seed: int, mutated: Mutated, tally: Tally, peak: Peak, path: Path) -> None:
        self.seed, self.data, self.source, self.kinds = seed, *mutated
        self.is_jpeg, self.needs_plugin = self.source.is_jpeg, self.source.needs_plugin
        self.tally, self.peak, self.path = tally, peak, path
        self.warned: list[str] = []
        self.reference: Any = self.attempt("bytes", lambda: dicomet.pixel_array(self.data))
        self.warned_of_reference = self.warned

    def note(self, table: str, what: str) -> None:
        self.tally.note(table, what, self.seed)

    def fault(self, what: str) -> None:
        self.note("faults", what)

    @property
    def has_array(self) -> bool:
        return isinstance(self.reference, np.ndarray)

    def file(self) -> Path:
        """The path of the file on disk."""
        self.path.write_bytes(self.data)
        return self.path

    def attempt(self, way: str, call: Callable[[], Any]) -> Any:
        """The result of a call or a proper error; `NO_RESULT` for any other exception."""
        before, start, used = self.peak.start(), time.perf_counter(), time.process_time()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                given = call()
            except (Timeout, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - a panic is no Exception
                given = self.checked_error(way, error)
        # Of other processes' load only as much as this one waits for.
        took = min(time.perf_counter() - start, time.process_time() - used)
        size = given.nbytes if isinstance(given, np.ndarray) else 0
        growth = self.peak.now() - before - size - (SAMPLES_PER_BYTE if self.is_jpeg else 1) * len(self.data)
        if growth > ALLOWED_GROWTH and not self.needs_plugin:
            self.fault(f"memory, by {way}: {growth // (16 * MIB) * 16} MiB or more besides input and result")
        if took > ALLOWED_SECONDS:
            self.fault(f"slow, by {way}: {took:.0f} s, {time.process_time():.0f} s of this process")
        self.check_warnings(way, caught)
        return given

    def checked_error(self, way: str, error: BaseException) -> Any:
        if not isinstance(error, dicomet.PixelDataError | OSError | MemoryError):
            self.fault(f"odd error, by {way}: {general(error)}")
            return NO_RESULT
        text = str(error)
        if "internal error of dicomet" in text:
            self.fault(f"panic, by {way}: {general(error)}")
        if not (text or isinstance(error, MemoryError)) or not text.isprintable() or len(text) >= 1000:
            self.fault(f"text of an error, by {way}: {general(error)!r}")
        if isinstance(error, dicomet.PixelDataError):
            # What is said must be the same by every way; the source has another name in each.
            error.filename = None
            places = (error.frame, error.segment, error.offset)
            if not all(place is None or (type(place) is int and place >= 0) for place in places):
                self.fault(f"places of an error, by {way}: {general(repr(places))}")
            if not (error.element is None or (type(error.element) is str and error.element.isprintable())):
                self.fault(f"element of an error, by {way}: {error.element!r:.80}")
        else:
            self.note("other errors", general(error))
        return error.with_traceback(None)

    def check_warnings(self, way: str, caught: list[warnings.WarningMessage]) -> None:
        """Check dicomet's warnings: each occurs once, with a proper text. pydicom's parser warns at other locations."""
        own = [warning for warning in caught if Path(warning.filename).parent == HERE]
        self.warned = [str(warning.message) for warning in own]
        for text in self.warned:
            if not text or not text.isprintable() or len(text) >= 1000:
                self.fault(f"text of a warning, by {way}: {general(text)!r}")
        if len(set(self.warned)) < len(self.warned):
            self.fault(f"warned twice, by {way}: {general(max(self.warned, key=self.warned.count))}")
        if any(not issubclass(w.category, UserWarning) for w in own):
            self.fault(f"category of a warning, by {way}")
