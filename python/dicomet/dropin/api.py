"""`install`, `uninstall` and `stats`: the drop-in as its users see it."""

import os
from contextlib import AbstractContextManager
from threading import RLock
from typing import TYPE_CHECKING, Self

import pydicom
from pydicom.pixels.decoders.base import DecodeRunner

from dicomet.dropin.environment import enabled
from dicomet.dropin.stats import TALLY, Stats

if TYPE_CHECKING:
    from dicomet.dropin.patches import Patches


class _State:
    """Who wants dicomet to be installed: callers of `install`, and blocks that have begun and not ended."""

    def __init__(self) -> None:
        self.patches: Patches | None = None
        self.callers = 0
        self.blocks = 0
        self.renew_lock()
        if hasattr(os, "register_at_fork"):
            # A thread that holds it is not there in a forked child, and could never give it back.
            os.register_at_fork(after_in_child=self.renew_lock)

    def renew_lock(self) -> None:
        self.lock = RLock()

    def follow(self) -> None:
        """Exchange pydicom's functions, or put them back, as is wanted."""
        if self.callers + self.blocks > 0:
            if self.patches is None:
                from dicomet.dropin.patches import Patches  # noqa: PLC0415 - needs what `_check_version` has found

                self.patches = Patches()
        elif self.patches is not None:
            self.patches.restore()
            self.patches = None


_state = _State()


class Installation(AbstractContextManager["Installation"]):
    """What `install` returns. With ``with``, dicomet is installed for the block, and longer only if others want it."""

    def __init__(self, *, enabled: bool) -> None:
        """Speak for one call of `install`."""
        self._enabled = enabled
        self._is_caller = enabled

    def __repr__(self) -> str:
        """Say what a notebook's user wants to know."""
        if not self._enabled:
            return "<dicomet is switched off by DICOMET in the environment>"
        return f"<dicomet is {'' if _state.patches else 'not '}installed in pydicom {pydicom.__version__}>"

    def __enter__(self) -> Self:
        """Begin the block."""
        with _state.lock:
            _state.callers -= self._is_caller
            _state.blocks += self._enabled
            self._is_caller = False
            _state.follow()
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the block."""
        with _state.lock:
            _state.blocks -= self._enabled
            _state.follow()


def install() -> Installation:
    """Let pydicom decode with dicomet, in this process.

    Every ``Dataset.pixel_array``, ``pydicom.pixels.pixel_array``, ``iter_pixels``, ``decompress`` and
    ``get_decoder(...).as_array`` becomes faster, in any library that uses them, and gives what it gave before: native
    syntaxes and RLE Lossless are decoded by dicomet where the result is provably the same, and all else by pydicom
    itself. ``convert_color_space`` becomes faster too, and as long as dicomet is installed the plugin ``"dicomet"`` can
    be named for RLE Lossless.

    May be called any number of times, from any thread. Where the environment variable ``DICOMET`` is 0 (or false, no,
    off) at the time of the call, nothing is done.

    Returns
    -------
    Installation
        A context manager, for those who want it for a block only: ``with dicomet.install(): ...``.

    Raises
    ------
    RuntimeError
        dicomet does not know this version of pydicom.

    """
    if not enabled():
        return Installation(enabled=False)
    _check_version()
    with _state.lock:
        _state.callers += 1
        try:
            _state.follow()
        except BaseException:
            _state.callers -= 1
            raise
        return Installation(enabled=True)


def uninstall() -> None:
    """Put back everything that `install` has exchanged, whoever called it. Does nothing where nothing is installed."""
    with _state.lock:
        _state.callers = 0
        blocks, _state.blocks = _state.blocks, 0
        _state.follow()
        _state.blocks = blocks


def stats() -> Stats:
    """Return how many decodes dicomet has taken since the start of this process, how many it left to pydicom, and why.

    Returns
    -------
    Stats
        Counts of calls while dicomet was installed; ``print`` shows them in a few lines.

    """
    return TALLY.stats()


def _check_version() -> None:
    found = f"found pydicom {pydicom.__version__}"
    if hasattr(DecodeRunner, "set_frame_option"):
        raise RuntimeError(f"{found} with options for each frame, as of 3.1; dicomet.install() knows pydicom 3.0")
    if tuple(pydicom.__version_info__[:2]) != ("3", "0"):
        raise RuntimeError(f"{found}; dicomet.install() knows pydicom 3.0")
