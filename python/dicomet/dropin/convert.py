"""`Dataset.convert_pixel_data`, which decodes for ``Dataset.pixel_array``, without its five repeated look-ups.

This replaces the common case only: the call names no handler, the decoding has no options but those below, and the
functions between this method and ``Decoder.as_array`` are pydicom's own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom import config, dataset, pixels
from pydicom.dataset import Dataset
from pydicom.pixels import utils
from pydicom.pixels.decoders import base

from dicomet.dropin.elements import CachedElements, is_plain, read_before, transfer_syntax
from dicomet.dropin.pydicom_frames import PydicomFrames
from dicomet.dropin.request import of_elements
from dicomet.dropin.shape import Declined

OPTIONS = frozenset({"use_pdh", "index", "raw", "decoding_plugin"})
# The attributes that `Dataset.__init__` creates.
STATE = frozenset({"_pixel_array", "_pixel_array_opts", "_pixel_id"})


def passed_through() -> tuple[Any, ...]:
    """Return pydicom's functions between `convert_pixel_data` and `as_array`, which the common case bypasses."""
    return (
        dataset.get_image_pixel_ids,  # type: ignore[attr-defined]
        dataset.pixel_array,  # type: ignore[attr-defined]
        utils.as_pixel_options,
        pixels.get_decoder,  # type: ignore[attr-defined]
        base.Decoder.as_array,
        Dataset.__getattr__,
        Dataset.__getitem__,
    )


def is_common(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether a call of `convert_pixel_data` is the common case."""
    if len(args) != 1 or kwargs or config._use_future or not is_plain(args[0]):  # noqa: SLF001
        return False
    state = vars(args[0])
    if not state.keys() >= STATE:
        return False
    options = state["_pixel_array_opts"]
    return type(options) is dict and options.get("use_pdh") is False and options.keys() <= OPTIONS


def convert(ds: Dataset, decoded: Callable[[Dataset, CachedElements, dict[str, Any]], np.ndarray | None]) -> None:
    """Do what `convert_pixel_data` does, step by step; if `decoded` returns no array, pydicom's function decodes.

    pydicom's method is not called as a whole in that case: it would read an element again that has just failed.
    """
    get_ids = dataset.get_image_pixel_ids  # type: ignore[attr-defined]
    has_array, known = ds._pixel_array is not None, ds._pixel_id  # noqa: SLF001
    elements = read_before(ds)
    ids = get_ids(ds) if elements is None else elements.ids()
    if has_array and known == ids:
        return
    if elements is None:
        # A user's hook may have changed elements that had been read already.
        elements = read_before(ds)
        ids = ids if elements is None else elements.ids()
    options = ds._pixel_array_opts.copy()  # noqa: SLF001
    options["decoding_plugin"] = options.get("decoding_plugin", "")
    array = None if elements is None else decoded(ds, elements, options)
    if array is None:
        array = dataset.pixel_array(ds, **options)  # type: ignore[attr-defined]
        ids = get_ids(ds)
    ds._pixel_array = array  # noqa: SLF001
    ds._pixel_id = ids  # noqa: SLF001


def decode(ds: Dataset, elements: CachedElements, options: dict[str, Any], *, lossy_jpeg: bool) -> np.ndarray:
    """Return what `Decoder.as_array` would return, or raise `Declined`. Reads, warns about and changes nothing."""
    found = base._PIXEL_DATA_DECODERS.get(transfer_syntax(ds))  # noqa: SLF001
    if found is None or "as_array" in vars(found[0]):
        raise Declined("no decoder, or one whose class was replaced or changed")
    index = options.get("index")
    request = of_elements(
        found[0],
        ds,
        elements,
        raw=options.get("raw", False),
        decoding_plugin=options["decoding_plugin"],
        lossy_jpeg=lossy_jpeg,
    )
    if request.is_longer:
        raise Declined("a value that is longer than the image, about which `as_array` warns")
    frames = PydicomFrames(request)
    return (frames.whole() if index is None else frames.frame(index))[0]
