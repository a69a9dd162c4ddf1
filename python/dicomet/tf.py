"""DICOM images in TensorFlow: an operation on file contents, one on file names, and a `tf.data.Dataset`.

>>> import dicomet.tf
>>> image = dicomet.tf.decode_dicom_image(tf.io.read_file("ct.dcm"), dtype=tf.int16)
>>> batches = dicomet.tf.dataset(paths, channels=1, size=(224, 224)).batch(32)
"""

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomet._utils.extras import needs

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.tf", "TensorFlow", "tf"), name=error.name) from error

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._decoding.options import checks_arguments
from dicomet._decoding.prefetch import checked_sources
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError
from dicomet.loaders.bad_files import BadFiles, OnError
from dicomet.loaders.casting import checked_cast
from dicomet.loaders.checking import CheckList, usable_files
from dicomet.loaders.loading import FrameLoader, check_one_of
from dicomet.loaders.tfio_decoding import EMPTY, OnDecodeError, Scale, decoded_or_empty

if TYPE_CHECKING:
    from dicomet.display.voi_selection import WindowSpec

__all__ = ["dataset", "decode_dicom_image", "read_image"]

# Default dtypes: display values are 8-bit; Hounsfield units may have a fraction; int32 holds any stored value of up to
# 31 bits.
_DTYPES = {"display": tf.uint8, "modality": tf.float32, "stored": tf.int32}


