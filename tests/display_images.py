"""Small images for the display tests, as data sets and as files."""

import io
import os

import numpy as np
import pydicom
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from dicomet._native import encode_rle

PROPERTY = settings(max_examples=int(os.environ.get("EXAMPLES", "150")), suppress_health_check=list(HealthCheck))


def image(stored: np.ndarray, bits_stored: int, syntax=ExplicitVRLittleEndian) -> Dataset:
    """Return a data set of one frame."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * stored.itemsize, bits_stored, bits_stored - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    ds.PixelData = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    ds["PixelData"].VR = "OW" if stored.itemsize > 1 else "OB"
    if syntax == RLELossless:
        ds.file_meta.TransferSyntaxUID = RLELossless
        frame = encode_rle(
            ds.PixelData,
            samples_per_pixel=1,
            rows=ds.Rows,
            columns=ds.Columns,
            sample_bytes=stored.itemsize,
            big_endian=False,
        )
        ds.PixelData = encapsulate([frame])
    return ds


def as_file(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=False)
    return buffer.getvalue()


def lut_item(first: int, entries: np.ndarray, bits: int, *, words: bool) -> Dataset:
    """Return an item of a LUT sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
    if words:
        item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    else:
        item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return item


@st.composite
def stored_images(draw) -> tuple[np.ndarray, int]:
    width = draw(st.sampled_from([1, 2, 2, 2, 4]))
    bits = draw(st.integers(2, 8 * width))
    signed = draw(st.booleans())
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    shape = draw(st.sampled_from([(1, 1), (3, 5), (64, 80)]))
    values = np.random.default_rng(draw(st.integers(0, 999))).integers(low, high + 1, shape)
    return values.astype(f"{'i' if signed else 'u'}{width}"), bits


def raw_element(ds: Dataset, tag: int, vr: str, value: bytes) -> None:
    """Add an element whose value pydicom converts on first access."""
    raw = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )
    ds._dict[pydicom.tag.Tag(tag)] = raw
