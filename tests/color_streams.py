"""Codestreams and data sets for the tests of the color rule, and every way of reading them."""

import io
import re
import warnings
from functools import cache

import codestreams
import numpy as np
import oracle
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRBigEndian, RLELossless, generate_uid

import dicomet
from dicomet._decoding.color_rule import Components
from dicomet._native import Codestream
from dicomet.convert.api import convert_file
from dicomet.loaders.loading import FrameLoader

RGB, YCBCR, PARTIAL, UNKNOWN = (
    Components.RGB,
    Components.YCBCR,
    Components.PARTIAL_YCBCR,
    Components.UNKNOWN,
)


FULL_TERMS = ("YBR_FULL", "YBR_FULL_422")
PARTIAL_TERMS = ("YBR_PARTIAL_422", "YBR_PARTIAL_420")
TRANSFORMED_TERMS = ("YBR_ICT", "YBR_RCT")
OTHER_TERMS = ("HSV", "ARGB", "CMYK", "XYB", "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
TERMS = ("RGB", *FULL_TERMS, *PARTIAL_TERMS, *TRANSFORMED_TERMS, *OTHER_TERMS)
NUMBER_IDS = ((1, 2, 3), (0, 1, 2), (5, 9, 200))
LETTER_IDS = (tuple(b"RGB"), tuple(b"rgb"))
rng = np.random.default_rng(20)
BLOCKS = rng.integers(30, 226, (2, 2, 3), dtype=np.uint8)
PIXELS = BLOCKS.repeat(8, axis=0).repeat(8, axis=1)
# OpenJPEG wants some pixels for its five levels.
SOFT = rng.integers(30, 226, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
PLANES = tuple(np.moveaxis(BLOCKS, -1, 0))
HALF = ((2, 1), (1, 1), (1, 1))
HALF_PLANES = (rng.integers(30, 226, (2, 4)), PLANES[1], PLANES[2])


@cache
def dct(segments=b"", ids=(1, 2, 3)):
    return codestreams.dct_jpeg(PLANES, segments, ids)


@cache
def half_dct(segments=b"", ids=(1, 2, 3)):
    return codestreams.dct_jpeg(HALF_PLANES, segments, ids, HALF)


@cache
def lossless(segments=b"", ids=(1, 2, 3)):
    return codestreams.lossless_jpeg(PIXELS, 8, segments, ids)


@cache
def jpeg_ls(segments=b"", ids=(1, 2, 3)):
    return codestreams.jpeg_ls(PIXELS, 8, segments, ids)


@cache
def j2k(*, mct, lossy=False):
    return codestreams.jpeg_2000(SOFT, 8, mct=mct, lossy=lossy)


@cache
def half_j2k(separation=(2, 1)):
    components = [rng.integers(60, 190, size, dtype=np.uint8) for size in ((128, 128), *[(128, 64)] * 2)]
    if separation != (2, 1):
        size = -(-128 // separation[1]), -(-128 // separation[0])
        components[1:] = [rng.integers(90, 160, size, dtype=np.uint8) for _ in range(2)]
    return codestreams.subsampled_jpeg_2000(components, 8, (128, 128), ((1, 1), separation, separation))


def data_set(transfer_syntax, pixels, term, *, bits=8, allocated=8, frames=1, planar=0):  # noqa: PLR0913
    """A data set with `pixels`: the codestreams of the frames, or samples of shape (rows, columns, 3)."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7.4"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, term, planar
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = allocated, bits, bits - 1, 0
    ds.NumberOfFrames = frames
    if isinstance(pixels, np.ndarray):
        ds.Rows, ds.Columns = pixels.shape[:2]
        image = oracle.Image(pixels[np.newaxis], allocated, bits, photometric=term, planar=planar)
        if ds.file_meta.TransferSyntaxUID == RLELossless:
            packed = [oracle.odd_runs(plane, np.random.default_rng(1)) for plane in oracle.byte_planes(image)]
            ds.PixelData = encapsulate([oracle.rle_frame(packed)])
        else:
            ds.PixelData = oracle.native(image, big_endian=ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian)
    else:
        header = Codestream.read(pixels)
        assert header is not None
        ds.Rows, ds.Columns = sizes(pixels)
        ds.PixelData = encapsulate([pixels] * frames)
    ds["PixelData"].VR = "OB" if allocated == 8 or ds.file_meta.TransferSyntaxUID.is_compressed else "OW"
    ds["PixelData"].is_undefined_length = ds.file_meta.TransferSyntaxUID.is_encapsulated
    return ds


def sizes(stream):
    """Rows and columns of the codestreams of this module."""
    if stream[:2] == b"\xff\xd8":
        start = re.search(rb"\xff[\xc0\xc1\xc3\xf7]\x00\x11", stream).end()
        return int.from_bytes(stream[start + 1 : start + 3], "big"), int.from_bytes(
            stream[start + 3 : start + 5], "big"
        )
    start = stream.index(b"\xff\x51") + 6
    return int.from_bytes(stream[start + 4 : start + 8], "big"), int.from_bytes(stream[start : start + 4], "big")


def as_bytes(ds):
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def readings(ds, tmp_path):
    """Yield the name and a call of every way to the stored values of a one-frame image."""
    data = as_bytes(ds)
    path = tmp_path / "image.dcm"
    path.write_bytes(data)

    def opened():
        with dicomet.open(path) as image:
            return image[0]

    yield "path", lambda: dicomet.pixel_array(path)
    yield "bytes", lambda: dicomet.pixel_array(data)
    yield "file object", lambda: dicomet.pixel_array(io.BytesIO(data))
    yield "data set", lambda: dicomet.pixel_array(pydicom.dcmread(path))
    yield "index", lambda: dicomet.pixel_array(path, index=0)
    yield "iter_pixels", lambda: next(iter(dicomet.iter_pixels(path)))
    yield "open", opened
    yield "pixel_arrays", lambda: next(iter(dicomet.pixel_arrays([path])))


def displays(ds, tmp_path):
    """Yield the name and a call of every way to what is shown."""
    path = tmp_path / "image.dcm"
    path.write_bytes(as_bytes(ds))
    target = tmp_path / "image.npy"

    def converted(values):
        target.unlink(missing_ok=True)
        convert_file(path, target, values=values)
        return np.load(target)

    yield "to_display", lambda: dicomet.to_display(path)
    yield "data set", lambda: dicomet.to_display(pydicom.dcmread(path))
    yield "loader", lambda: FrameLoader()(path)
    yield "stored values of a loader", lambda: FrameLoader(values="stored")(path)
    yield "convert", lambda: converted("display")
    yield "convert stored values", lambda: converted("stored")


def recorded(call):
    """The result, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(warning.message) for warning in caught]
