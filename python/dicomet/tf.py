"""DICOM images in TensorFlow: an operation on file contents, one on file names, and a `tf.data.Dataset`.

>>> import dicomet.tf
>>> image = dicomet.tf.decode_dicom_image(tf.io.read_file("ct.dcm"), dtype=tf.int16)
>>> batches = dicomet.tf.dataset(paths, channels=1, size=(224, 224)).batch(32)
"""

import io
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dicomet._utils.extras import needs

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.tf", "TensorFlow", "tf"), name=error.name) from error
from pydicom import dcmread

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import checks_arguments
from dicomet._decoding.prefetch import checked_sources
from dicomet.display.open_image import open as open_image
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError
from dicomet.loaders.casting import checked_cast, clipped_cast, stretch
from dicomet.loaders.loading import FrameLoader, check_one_of

if TYPE_CHECKING:
    from dicomet.display.voi_selection import WindowSpec

__all__ = ["dataset", "decode_dicom_image", "read_image"]

OnError = Literal["strict", "skip", "lossy"]
Scale = Literal["preserve", "auto"]

# Default dtypes: display values are 8-bit; Hounsfield units may have a fraction; int32 holds any stored value of up to
# 31 bits.
_DTYPES = {"display": tf.uint8, "modality": tf.float32, "stored": tf.int32}

# Shape of the result of `decode_dicom_image` for a skipped file, with the rank that a graph knows.
_EMPTY = (0, 0, 0, 0)


@checks_arguments
def decode_dicom_image(  # noqa: PLR0913, PLR0917 - the signature is tensorflow-io's
    contents: Any,
    color_dim: bool = False,  # noqa: ARG001, FBT001, FBT002 - likewise
    on_error: OnError = "strict",
    scale: Scale = "preserve",
    dtype: tf.DType = tf.uint16,
    name: str | None = None,
) -> tf.Tensor:
    """Decode a DICOM file to its stored values, with the arguments and shapes of ``tfio.image.decode_dicom_image``.

    Two things differ from tensorflow-io. The default of `on_error` raises an error, where tensorflow-io returns an
    empty tensor; and the values are those of `dicomet.pixel_array`: stored values, before the Modality LUT, with their
    sign, and the indices of a palette. docs/migration.md lists every difference, measured on real files.

    Parameters
    ----------
    contents : tensor of type string, 0-D
        The bytes of a DICOM file, for example from ``tf.io.read_file``.
    color_dim : bool
        Has no effect, as in tensorflow-io 0.37: the last axis is always there.
    on_error : {"strict", "skip", "lossy"}
        ``"strict"``: raise an error for a file that cannot be decoded, and for values that `dtype` does not hold.
        ``"skip"``: return an empty tensor for both. ``"lossy"``: return an empty tensor for a file that cannot be
        decoded; round values and clip them to the range of `dtype`.
    scale : {"preserve", "auto"}
        ``"auto"``: stretch the range of Bits Stored (0028,0101) to the range of an integer `dtype`, or to 0 to 1 for
        floats.
    dtype : tf.DType
        An integer or floating type of TensorFlow, signed types included.
    name : str, optional
        Name of the operation.

    Returns
    -------
    tf.Tensor
        Of shape ``(frames, rows, columns, samples)``: 3 samples for colors, 1 for gray values and for the indices of a
        palette, which tensorflow-io converts to colors. In graphs and in `tf.data` the rank, 4, is known. The empty
        tensor has shape ``(0,)``; in a graph ``(0, 0, 0, 0)``, because `tf.data` refuses a tensor whose rank is not
        the one that the graph knows. ``tf.size(image) == 0`` is true for both.

    Raises
    ------
    tf.errors.InvalidArgumentError
        With dicomet's message, which names the element, frame or offset, or the dtype that holds the values.

    Examples
    --------
    >>> image = dicomet.tf.decode_dicom_image(tf.io.read_file("ct.dcm"), dtype=tf.int16)   # (1, 512, 512, 1)
    >>> frames = tf.squeeze(image, axis=-1)                                                # (1, 512, 512)

    """
    check_one_of("on_error", on_error, ("strict", "skip", "lossy"))
    check_one_of("scale", scale, ("preserve", "auto"))
    dtype = _checked_dtype(dtype)

    decode = partial(_decoded_or_empty, on_error=on_error, scale=scale, dtype=dtype.as_numpy_dtype)
    tensor = _call(decode, contents, dtype, [None] * 4, name)
    return tf.constant([], dtype, name=name) if tensor.shape == _EMPTY else tensor


