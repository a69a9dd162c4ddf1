"""pydicom's functions whose results dicomet reproduces without replacing them: it takes no call if one is replaced."""

from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import processing
from pydicom.pixels.decoders import base, rle

from dicomet.dropin.calibration import NAMES

PYDICOM = Path(pydicom.__file__).parent


def internals() -> tuple[Any, ...]:
    """Return pydicom's functions whose results are reproduced without replacing them."""
    return (
        *base.PROCESSORS,
        base.convert_color_space,  # type: ignore[attr-defined]
        base._correct_unused_bits,  # noqa: SLF001
        base._apply_sign_correction,  # noqa: SLF001
        base.Decoder._as_array_native,  # noqa: SLF001
        base.Decoder._as_array_encapsulated,  # noqa: SLF001
        rle._rle_decode_frame,  # noqa: SLF001
        rle._rle_decode_segment,  # noqa: SLF001
        base.DecodeRunner._conform_jpg_colorspace,  # noqa: SLF001
        base.DecodeRunner._decode_frame,  # noqa: SLF001
        base.DecodeRunner._get_frame_info,  # noqa: SLF001
        base.DecodeRunner.decode,
        base.DecodeRunner.iter_decode,
        base.DecodeRunner.reshape,
        base.DecodeRunner.process,
        base.DecodeRunner._validate_buffer,  # noqa: SLF001
        vars(base.DecodeRunner)["pixel_dtype"].fget,
        # Not called for elements that have been converted before.
        Dataset.__contains__,
        Dataset.__getattr__,
        Dataset.__getitem__,
        Dataset.get,
        *(getattr(processing, name) for name in NAMES.values()),
    )


def is_pydicoms(function: Any) -> bool:
    """Return whether `function` is defined in pydicom, and not a replacement by other code."""
    code = getattr(function, "__code__", None)
    return code is not None and Path(code.co_filename).is_relative_to(PYDICOM)
