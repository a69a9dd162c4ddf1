"""A MONAI reader of DICOM files and series.

>>> from dicomet.monai import DicometReader
>>> volume = LoadImage(reader=DicometReader())("series")
"""

import inspect
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dicomet._utils.extras import needs

try:
    from monai.data.image_reader import PydicomReader
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.monai", "MONAI", "monai"), name=error.name) from error
from pydicom import dcmread
from pydicom.dataset import FileDataset

import dicomet
from dicomet._decoding.options import unknown_argument
from dicomet.loaders.folders import is_dicom_file
from dicomet.torch import PathLike, as_dicom_file_error, workers_of_loader

# Longer values are not read before they are asked for, and those of pixel data never by pydicom.
_DEFER_SIZE = "64 KB"
_OF_DCMREAD = frozenset(inspect.signature(dcmread).parameters) - {"fp"}
_OF_READER = frozenset(inspect.signature(PydicomReader).parameters) - {"kwargs"}
_PIXEL_DATA = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


class DicometReader(PydicomReader):
    """MONAI's `PydicomReader`, with pixels decoded by dicomet: same values, orientation, affine and metadata.

    pydicom reads the headers alone. The files of a series, and those of a list, are decoded ahead by threads without
    the GIL, in the order in which MONAI puts them together; in the worker processes of a `DataLoader` by one thread. A
    slice lies in memory as MONAI stacks it, which then takes a third of the time.

    Parameters
    ----------
    *args, **kwargs
        All of `PydicomReader`'s, such as ``swap_ij``, ``affine_lps_to_ras``, ``prune_metadata``, ``label_dict``, and
        options of `pydicom.dcmread`. With ``to_gpu=True`` MONAI reads everything itself.

    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of `PydicomReader`.

        Raises
        ------
        TypeError
            There is no such argument; the message names the nearest one.

        """
        _check("DicometReader", kwargs, _OF_READER | _OF_DCMREAD)
        super().__init__(*args, **kwargs)

    def __repr__(self) -> str:
        """Name the options that change the result."""
        return f"<dicomet.monai.DicometReader, swap_ij={self.swap_ij}, affine_lps_to_ras={self.affine_lps_to_ras}>"

    def verify_suffix(self, filename: Sequence[PathLike] | PathLike) -> bool:
        """Tell whether all of these are folders or DICOM files (`dicomet.loaders.folders.is_dicom_file`)."""
        names = [filename] if isinstance(filename, str | os.PathLike) else filename
        return all(Path(name).is_dir() or is_dicom_file(name) for name in names)

    def read(self, data: Sequence[PathLike] | PathLike, **kwargs: Any) -> Any:
        """Read the headers of a file, of the files in a folder, or of a list of such.

        Parameters
        ----------
        data : path or sequence of paths
            A DICOM file or a folder with a series.
        **kwargs
            For `pydicom.dcmread`, in place of those of the constructor.

        Returns
        -------
        pydicom.dataset.FileDataset or list
            As of `PydicomReader`, without pixel data. ``pixel_array`` is decoded by dicomet when it is asked for.

        Raises
        ------
        OSError
            A file cannot be read.
        DicomFileError
            From `get_data`: the pixel data of a file cannot be decoded. A `dicomet.PixelDataError`, which names
            the file.

        """
        _check("DicometReader.read", kwargs, _OF_DCMREAD)
        if self.to_gpu:
            return super().read(data, **kwargs)
        found = super().read(data, **{"defer_size": _DEFER_SIZE, **self.kwargs, **kwargs})
        line = SeriesQueue(stack_slices(found) if self.has_series else _headers(found))
        for header in _headers(found):
            for keyword in _PIXEL_DATA:
                if keyword in header:
                    del header[keyword]
            header.__class__ = _Image
            header.decoded_by(line, transposed=self.swap_ij)
        return found


class _Image(FileDataset):
    """A data set whose pixel data is in its file, and is decoded from there."""

    def decoded_by(self, line: "SeriesQueue", *, transposed: bool) -> None:
        self._line = line
        self._transposed = transposed
        self._decoded: np.ndarray | None = None

    @property
    def pixel_array(self) -> np.ndarray:
        """As pydicom's; a slice that MONAI will transpose lies in memory so that nothing has to be moved then."""
        if self._decoded is None:
            array = self._line.array(str(self.filename))
            is_slice = array.ndim == 2  # noqa: PLR2004 - rows and columns
            self._decoded = np.asfortranarray(array) if self._transposed and is_slice else array
        return self._decoded


class SeriesQueue:
    """The files of one call, decoded ahead in the order in which MONAI asks for them."""

    def __init__(self, headers: Iterable[FileDataset]) -> None:
        """Take the paths of `headers`."""
        self._paths = deque(str(header.filename) for header in headers)
        self._arrays: Iterator[np.ndarray] | None = None

    def array(self, path: str) -> np.ndarray:
        """Return the array of a file: the next one of the line, or one that is asked for out of turn."""
        if self._arrays is None:
            self._arrays = dicomet.pixel_arrays(list(self._paths), workers=workers_of_loader())
        with as_dicom_file_error(path):
            if not self._paths or self._paths[0] != path:
                return dicomet.pixel_array(path, workers=workers_of_loader())
            self._paths.popleft()
            try:
                return next(self._arrays)
            except Exception:
                # Nothing comes after an error, so that all others are out of turn.
                self._paths.clear()
                raise


def _check(where: str, given: dict[str, Any], known: frozenset[str]) -> None:
    if not given.keys() <= known:
        raise unknown_argument(where, given, known)


def _headers(found: Any) -> Iterator[FileDataset]:
    """Yield the data sets of what `PydicomReader.read` has returned: one, a list, or a list of lists."""
    if isinstance(found, FileDataset):
        yield found
        return
    for one in found:
        yield from _headers(one)


def stack_slices(found: Any) -> Iterator[FileDataset]:
    """Yield the data sets of one or more series in the order in which `PydicomReader` stacks them.

    That is by Instance Number, without those that have none. In another order they would be decoded one by one.
    """
    for series in found if isinstance(found[0], list) else [found]:
        numbered = [header for header in _headers(series) if "InstanceNumber" in header]
        yield from sorted(numbered, key=lambda header: header.InstanceNumber or 0)
