"""The options of the functions that read one image, as loaders of many files pass them on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dicomet._decoding.options import DecodingOptions, argument_names, unknown_argument
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowSpec
from dicomet.loaders.loading import READERS

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# A loader chooses the frame, and where the array goes.
OF_LOADER = frozenset({"src", "index", "out", "ds_out", "specific_tags"})


class ReaderOptions(DecodingOptions, total=False):
    """The options of `dicomet.to_display`, `dicomet.pixel_array` and `dicomet.modality_values`.

    The values that a loader reads decide which of them it takes.
    """

    window: WindowSpec
    """Of display values."""
    default: WindowSpec
    """Of display values."""
    prefer_lut: bool
    """Of display values."""
    percentiles: tuple[float, float]
    """Of display values."""
    range: tuple[float, float] | None
    """Of display values."""
    icc_profile: bool
    """Of display values."""
    dtype: "DTypeLike | None"
    """Of display and modality values."""
    raw: bool
    """Of stored values."""
    decoding_plugin: str
    """Of all values, and the two below."""
    workers: int | None
    max_bytes: int | None


def check_reader_options(where: str, options: Mapping[str, object], values: Values, own: frozenset[str]) -> None:
    """Check that the function for `values` takes `options`. `own`: the other arguments of the loader `where`.

    Raises
    ------
    TypeError
        It does not take one. The message says which values the option is for, or names the nearest option.

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
