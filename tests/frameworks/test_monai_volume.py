"""Volumes compared with those of MONAI's reader of series."""

import numpy as np
import pytest
from series_files import AXIAL, SAGITTAL, Stack, oblique

import dicomet

reader = pytest.importorskip("monai.data.image_reader", reason="MONAI is not installed: pip install '.[monai]'")


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, oblique()], ids=["axial", "sagittal", "oblique"])
def test_monai_reads_the_same(tmp_path, orientation):
    Stack(orientation=orientation).write(tmp_path)
    monai = reader.PydicomReader()
    array, meta = monai.get_data(monai.read(str(tmp_path)))
    volume = dicomet.read_volume(tmp_path)
    # MONAI counts axes as columns, rows, slices.
    found = volume.affine_ras[:, [2, 1, 0, 3]]
    np.testing.assert_array_equal(array, volume.array.T)
    np.testing.assert_allclose(meta["affine"], found, atol=1e-5)
