"""The reader options that loaders of many files pass on to the functions that read one image."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dicomet._decoding.options import DecodingOptions, argument_names, unknown_argument
from dicomet.display.overlay_planes import OverlayNames
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowOver, WindowSpec
from dicomet.loaders.loading import READERS

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# Parameters that a loader sets itself: it chooses the frame, and where the array goes.
OF_LOADER = frozenset({"src", "index", "out", "ds_out", "specific_tags"})


class ReaderOptions(DecodingOptions, total=False):
    """The options of `dicomet.to_display`, `dicomet.pixel_array` and `dicomet.modality_values`.

    A loader takes the options of the function for its `values`.
    """

    window: WindowSpec
    """For display values."""
    default: WindowSpec
    """For display values."""
    prefer_lut: bool
    """For display values."""
    percentiles: tuple[float, float]
    """For display values."""
    window_over: WindowOver
    """For display values."""
    range: tuple[float, float] | None
    """For display values."""
    icc_profile: bool
    """For display values."""
    overlays: OverlayNames
    """For display values."""
    dtype: "DTypeLike | None"
    """For display and modality values."""
    raw: bool
    """For stored values."""
    decoding_plugin: str
    """For all values, like the two options below."""
    workers: int | None
    max_bytes: int | None


def check_reader_options(where: str, options: Mapping[str, object], values: Values, own: frozenset[str]) -> None:
    """Check that the function for `values` takes `options`. `own`: the other arguments of the loader `where`.

    Raises
    ------
    TypeError
        The function does not take an option. The message says which `values` take it, or names the nearest option.

    """
    known = argument_names(READERS[values]) - OF_LOADER
    unknown = [name for name in options if name not in known]
    if not unknown:
        return
    name = unknown[0]
    others = [repr(other) for other, read in READERS.items() if name in argument_names(read) - OF_LOADER]
    if others:
        raise TypeError(
            f"{where}(values={values!r}) has no argument {name!r}, which is for values={' or '.join(others)}"
        )
    raise unknown_argument(where, [name], known | own)
