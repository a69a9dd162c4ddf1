"""`image_dataset_from_directory`: class folders of DICOM files as a `tf.data.Dataset`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dicomet._decoding.options import checks_arguments
from dicomet.display.values import Values
from dicomet.display.voi_selection import WindowArguments
from dicomet.keras.data_format import is_channels_first
from dicomet.loaders.bad_files import BadFiles, OnError
from dicomet.loaders.class_folder import (
    ClassFolder,
    LabelMode,
    Labels,
    Subset,
    list_class_folder,
    resolve_seed,
    select,
)
from dicomet.loaders.keras_arguments import ColorMode, DataFormat, ImageArguments, OneFrame
from dicomet.loaders.loading import FrameLoader, check_one_of

if TYPE_CHECKING:
    import tensorflow as tf

    from dicomet.display.voi_selection import WindowSpec

_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
# Keras' sizes of the shuffle buffer: in batches, or in images if the data set is not batched.
_SHUFFLED_BATCHES, _SHUFFLED_IMAGES = 8, 1024


@checks_arguments
def image_dataset_from_directory(  # noqa: PLR0913, PLR0917 - the signature is Keras'
    directory: str | os.PathLike[str],
    labels: Labels = "inferred",
    label_mode: LabelMode = "int",
    class_names: Sequence[str] | None = None,
    color_mode: ColorMode = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,  # noqa: FBT001, FBT002 - Keras' signature, here and below
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Subset = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,  # noqa: FBT001, FBT002
    crop_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
    pad_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
    data_format: DataFormat | None = None,
    format: Literal["tf"] = "tf",  # noqa: A002
    verbose: bool = True,  # noqa: FBT001, FBT002
    *,
    values: Values = "display",
    frames: OneFrame = "middle",
    on_error: OnError = "raise",
    checked: str | os.PathLike[str] | None = None,
    window: "WindowSpec" = None,
    default: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
) -> Any:
    """Return the `tf.data.Dataset` of ``keras.utils.image_dataset_from_directory``, directly from DICOM files.

    Images, labels, their order, the split and the attributes are the same as those of Keras' function for a folder of
    8-bit PNG files with the display values of the same images (`dicomet.to_display`). A file counts as DICOM by its
    suffix (``.dcm``, ``.dicom``) or by its contents (PS3.10 7.1). Needs TensorFlow, with any backend of Keras.

    Parameters
    ----------
    directory, labels, label_mode, class_names, color_mode, batch_size, image_size, shuffle, seed, validation_split
        As for Keras' function.
    subset, interpolation, follow_links, crop_to_aspect_ratio, pad_to_aspect_ratio, data_format, verbose
        As for Keras' function. Images are resized with ``tf.image.resize``, as there; JPEG 2000 is decoded at the
        lowest resolution of at least `image_size`, unless the interpolation is ``"nearest"``.
    format : {"tf"}
        Only ``"tf"``. `DicomPyDataset` replaces ``"grain"``.
    values : {"display", "stored", "modality"}
        Values of the images: those of `dicomet.to_display`; or those of `dicomet.pixel_array` or
        `dicomet.modality_values`, such as Hounsfield units, which are neither scaled nor rounded.
    frames : {"middle"} or int
        The frame of each file: the middle one of ``n``, ``n // 2``, or one by its index, counted from 0; negative
        numbers count from the end.
    on_error : {"raise", "skip"} or callable
        What to do with a file that cannot be read or decoded. ``"raise"``: raise the error. ``"skip"``: warn, once for
        each file, and leave it out together with its label. The order of the others is kept, and all batches but the
        last are full; ``len()`` of the data set is not known. A function of the path and the error: it returns an array
        of shape ``(rows, columns, channels)``, of any size, which takes the place of the image before it is resized;
        or None, to leave the file out; or it raises.
    checked : path, optional
        The list that ``dicomet check`` has written for this folder. The files that are bad by it, with the caller's
        labels for them, are left out before anything else, also before the split.
    window, default, percentiles
        As for `dicomet.to_display`, for example ``window=(40, 400)`` for soft tissue in CT. For display values only.

    Returns
    -------
    tf.data.Dataset
        Data set of ``images`` or ``(images, labels)``, with the attributes ``class_names``, ``file_paths`` (of all
        files that are tried) and ``bad_files``, as that of `dicomet.torch.DicomDataset`. Images are float32 of shape
        ``(batch, rows, columns, channels)``, display values from 0 to 255; padding is 0. Labels are int32 of shape
        ``(batch,)``, for binary float32 of ``(batch, 1)``, for categorical float32 of ``(batch, classes)``. For
        ``subset="both"``, a list of two data sets.

    Raises
    ------
    ValueError
        An argument is invalid.
    FileNotFoundError
        The folder has no DICOM file, or only bad ones.
    tf.errors.InvalidArgumentError
        On iteration: a file is malformed. The message names the file and the problem.

    """
    import dicomet.tf  # noqa: F401, PLC0415 - reports a missing TensorFlow before the files are listed

    check_one_of("format", format, ("tf",))
    seed = resolve_seed(seed, needed=shuffle and validation_split is not None)
    image = ImageArguments(
        values,
        color_mode,
        image_size,
        check_one_of("interpolation", interpolation.lower(), _INTERPOLATIONS),
        crop_to_aspect_ratio,
        pad_to_aspect_ratio,
        frames,
        WindowArguments(window, default, percentiles),
    )
    files = list_class_folder(
        directory, labels, label_mode, class_names, follow_links=follow_links, verbose=verbose, checked=checked
    )
    parts = select(files, seed if shuffle else None, validation_split, subset, verbose=verbose)
    dataset = _TfDataset(
        load=image.loader(image.channels),
        image=image,
        channels_first=is_channels_first(data_format),
        label_mode=label_mode,
        batch_size=batch_size,
        on_error=on_error,
    )
    # Of two subsets, only the one for training is shuffled again in each epoch, as in Keras.
    datasets = [dataset(part, seed if shuffle and number == 0 else None) for number, part in enumerate(parts)]
    return datasets if subset == "both" else datasets[0]


@dataclass(frozen=True)
class _TfDataset:
    """Builds a `tf.data.Dataset` from files, with the same steps as Keras, in the same order."""

    load: FrameLoader
    image: ImageArguments
    channels_first: bool
    label_mode: LabelMode
    batch_size: int | None
    on_error: OnError

    def __call__(self, files: ClassFolder, seed: int | None) -> "tf.data.Dataset":
        """Return the images of `files`, shuffled if there is a `seed`, and their labels."""
        import tensorflow as tf  # noqa: PLC0415 - `DicomPyDataset` does not need it

        from dicomet.tf import image_tensor, load_images  # noqa: PLC0415 - as above

        bad_files = BadFiles(self.on_error, len(files))
        dtype = tf.uint8 if self.load.dtype is None else tf.as_dtype(self.load.dtype)
        labels = files.encoded_labels(self.label_mode)
        # TensorFlow encodes text, but no names that are not valid text.
        paths = [os.fsencode(path) for path in files.paths]
        elements = (paths,) if labels is None else (paths, labels)
        dataset = tf.data.Dataset.from_tensor_slices(elements)
        if seed is not None:
            at_once = _SHUFFLED_IMAGES if self.batch_size is None else self.batch_size * _SHUFFLED_BATCHES
            dataset = dataset.shuffle(at_once, seed=seed)
        dataset = load_images(
            dataset,
            lambda path: image_tensor(self.load, path, dtype, bad_files),
            self._resized,
            skips=bad_files.are_skipped,
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        if self.batch_size is not None:
            dataset = dataset.batch(self.batch_size)
        dataset = dataset.prefetch(tf.data.AUTOTUNE)
        dataset.class_names = files.class_names
        dataset.file_paths = files.paths
        dataset.bad_files = bad_files
        return dataset

    def _resized(self, image: "tf.Tensor") -> "tf.Tensor":
        """Return an image as float32 of the requested size."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        rows, columns = self.image.size
        if self.image.pad_to_aspect_ratio:
            image = tf.image.resize_with_pad(image, rows, columns, method=self.image.interpolation)
        else:
            image = tf.image.resize(image, (rows, columns), method=self.image.interpolation)
        return tf.transpose(image, (2, 0, 1)) if self.channels_first else image