@checks_arguments
def decode_dicom_image(  # noqa: PLR0913, PLR0917 - the signature is tensorflow-io's
    contents: Any,
    color_dim: bool = False,  # noqa: ARG001, FBT001, FBT002 - likewise
    on_error: OnDecodeError = "strict",
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

    decode = partial(decoded_or_empty, on_error=on_error, scale=scale, dtype=dtype.as_numpy_dtype)
    tensor = _call(decode, contents, dtype, [None] * 4, name)
    return tf.constant([], dtype, name=name) if tensor.shape == EMPTY else tensor


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
    dtype = _dtype_of(values, dtype)
    windows = WindowArguments(window, default, percentiles)
    load = FrameLoader(values, np.dtype(dtype.as_numpy_dtype), channels, frames, windows, reduce=reduce)
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    return image_tensor(load, name, dtype, BadFiles("raise"))


def image_tensor(load: FrameLoader, path: Any, dtype: tf.DType, bad_files: BadFiles) -> tf.Tensor:
    """Return the image that `load` reads from a file, as `dtype`, with a static shape as far as it is known.

    It is empty if the file is to be left out.
    """
    leading = 3 if load.frames == "all" else 2
    read = partial(_read, load, bad_files, np.dtype(dtype.as_numpy_dtype), (*[0] * leading, load.channels))
    return _call(read, path, dtype, [*[None] * leading, load.channels or None])


def load_images(
    elements: tf.data.Dataset,
    read: Callable[[tf.Tensor], tf.Tensor],
    finish: Callable[[tf.Tensor], tf.Tensor],
    *,
    skips: bool,
    num_parallel_calls: int,
) -> tf.data.Dataset:
    """Return the images of paths, or of tuples of path and label, which stay together.

    `read` returns the image of a path, and `finish` what becomes of it. `skips`: leave out images that are empty.
    """

    def joined(image: tf.Tensor, rest: tuple[tf.Tensor, ...]) -> Any:
        return (image, *rest) if rest else image

    def read_one(path: tf.Tensor, *rest: tf.Tensor) -> Any:
        return joined(read(path), rest)

    def is_good(image: tf.Tensor, *_rest: tf.Tensor) -> tf.Tensor:
        return tf.size(image) > 0

    def finish_one(image: tf.Tensor, *rest: tf.Tensor) -> Any:
        return joined(finish(image), rest)

    def load(path: tf.Tensor, *rest: tf.Tensor) -> Any:
        return joined(finish(read(path)), rest)

    if not skips:
        return elements.map(load, num_parallel_calls=num_parallel_calls)
    images = elements.map(read_one, num_parallel_calls=num_parallel_calls)
    return images.filter(is_good).map(finish_one, num_parallel_calls=num_parallel_calls)


@checks_arguments
def dataset(  # noqa: PLR0913 - the arguments of `read_image`
    paths: Iterable[str | os.PathLike[str]] | tf.data.Dataset,
    *,
    labels: Any = None,
    values: Values = "display",
    dtype: tf.DType | None = None,
    channels: int = 0,
    frames: FrameSelection = "middle",
    size: tuple[int, int] | None = None,
    on_error: OnError = "raise",
    checked: str | os.PathLike[str] | None = None,
    window: "WindowSpec" = None,
    default: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Return a `tf.data.Dataset` of the images of many files, decoded in parallel without the GIL.

    Add ``shuffle``, ``batch``, ``repeat``, ``cache`` and ``prefetch`` with `tf.data`. To shuffle file names rather than
    images, pass a dataset of names, and of labels in the same order. Do not zip the result with labels if files may be
    left out: they would no longer be those of the images.

    Parameters
    ----------
    paths : iterable of paths, or tf.data.Dataset of strings
        The files in order, for example ``tf.data.Dataset.list_files("train/*/*.dcm")``.
    labels : array-like, or tf.data.Dataset, optional
        The label of each file, of any shape. A Dataset needs a Dataset of paths.
    size : (int, int), optional
        Resize bilinearly to ``(rows, columns)`` with ``tf.image.resize``. The result is float32, of known shape. JPEG
        2000 is decoded at the lowest resolution of at least this size.
    values, dtype, channels, frames, window, default, percentiles
        As for `read_image`.
    on_error : {"raise", "skip"} or callable
        What to do with a file that cannot be read or decoded. ``"raise"``: raise the error. ``"skip"``: warn, once for
        each file, and leave it out together with its label. The order of the others is kept; the number of elements is
        not known. A function of the path and the error: it returns an array like the image before `size`, of shape
        ``([frames, ]rows, columns, channels)``, which takes its place; or None, to leave the file out; or it raises.
    checked : path, optional
        The list that ``dicomet check`` has written. The files that are bad by it are left out with their labels.
    num_parallel_calls : int
        As for ``tf.data.Dataset.map``.

    Returns
    -------
    tf.data.Dataset
        Data set of the tensors that `read_image` returns, in the order of `paths`; with `labels`, of pairs of image and
        label. Its attribute ``bad_files`` is that of `dicomet.torch.DicomDataset`: the bad files that were met so far.

    Raises
    ------
    ValueError, OSError
        An argument is invalid, or the list `checked` cannot be used.
    tf.errors.InvalidArgumentError
        On iteration: a file cannot be read or decoded, and `on_error` is ``"raise"``.

    """
    dtype = _dtype_of(values, dtype)
    reduce = 0 if size is None else (int(size[0]), int(size[1]))
    windows = WindowArguments(window, default, percentiles)
    load = FrameLoader(values, np.dtype(dtype.as_numpy_dtype), channels, frames, windows, reduce=reduce)
    elements, count = _elements(paths, labels, checked)
    bad_files = BadFiles(on_error, count)
    images = load_images(
        elements,
        lambda path: image_tensor(load, path, dtype, bad_files),
        lambda image: image if size is None else tf.image.resize(image, size),
        skips=bad_files.are_skipped,
        num_parallel_calls=num_parallel_calls,
    )
    images.bad_files = bad_files
    return images


def _elements(
    paths: Iterable[str | os.PathLike[str]] | tf.data.Dataset,
    labels: Any,
    checked: str | os.PathLike[str] | None,
) -> tuple[tf.data.Dataset, int | None]:
    """Return the paths, with their labels if there are any, without bad files; and their number, if it is known."""
    if isinstance(paths, tf.data.Dataset):
        elements = paths if labels is None else tf.data.Dataset.zip((paths, _as_dataset(labels)))
        return elements if checked is None else elements.filter(partial(_is_usable, CheckList(checked))), None
    names = [os.fspath(path) for path in checked_sources("paths", paths)]
    if isinstance(labels, tf.data.Dataset):
        raise TypeError(
            "'labels': found a tf.data.Dataset, expected one label for each path, or a Dataset of paths, too"
        )
    if labels is not None and len(labels) != len(names):
        raise ValueError(f"'labels': found {len(labels)}, expected one for each of {len(names)} files")
    usable = usable_files(names, checked)
    # TensorFlow encodes text, but no names that are not valid text.
    names = tf.constant([os.fsencode(names[number]) for number in usable], tf.string)
    # Gathering keeps labels of any shape.
    elements = names if labels is None else (names, tf.gather(tf.convert_to_tensor(labels), usable))
    return tf.data.Dataset.from_tensor_slices(elements), len(usable)


def _as_dataset(labels: Any) -> tf.data.Dataset:
    return labels if isinstance(labels, tf.data.Dataset) else tf.data.Dataset.from_tensor_slices(labels)


def _is_usable(checked: CheckList, path: tf.Tensor, *_label: tf.Tensor) -> tf.Tensor:
    """Return whether a path of a data set is not bad by the list."""
    found = tf.numpy_function(lambda name: not checked.is_bad(os.fsdecode(name)), [path], tf.bool)
    return tf.ensure_shape(found, [])


def _dtype_of(values: Values, dtype: tf.DType | None) -> tf.DType:
    """Return the dtype of images: the caller's, or the default for `values`."""
    if values == "display" and dtype not in (None, tf.uint8):
        raise ValueError(f"'dtype': found {dtype!r} with values='display', expected tf.uint8 (or None)")
    return _checked_dtype(_DTYPES.get(values, tf.uint8) if dtype is None else dtype)


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


def _read(
    load: FrameLoader, bad_files: BadFiles, dtype: np.dtype[Any], empty: tuple[int, ...], name: bytes
) -> np.ndarray:
    """Return the image of a file as `dtype`; an array of the shape `empty` if the file is to be left out."""
    image = bad_files.read(os.fsdecode(name), partial(_load, load))
    return np.empty(empty, dtype) if image is None else np.ascontiguousarray(image, dtype)


def _load(load: FrameLoader, path: str) -> np.ndarray:
    """Return the image of a file as the dtype of `load`, which must hold every value unchanged."""
    array = load(path)
    return array if load.dtype is None else checked_cast(array, load.dtype, f"{path}: ")
