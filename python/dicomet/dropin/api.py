"""The public functions of the drop-in: `install`, `uninstall` and `stats`."""

import os
from collections import Counter
from contextlib import AbstractContextManager
from threading import RLock
from typing import TYPE_CHECKING, Self

import pydicom
from pydicom.pixels.decoders import base

from dicomet.dropin.environment import enabled
from dicomet.dropin.stats import TALLY, Stats

if TYPE_CHECKING:
    from dicomet.dropin.patches import Patches


class _State:
    """Reference counts of the installation: calls of `install`, and ``with`` blocks that are open.

    Each of them by the value of `lossy_jpeg`: dicomet decodes lossy frames while one of them requests it.
    """

    def __init__(self) -> None:
        self.patches: Patches | None = None
        self.callers: Counter[bool] = Counter()
        self.blocks: Counter[bool] = Counter()
        self.renew_lock()
        if hasattr(os, "register_at_fork"):
            # In a forked child, the thread that holds the lock does not exist and never releases it.
            os.register_at_fork(after_in_child=self.renew_lock)

    def renew_lock(self) -> None:
        self.lock = RLock()

    def follow(self) -> None:
        """Install or remove the patches, as the counts require."""
        if self.callers.total() + self.blocks.total() > 0:
            if self.patches is None:
                from dicomet.dropin.patches import Patches  # noqa: PLC0415 - only for a version that was checked

                self.patches = Patches(self.renew)
            self.patches.lossy_jpeg = self.callers[True] + self.blocks[True] > 0
        elif self.patches is not None:
            self.patches.restore()
            self.patches = None

    def renew(self) -> None:
        """Install the patches again if pydicom's decoder module has been reloaded."""
        with self.lock:
            if self.patches is not None and self.patches.is_outdated:
                self.patches.restore()
                self.patches = None
                self.follow()


_state = _State()


class Installation(AbstractContextManager["Installation"]):
    """The result of `install`. A ``with`` block keeps dicomet installed until its end, other callers maybe longer."""

    def __init__(self, *, enabled: bool, lossy_jpeg: bool = False) -> None:
        """Represent one call of `install`."""
        self._enabled = enabled
        self._lossy_jpeg = lossy_jpeg
        self._is_caller = enabled

    def __repr__(self) -> str:
        """Return the state of the installation, for a notebook."""
        if not self._enabled:
            return "<dicomet is switched off by DICOMET in the environment>"
        return f"<dicomet is {'' if _state.patches else 'not '}installed in pydicom {pydicom.__version__}>"

    def __enter__(self) -> Self:
        """Enter the block."""
        with _state.lock:
            _state.callers[self._lossy_jpeg] -= self._is_caller
            _state.blocks[self._lossy_jpeg] += self._enabled
            self._is_caller = False
            _state.follow()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Leave the block."""
        with _state.lock:
            _state.blocks[self._lossy_jpeg] -= self._enabled
            _state.follow()


def install(*, lossy_jpeg: bool = False) -> Installation:
    """Make pydicom decode with dicomet, in this process.

    ``Dataset.pixel_array``, ``pydicom.pixels.pixel_array``, ``iter_pixels``, ``decompress`` and
    ``get_decoder(...).as_array`` become faster in any library that uses them, with unchanged results: dicomet decodes
    native syntaxes, RLE Lossless, JPEG, JPEG-LS and JPEG 2000 where the result is provably the same, and pydicom
    decodes everything else. Where pydicom has no plugin for these codestreams, dicomet decodes what pydicom cannot.
    ``convert_color_space`` becomes faster too, and while dicomet is installed, the plugin name ``"dicomet"`` is valid
    for all of them but native syntaxes.

    Other processes are not affected, except children that are forked afterwards: a spawned worker (`multiprocessing` on
    macOS and Windows, joblib, Dask, a `DataLoader` there) decodes with pydicom until it calls `install` itself. After
    ``importlib.reload`` of ``pydicom.pixels.decoders.base``, the next decode is pydicom's, and later ones dicomet's.

    Can be called any number of times, from any thread. Does nothing if the environment variable ``DICOMET`` is 0 (or
    false, no, off) at the time of the call.

    Parameters
    ----------
    lossy_jpeg : bool
        Also decode lossy JPEG where the plugin that pydicom would ask has other values (pylibjpeg), or does not decode
        12 bits; and irreversible JPEG 2000 and HTJ2K, where plugins may have values that differ by one level. The
        values are then those of `dicomet.pixel_array`, whatever is installed. A plugin that the caller names still
        decodes.

    Returns
    -------
    Installation
        A context manager that limits the installation to a block: ``with dicomet.install(): ...``.

    Raises
    ------
    RuntimeError
        dicomet does not support this version of pydicom.

    """
    if not enabled():
        return Installation(enabled=False)
    _check_version()
    with _state.lock:
        _state.callers[lossy_jpeg] += 1
        try:
            _state.renew()
            _state.follow()
        except BaseException:
            _state.callers[lossy_jpeg] -= 1
            raise
        return Installation(enabled=True, lossy_jpeg=lossy_jpeg)


def uninstall() -> None:
    """Undo `install`, whichever code called it. Does nothing if dicomet is not installed."""
    with _state.lock:
        _state.callers.clear()
        blocks, _state.blocks = _state.blocks, Counter()
        _state.follow()
        _state.blocks = blocks


def stats() -> Stats:
    """Return how many decodes dicomet took since the start of this process, how many it left to pydicom, and why.

    Each process counts its own decodes. A spawned worker has no counts, and no dicomet, until it calls `install`.

    Returns
    -------
    Stats
        Counts of the calls while dicomet was installed; ``print`` shows them in a few lines.

    """
    return TALLY.stats()


def _check_version() -> None:
    found = f"found pydicom {pydicom.__version__}"
    if hasattr(base.DecodeRunner, "set_frame_option"):
        raise RuntimeError(f"{found} with options for each frame, as of 3.1; dicomet.install() knows pydicom 3.0")
    if tuple(pydicom.__version_info__[:2]) != ("3", "0"):
        raise RuntimeError(f"{found}; dicomet.install() knows pydicom 3.0")
