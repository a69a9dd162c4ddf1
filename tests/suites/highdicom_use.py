"""Tests that record every way by which highdicom reads pixel data: what comes out must be the same with dicomet.

Arrays are recorded with values, shape, strides, flags and owner; errors are the reason of a skipped test.
"""

import hashlib
import io
import warnings
from pathlib import Path

import highdicom
import numpy as np
import pytest
from highdicom.io import ImageFileReader
from pydicom import dcmread
from pydicom.data import get_testdata_file

MADE = Path(__file__).resolve().parents[1] / "data" / "test_files"
NAMES = [
    "eCT_Supplemental.dcm",
    "emri_small.dcm",
    "emri_small_big_endian.dcm",
    "emri_small_RLE.dcm",
    "emri_small_jpeg_2k_lossless.dcm",
    "emri_small_jpeg_ls_lossless.dcm",
    "liver.dcm",
    "liver_expb.dcm",
    "liver_1frame.dcm",
    "liver_nonbyte_aligned.dcm",
    "parametric_map_float.dcm",
    "parametric_map_double_float.dcm",
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "rtdose.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_2frame.dcm",
    "SC_rgb_expb_16bit_2frame.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_ybr_full_uncompressed.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "examples_jpeg2k.dcm",
    "HTJ2KLossless_08_RGB.dcm",
    "JLSL_RGB_ILV1.dcm",
]
FILES = [*NAMES, *(path.name for path in sorted(MADE.glob("*.dcm")))]


def _path(name):
    return str(MADE / name) if (MADE / name).exists() else get_testdata_file(name)


def _read_frames(path):
    with ImageFileReader(path) as reader:
        return [reader.read_frame(index) for index in range(reader.number_of_frames)]


def _transcoded(path, syntax):
    """Compress, and decode again: with dicomet it is another encoder, whose bytes are its own."""
    image = dcmread(path)
    image.decompress(generate_instance_uid=False)
    image.compress(syntax, generate_instance_uid=False)
    buffer = io.BytesIO()
    image.save_as(buffer)
    image = dcmread(buffer)
    return [image.pixel_array, str(image.decompress(generate_instance_uid=False))]


def _twice(path):
    image = highdicom.imread(path)
    return [image.pixel_array, image.pixel_array, str(image)]


READ = {
    "pydicom": lambda path: [(image := dcmread(path)).pixel_array, str(image)],
    "pixel_array": _twice,
    "bytes": lambda path: highdicom.imread(Path(path).read_bytes()).pixel_array,
    "get_frames": lambda path: highdicom.imread(path).get_frames(),
    "get_frames lazily": lambda path: highdicom.imread(path, lazy_frame_retrieval=True).get_frames(),
    "get_frame": lambda path: highdicom.imread(path, lazy_frame_retrieval=True).get_frame(1, dtype=np.float32),
    "get_stored_frames": lambda path: highdicom.imread(path).get_stored_frames(),
    "get_raw_frame": lambda path: highdicom.imread(path).get_raw_frame(1),
    "get_volume": lambda path: highdicom.imread(path).get_volume().array,
    "get_total_pixel_matrix": lambda path: highdicom.imread(path).get_total_pixel_matrix(),
    "ImageFileReader": _read_frames,
    "segread": lambda path: highdicom.seg.segread(path).get_volume(combine_segments=False).array,
    "segread tiled": lambda path: highdicom.seg.segread(path).get_total_pixel_matrix(),
    "pmread": lambda path: highdicom.pm.pmread(path).get_frames(),
    "RLE": lambda path: _transcoded(path, "1.2.840.10008.1.2.5"),
}


@pytest.mark.parametrize("way", READ)
@pytest.mark.parametrize("name", FILES)
def test_read(name, way, record_property):
    path = _path(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = READ[way](path), None
        except Exception as raised:  # noqa: BLE001
            result, error = None, f"{type(raised).__name__}: {raised}"
    record_property("result", _described(result))
    record_property(
        "warnings", [(Path(w.filename).name, w.lineno, w.category.__name__, str(w.message)) for w in caught]
    )
    if error:
        pytest.skip(error)


def _described(result):
    if isinstance(result, list):
        return [_described(part) for part in result]
    if not isinstance(result, np.ndarray):
        return hashlib.sha256(str(result).encode()).hexdigest()
    values = hashlib.sha256(result.tobytes()).hexdigest()
    flags = str(result.flags).split()
    return [values, result.dtype.str, result.shape, result.strides, flags, type(result.base).__name__]
