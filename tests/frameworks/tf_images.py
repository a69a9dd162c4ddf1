"""Files for the tests of `dicomet.tf`, and the arrays that they contain."""

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian

NAMES = [
    "CT_small.dcm", "MR_small_RLE.dcm", "examples_rgb_color.dcm",
    "examples_palette.dcm", "rtdose.dcm", "liver_1frame.dcm",
]  # fmt: skip


CT, DOSE, COLOR = (get_testdata_file(name) for name in ("CT_small.dcm", "rtdose.dcm", "examples_rgb_color.dcm"))


def stored(path):
    """All frames as pydicom gives them, with the axis of frames that TensorFlow's images have."""
    ds = pydicom.dcmread(path)
    array = ds.pixel_array
    return array if int(ds.get("NumberOfFrames", 1)) > 1 else array[np.newaxis]


def written(tmp_path, array, bits, name="image.dcm"):
    """A file of one frame of integers, uncompressed."""
    ds = pydicom.dcmread(CT)
    ds.Rows, ds.Columns = array.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = array.itemsize * 8, bits, bits - 1
    ds.PixelRepresentation = int(array.dtype.kind == "i")
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PixelData = array.tobytes() + b"\0" * (array.nbytes % 2)
    path = tmp_path / name
    ds.save_as(path)
    return path


BROKEN = {
    "truncated": (lambda content: content[:-5000], "Pixel Data: found 27906 bytes, expected 32768"),
    "text": (lambda _: b"no DICOM file", "looks like plain text"),
    "empty": (lambda _: b"", "not a DICOM file: it is empty"),
    "header alone": (lambda content: content[:300], "no pixel data to decode"),
}
