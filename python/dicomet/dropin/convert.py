"""`Dataset.convert_pixel_data`, by which ``Dataset.pixel_array`` decodes, without looking everything up five times.

Of what it does, this takes over only the common case: no handler is named, there are no options for the decoding but
those below, and nobody has changed the functions between it and ``Decoder.as_array``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom import config, dataset, pixels
from pydicom.dataset import Dataset
from pydicom.pixels import utils
from pydicom.pixels.decoders import base
from pydicom.pixels.decoders.base import Decoder

from dicomet.dropin.elements import CachedElements, is_plain, read_before, transfer_syntax
from dicomet.dropin.pydicom_frames import PydicomFrames
from dicomet.dropin.request import of_elements
from dicomet.dropin.shape import NotTaken

OPTIONS = frozenset({"use_pdh", "index", "raw", "decoding_plugin"})
# What `Dataset.__init__` makes.
STATE = frozenset({"_pixel_array", "_pixel_array_opts", "_pixel_id"})


def passed_through() -> tuple[Any, ...]:
    """Return the functions of pydicom's between `convert_pixel_data` and `as_array`, which are passed by."""
    return (
        dataset.get_image_pixel_ids,  # type: ignore[attr-defined]
        dataset.pixel_array,  # type: ignore[attr-defined]
        utils.as_pixel_options,
        pixels.get_decoder,  # type: ignore[attr-defined]
        Decoder.as_array,
        Dataset.__getattr__,
        Dataset.__getitem__,
    )


def is_common(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether a call of `convert_pixel_data` is of the common case."""
    if len(args) != 1 or kwargs or config._use_future or not is_plain(args[0]):  # noqa: SLF001
        return False
    state = vars(args[0])
    if not state.keys() >= STATE:
        return False
    options = state["_pixel_array_opts"]
    return type(options) is dict and options.get("use_pdh") is False and options.keys() <= OPTIONS


def convert(ds: Dataset, decoded: Callable[[Dataset, CachedElements, dict[str, Any]], np.ndarray | None]) -> None:
    """Do what `convert_pixel_data` does, step by step; where `decoded` gives no array, pydicom's function does.

    pydicom's whole method is not called then, for it would try again to read an element that has just failed.
    """
    get_ids = dataset.get_image_pixel_ids  # type: ignore[attr-defined]
    has_array, known = ds._pixel_array is not None, ds._pixel_id  # noqa: SLF001
    elements = read_before(ds)
    ids = get_ids(ds) if elements is None else elements.ids()
    if has_array and known == ids:
        return
    if elements is None:
        # Somebody's hook may have changed what had been looked at before.
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


def decode(ds: Dataset, elements: CachedElements, options: dict[str, Any]) -> np.ndarray:
    """Return what `Decoder.as_array` would, or raise `NotTaken`. Nothing is read, warned or changed here."""
    found = base._PIXEL_DATA_DECODERS.get(transfer_syntax(ds))  # noqa: SLF001
    if found is None or "as_array" in vars(found[0]):
        raise NotTaken("no decoder, or one with a method of somebody else's")
    index = options.get("index")
    request = of_elements(
        found[0], ds, elements, raw=options.get("raw", False), decoding_plugin=options["decoding_plugin"]
    )
    frames = PydicomFrames(request)
    return (frames.whole() if index is None else frames.frame(index))[0]