@checks_arguments
def read_image(  # noqa: PLR0913 - the choices for an image
    path: Any,
    *,
    values: Values = "display",
    dtype: tf.DType | None = None,
    channels: int = 0,
    frames: FrameSelection = "middle",
    window: "WindowSpec" = None,
    default: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    reduce: int | tuple[int, int] = 0,
) -> tf.Tensor:
    """Read one image of a local DICOM file, for example in ``map`` of a `tf.data.Dataset` of file names.

    Parameters
    ----------
    path : tensor of type string, 0-D, or path
        Name of the file. Only the needed frames of the file are read.
    values : {"display", "stored", "modality"}
        Values of the image: display values (`dicomet.to_display`), stored values (`dicomet.pixel_array`), or values
        after the Modality LUT, such as Hounsfield units (`dicomet.modality_values`).
    dtype : tf.DType, optional
        Dtype of stored values (default int32) or modality values (default float32). Display values are uint8.
    channels : {0, 1, 3, 4}
        As for ``tf.io.decode_image``: 0 for the channels of the image. Colors become gray by the luma of BT.601.
    frames : {"middle", "all"} or int
        The middle frame of ``n``, ``n // 2``; all frames; or one by its index, counted from 0; negative numbers count
        from the end.
    window, default, percentiles, reduce
        As for `dicomet.to_display`.

    Returns
    -------
    tf.Tensor
        Tensor of shape ``(rows, columns, channels)``, or ``(frames, rows, columns, channels)`` with ``frames="all"``.
        In graph mode the rank, the dtype and, unless it is 0, `channels` are known.

    Raises
    ------
    tf.errors.InvalidArgumentError
        The file cannot be read or decoded. The message is dicomet's and begins with the file name.

    """
    if values == "display" and dtype not in (None, tf.uint8):
        raise ValueError(f"'dtype': found {dtype!r} with values='display', expected tf.uint8 (or None)")
    dtype = _checked_dtype(_DTYPES.get(values, tf.uint8) if dtype is None else dtype)
    load = FrameLoader(
        values,
        np.dtype(dtype.as_numpy_dtype),
        channels,
        frames,
        windows=WindowArguments(window, default, percentiles),
        reduce=reduce,
    )

    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    return image_tensor(load, name, dtype)


def image_tensor(load: FrameLoader, path: Any, dtype: tf.DType) -> tf.Tensor:
    """Return the image that `load` reads from a file, as `dtype`, with a static shape as far as it is known."""
    leading = 3 if load.frames == "all" else 2
    return _call(partial(_read, load), path, dtype, [*[None] * leading, load.channels or None])


