"""`install`, `uninstall` and `stats`: the drop-in as its users see it."""

from contextlib import AbstractContextManager
from threading import RLock
from typing import TYPE_CHECKING, Self

import pydicom
from pydicom.pixels.decoders.base import DecodeRunner

from dicomet.dropin.stats import TALLY, Stats
from dicomet.dropin.switch import enabled

if TYPE_CHECKING:
    from dicomet.dropin.patches import Patches

_lock = RLock()
_patches: "Patches | None" = None


class Installation(AbstractContextManager["Installation"]):
    """What `install` returns: with ``with``, dicomet is uninstalled at the end of the block.

    Attributes
    ----------
    changed : bool
        This call has installed dicomet. If it was installed before, or ``DICOMET=0``, nothing has been changed, and
        nothing is at the end of the block.

    """

    def __init__(self, *, changed: bool) -> None:
        """Tell whether there is something to undo."""
        self.changed = changed

    def __enter__(self) -> Self:
        """Begin the block."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the block."""
        if self.changed:
            uninstall()
            self.changed = False


def install() -> Installation:
    """Let pydicom decode with dicomet, in this process.

    Every ``Dataset.pixel_array``, ``pydicom.pixels.pixel_array``, ``iter_pixels``, ``decompress`` and
    ``get_decoder(...).as_array`` becomes faster, in any library that uses them, and gives what it gave before: native
    syntaxes and RLE Lossless are decoded by dicomet where the result is provably the same, and all else by pydicom
    itself. ``convert_color_space`` becomes faster too, and the plugin ``"dicomet"`` can be named for RLE Lossless.

    May be called any number of times, from any thread. With the environment variable ``DICOMET=0`` nothing is done.

    Returns
    -------
    Installation
        A context manager, for those who want it for a block only: ``with dicomet.install(): ...``.

    Raises
    ------
    RuntimeError
        dicomet does not know this version of pydicom.

    """
    global _patches  # noqa: PLW0603 - pydicom is patched once for the process
    _check_version()
    with _lock:
        if _patches is not None or not enabled():
            return Installation(changed=False)
        from dicomet.dropin.patches import Patches  # noqa: PLC0415 - needs what `_check_version` has found to be there

        _patches = Patches()
        return Installation(changed=True)


def uninstall() -> None:
    """Put back everything that `install` has exchanged. Does nothing where nothing is installed."""
    global _patches  # noqa: PLW0603
    with _lock:
        if _patches is not None:
            _patches.restore()
            _patches = None


def stats() -> Stats:
    """Return how many decodes dicomet has taken since the start of the process, how many it left to pydicom, and why.

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
