"""Class folders in which some files are bad, for the tests of all loaders."""

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian

SIZE = (4, 6)


def write(path, array, **elements):
    """Write an image, which is gray unless `elements` say otherwise; they also say whether `array` has frames."""
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = array.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = array.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(array.dtype.kind == "i")
    for name, value in elements.items():
        setattr(ds, name, value)
    ds.PixelData = array.tobytes() + bytes(array.nbytes % 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, implicit_vr=False, little_endian=True)
    return path


def make(root, count=12, bad=(1, 5, 6, 7, 11)):
    """Write `count` files, alternately of two classes, whose pixels all have the number of the file.

    Files are listed class by class: those with an even number, then those with an odd one. `bad`: numbers of files
    that are cut, or empty.
    """
    for number in range(count):
        path = write(root / "ab"[number % 2] / f"{number:03}.dcm", np.full(SIZE, number, np.uint8))
        if number in bad:
            path.write_bytes(path.read_bytes()[:-10] if number % 3 else b"")
    return root
