"""Regions of slides compared with those of wsidicom, highdicom and OpenSlide, where they are installed."""

import numpy as np
import pytest

import bench_slides
import dicomet
from bench_slides import Slide
from frame_encoding import BASELINE, HighThroughputEncoding, Jpeg2000Encoding, JpegEncoding

SLIDES = (
    Slide("native", (3, 4), 64, None),
    Slide("native-sparse", (3, 4), 64, None, sparse=True),
    Slide("jpeg-420", (3, 4), 64, JpegEncoding(BASELINE, "420")),
    Slide("jpeg-444-sparse", (3, 4), 64, JpegEncoding(BASELINE, "444"), sparse=True),
    Slide("jpeg-2000", (3, 4), 64, Jpeg2000Encoding()),
    Slide("htj2k", (3, 4), 64, HighThroughputEncoding()),
)
# Row, column, rows and columns: a tile, parts of several tiles, and the lower right corner.
REGIONS = ((64, 128, 64, 64), (30, 40, 90, 150), (100, 200, 71, 35))
# pydicom, which highdicom uses, converts the YCbCr of JPEG itself.
TOLERANCE = {("highdicom", "jpeg-420"): 4, ("highdicom", "jpeg-444-sparse"): 4}


@pytest.mark.parametrize("peer", ["wsidicom", "highdicom", "openslide"])
@pytest.mark.parametrize("slide", SLIDES, ids=lambda slide: slide.name)
def test_regions(tmp_path, peer, slide):
    pytest.importorskip(peer)
    if (peer, slide.name) == ("openslide", "htj2k"):
        pytest.skip("OpenSlide does not read HTJ2K")
    reader, path = bench_slides.PEERS[peer](), slide.write(tmp_path)
    opened, matrix = reader.open(path), dicomet.open(path).pixel_matrix
    for region in REGIONS:
        found, expected = matrix.region(*region), reader.read(opened, *region)
        assert found.shape == expected.shape
        difference = np.abs(found.astype(int) - expected).max()
        assert difference <= TOLERANCE.get((peer, slide.name), 0), region
