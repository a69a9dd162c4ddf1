"""`DicomDataset(size=...)` beside Pillow's filters."""

import numpy as np
import pydicom
import pytest
from bad_files import write
from pydicom.data import get_testdata_file

import dicomet

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

from torch.utils.data import DataLoader  # noqa: E402 - only where there is PyTorch

from dicomet.torch import DicomDataset  # noqa: E402 - only where there is PyTorch

CT = get_testdata_file("CT_small.dcm", download=False)
MR = get_testdata_file("MR_small.dcm", download=False)
RGB = get_testdata_file("SC_rgb_rle.dcm", download=False)
RGB_2_FRAMES = get_testdata_file("SC_rgb_rle_2frame.dcm", download=False)
DOSE = get_testdata_file("rtdose.dcm", download=False)
J2K = get_testdata_file("examples_jpeg2k.dcm", download=False)
FILTERS = {"bilinear": 2, "nearest": 0, "bicubic": 3, "lanczos": 1}
# A step of the rounded dtypes; of floats from 0 to 1, the rounding of two implementations.
TOLERANCE = {"uint8": 1, "uint16": 1, "int16": 1, "float32": 2e-6}


def by_pillow(array, size, interpolation="bilinear"):
    """Return a gray image resized in floating point, channels first."""
    found = Image.fromarray(array.astype(np.float32)).resize(size[::-1], FILTERS[interpolation])
    return np.asarray(found)[None]


def assert_near(image, expected):
    tolerance = TOLERANCE[image.numpy().dtype.name]
    np.testing.assert_allclose(image.numpy().astype(np.float64), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_display_values(dtype, interpolation):
    # Without samples in the middle of two: which is the nearest one then depends on the rounding.
    size = (32, 64) if interpolation == "nearest" else (40, 56)
    image = DicomDataset([CT], size=size, interpolation=interpolation, dtype=dtype)[0]
    assert (image.shape, image.numpy().dtype) == ((1, *size), dtype)
    expected = by_pillow(dicomet.to_display(CT, dtype=dtype), size, interpolation)
    limits = {"uint8": 255, "uint16": 65535, "float32": 1}
    if interpolation in {"bicubic", "lanczos"} and dtype != "float32":
        expected = expected.clip(0, limits[dtype])
    assert_near(image, expected)


def test_signed_values():
    array = dicomet.modality_values(CT)
    assert array.min() < 0
    image = DicomDataset([CT], values="modality", size=(40, 56))[0]
    assert image.dtype == torch.float32
    np.testing.assert_allclose(image.numpy(), by_pillow(array, (40, 56)), rtol=0, atol=2e-3)
    stored = dicomet.pixel_array(MR)
    assert stored.dtype == np.int16
    image = DicomDataset([MR], values="stored", size=(40, 56))[0]
    assert image.dtype == torch.int16
    assert_near(image, by_pillow(stored, (40, 56)))


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_channels(channels):
    """Gray is resized before it is repeated, and colors before they become gray: luma is linear."""
    gray = DicomDataset([CT], size=(40, 56), channels=channels)[0]
    assert gray.shape == (channels or 1, 40, 56)
    assert_near(gray, np.repeat(by_pillow(dicomet.to_display(CT), (40, 56)), channels or 1, axis=0))
    color = DicomDataset([RGB], size=(40, 56), channels=channels)[0]
    assert color.shape == (channels or 3, 40, 56)
    pixels = dicomet.to_display(RGB)
    if channels == 1:
        expected = by_pillow(pixels @ [0.299, 0.587, 0.114], (40, 56))
    else:
        expected = np.concatenate([by_pillow(pixels[..., sample], (40, 56)) for sample in range(3)])
    assert_near(color, expected)


def test_repeated_channels_can_be_written():
    """In a batch, and by a transform."""
    plain = DicomDataset([CT, CT], size=(4, 5), channels=3, dtype=np.float32)
    (batch,) = DataLoader(plain, batch_size=2)
    assert batch.is_contiguous()
    batch[0, 0] += 1
    assert not torch.equal(batch[0, 0], batch[0, 1])

    def darker(image):
        image[0] -= 1
        return image

    image = DicomDataset([CT], size=(4, 5), channels=3, dtype=np.float32, transform=darker)[0]
    assert torch.equal(image[0], plain[0][0] - 1)
    assert torch.equal(image[1:], plain[0][1:])


@pytest.mark.parametrize(("shape", "expected"), [((20, 30), (10, 15)), ((31, 20), (15, 10)), ((7, 7), (10, 10))])
def test_the_shorter_side(tmp_path, shape, expected):
    path = write(tmp_path / "1.dcm", np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    image = DicomDataset([path], values="stored", size=10)[0]
    assert image.shape == (1, *expected)
    if shape > expected:
        assert_near(image, by_pillow(dicomet.pixel_array(path), expected))


def test_frames():
    dose = dicomet.to_display(DOSE)
    image = DicomDataset([DOSE], size=(4, 5))[0]
    assert image.shape == (1, 15, 4, 5)
    for frame in range(15):
        assert_near(image[:, frame], by_pillow(dose[frame], (4, 5)))
    assert DicomDataset([DOSE], size=(4, 5), frames="each")[3].shape == (1, 4, 5)
    assert DicomDataset([RGB_2_FRAMES], size=(4, 5), channels=1)[0].shape == (1, 2, 4, 5)


def test_jpeg_2000_is_decoded_at_a_lower_resolution(monkeypatch):
    images = DicomDataset([J2K], size=(60, 80))
    sizes = []

    def read(*args, **options):
        array = dicomet.to_display(*args, **options)
        sizes.append(array.shape[:2])
        return array

    monkeypatch.setattr(images, "_read", read)
    image = images[0]
    assert image.shape == (3, 60, 80)
    assert sizes == [(60, 80)]
    np.testing.assert_array_equal(image.numpy(), np.moveaxis(dicomet.to_display(J2K, reduce=3), -1, 0))
    assert DicomDataset([J2K], size=60)[0].shape == (3, 60, 80)


def test_sizes_and_dtypes_that_are_refused(tmp_path):
    for size in (0, (1, 2, 3), (0, 4)):
        with pytest.raises(ValueError, match="'size': found"):
            DicomDataset([CT], size=size)
    with pytest.raises(ValueError, match="'interpolation': found 'cubic'"):
        DicomDataset([CT], size=4, interpolation="cubic")
    ds = pydicom.dcmread(CT)
    ds.RescaleSlope = 1000
    ds.save_as(tmp_path / "1.dcm")
    images = DicomDataset([tmp_path / "1.dcm"], values="modality", dtype=np.int32, size=4, on_error="skip")
    with pytest.raises(ValueError, match="values of int32 cannot be resized"):
        images[0]