@checks_arguments
def dataset(  # noqa: PLR0913 - the arguments of `read_image`
    paths: Iterable[str | os.PathLike[str]] | tf.data.Dataset,
    *,
    values: Values = "display",
    dtype: tf.DType | None = None,
    channels: int = 0,
    frames: FrameSelection = "middle",
    size: tuple[int, int] | None = None,
    window: "WindowSpec" = None,
    default: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Return a `tf.data.Dataset` of the images of many files, decoded in parallel without the GIL.

    Add ``shuffle``, ``batch``, ``repeat``, ``cache`` and ``prefetch`` with `tf.data`. To shuffle file names rather than
    images, pass a dataset of names. To add labels, use ``tf.data.Dataset.zip(dicomet.tf.dataset(paths), labels)``.

    Parameters
    ----------
    paths : iterable of paths, or tf.data.Dataset of strings
        The files in order, for example ``tf.data.Dataset.list_files("train/*/*.dcm")``.
    size : (int, int), optional
        Resize bilinearly to ``(rows, columns)`` with ``tf.image.resize``. The result is float32, of known shape. JPEG
        2000 is decoded at the lowest resolution of at least this size.
    values, dtype, channels, frames, window, default, percentiles
        As for `read_image`.
    num_parallel_calls : int
        As for ``tf.data.Dataset.map``.

    Returns
    -------
    tf.data.Dataset
        Data set of the tensors that `read_image` returns, in the order of `paths`.

    """

    def load(path: tf.Tensor) -> tf.Tensor:
        image = read_image(
            path,
            values=values,
            dtype=dtype,
            channels=channels,
            frames=frames,
            window=window,
            default=default,
            percentiles=percentiles,
            reduce=0 if size is None else (int(size[0]), int(size[1])),
        )
        return image if size is None else tf.image.resize(image, size)

    if not isinstance(paths, tf.data.Dataset):
        names = [os.fspath(path) for path in checked_sources("paths", paths)]
        paths = tf.data.Dataset.from_tensor_slices(tf.constant(names, tf.string))
    return paths.map(load, num_parallel_calls=num_parallel_calls)


def _checked_dtype(dtype: Any) -> tf.DType:
    """Return `dtype` as a `tf.DType`, if it is a numeric type that NumPy has, too."""
    found = tf.as_dtype(dtype)
    if not (found.is_integer or found in (tf.float16, tf.float32, tf.float64)) or found.is_quantized:
        raise ValueError(f"'dtype': found {found.name}, expected an integer type, float16, float32 or float64")
    return found


def _call(
    function: Callable[[bytes], np.ndarray],
    text: Any,
    dtype: tf.DType,
    shape: list[int | None],
    name: str | None = None,
) -> tf.Tensor:
    """Call the pure `function`: immediately in eager mode, as an operation with static `shape` in a graph.

    In a graph, TensorFlow itself converts a `ValueError`, such as `PixelDataError`, into an `InvalidArgumentError`.
    """
    data = tf.ensure_shape(tf.convert_to_tensor(text, tf.string), [])
    if tf.is_symbolic_tensor(data):
        tensor = tf.numpy_function(function, [data], dtype, stateful=False, name=name)
        tensor.set_shape(shape)
        return tensor
    try:
        return tf.constant(function(data.numpy()), name=name)
    except PixelDataError as error:
        raise tf.errors.InvalidArgumentError(None, None, str(error)) from error


def _read(load: FrameLoader, name: bytes) -> np.ndarray:
    """Return the image of a file as the dtype of `load`, which must hold every value unchanged."""
    path = os.fsdecode(name)
    array = load(path)
    return np.ascontiguousarray(array if load.dtype is None else checked_cast(array, load.dtype, f"{path}: "))


def _decoded_or_empty(data: bytes, *, on_error: OnError, scale: Scale, dtype: type) -> np.ndarray:
    """Return all frames of a file as `dtype`; an empty array instead of an error, unless `on_error` is strict.

    It is a module-level function, so that AutoGraph does not convert it.
    """
    try:
        return _decoded(data, scale, np.dtype(dtype), lossy=on_error == "lossy")
    except PixelDataError:
        if on_error == "strict":
            raise
        return np.empty(_EMPTY, dtype)


def _decoded(data: bytes, scale: Scale, dtype: np.dtype[Any], *, lossy: bool) -> np.ndarray:
    """Return all frames of a file as `dtype`, with a last axis of samples."""
    with open_image(data, workers=1) as image:
        values = image[:]
    if scale == "auto":
        header = dcmread(io.BytesIO(data), force=True, stop_before_pixels=True, specific_tags=["BitsStored"])
        values = stretch(values, header.get("BitsStored", 0), dtype, lossy=lossy)
    else:
        values = clipped_cast(values, dtype) if lossy else checked_cast(values, dtype)
    return values[..., np.newaxis] if values.ndim == 3 else values  # noqa: PLR2004 - frames, rows, columns
