"""The generated files of the benchmarks, and the decoders of imagecodecs that read them."""

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
import pydicom.pixels
import pytest

import dicomet
import workloads
from frame_encoding import JPEG_2000, JpegXlEncoding
from harness.readers import CODEC, OWN
from harness.trial import Trial, try_all
from workloads import Workload

NATIVE = Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small.dcm"
SMALL = Workload("small", workloads.ct, (6, 32, 30), times=2)
WORKLOAD_FORMS = [
    SMALL,
    dataclasses.replace(SMALL, bits=(16, 12)),
    Workload("RGB", workloads.ultrasound, (2, 32, 30), "RGB", (8, 8), planar=1),
    Workload("422", workloads.ultrasound_ybr, (2, 32, 30), "YBR_FULL_422", (8, 8)),
    Workload("bits", workloads.segmentation, (3, 31, 33), bits=(1, 1)),
    Workload("RLE", workloads.cr, (1, 32, 30), bits=(16, 10), rle=True),
    Workload("8 bits", workloads.xa_8, (1, 31, 31), bits=(8, 8)),
    Workload("MR", workloads.mr, (1, 32, 30), bits=(16, 12)),
    *(dataclasses.replace(kind, shape=(4, 32, 30), times=2) for kind in workloads.CODEC_KINDS),
]


@pytest.mark.parametrize("workload", WORKLOAD_FORMS, ids=lambda workload: f"{workload.name} {workload.bits}")
def test_workload(workload, tmp_path):
    path = workload.write(tmp_path)
    # pydicom 3.0 does not know JPEG XL.
    is_jpeg_xl = isinstance(workload.encoding, JpegXlEncoding)
    array = dicomet.pixel_array(path) if is_jpeg_xl else pydicom.pixels.pixel_array(path)
    assert array.nbytes == workload.result_bytes(workload.shape[0])
    assert len(np.unique(array)) > 1, "not constant"
    if not (workload.rle or workload.encoding):
        assert path.read_bytes().endswith(pydicom.dcmread(path).PixelData)
        assert len(pydicom.dcmread(path).PixelData) == workload.value_bytes
    if workload.times > 1:
        np.testing.assert_array_equal(array[: len(array) // 2], array[len(array) // 2 :])


@pytest.mark.parametrize("kind", workloads.CODEC_KINDS, ids=lambda kind: kind.name)
def test_codec_alone(kind, tmp_path):
    """imagecodecs is the reference; colors of YCbCr and irreversible JPEG 2000 are rounded in another way."""
    pytest.importorskip("imagecodecs")
    path = str(dataclasses.replace(kind, shape=(3, 32, 30)).write(tmp_path))
    names = (OWN, CODEC)
    found = try_all([Trial(name, path, index, tolerance=1) for name in names for index in (None, 1)])
    is_rounded = kind.photometric == "YBR_FULL_422" or kind.encoding.transfer_syntax == JPEG_2000
    assert {verdict.kind for verdict in found[:2]} <= ({"equal", "within 1"} if is_rounded else {"equal"})
    assert {verdict.kind for verdict in found[2:]} == {"equal"}


def test_codec_alone_refuses_other_pixel_data():
    (verdict,) = try_all([Trial(CODEC, str(NATIVE))])
    assert (verdict.kind, verdict.reason) == ("refuses", "ValueError: imagecodecs does not decode the transfer syntax")
