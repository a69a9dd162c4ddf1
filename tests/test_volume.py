"""Volumes of generated series: values, dtype, window and geometry, compared with oracles and with single images."""

import io
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from series_files import AXIAL, SAGITTAL, Stack, oblique, write

import dicomet
from dicomet.display.reader import DisplayReader


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, oblique()])
@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (0.3, 0.2, 0.1)])
def test_the_affine_is_that_of_the_standard(tmp_path, orientation, shift):
    stack = Stack(orientation=orientation, shift=shift)
    stack.write(tmp_path)
    volume = dicomet.read_volume(tmp_path)
    np.testing.assert_allclose(volume.affine_lps, stack.affine(), atol=1e-6)
    np.testing.assert_allclose(volume.affine_ras, np.diag([-1, -1, 1, 1]) @ stack.affine(), atol=1e-6)
    assert volume.origin == pytest.approx(stack.origin)
    np.testing.assert_allclose(volume.direction * volume.spacing, volume.affine_lps[:3, :3])
    np.testing.assert_allclose(volume.positions, [stack.position(number) for number in range(5)])
    assert len(volume.files) == 5


@settings(max_examples=30)
@given(
    angles=st.tuples(*[st.floats(-3.2, 3.2)] * 3),
    spacing=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)),
    distance=st.floats(0.1, 10),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
    count=st.integers(2, 9),
    seed=st.integers(0, 99),
)
def test_any_geometry(  # noqa: PLR0913, PLR0917 - what is generated
    angles, spacing, distance, origin, count, seed
):
    """A voxel is where the position and the orientation of its own slice say."""
    cosines = [float(f"{one:.12g}") for one in np.concatenate([_rotation(*angles)[:, 0], _rotation(*angles)[:, 1]])]
    stack = Stack(count, orientation=tuple(cosines), spacing=spacing, distance=distance, origin=origin)
    slices = [
        stack.slice(
            number,
            PixelSpacing=[f"{one:.12g}" for one in spacing],
            ImagePositionPatient=[f"{one:.12g}" for one in stack.position(number)],
            ImageOrientationPatient=[f"{one:.12g}" for one in cosines],
        )
        for number in np.random.default_rng(seed).permutation(count).tolist()
    ]
    volume = dicomet.read_volume(slices, values="stored")
    np.testing.assert_array_equal(volume.array, stack.array())
    for place, data in enumerate(volume.files):
        row, column = 3, 5
        position = np.array(data.ImagePositionPatient, float)
        position += row * data.PixelSpacing[0] * np.array(data.ImageOrientationPatient[3:], float)
        position += column * data.PixelSpacing[1] * np.array(data.ImageOrientationPatient[:3], float)
        np.testing.assert_allclose((volume.affine_lps @ [place, row, column, 1])[:3], position, atol=1e-5)


def _rotation(a: float, b: float, c: float) -> np.ndarray:
    def turn(angle: float, axis: int) -> np.ndarray:
        first, second = [other for other in range(3) if other != axis]
        found = np.eye(3)
        found[first, first] = found[second, second] = np.cos(angle)
        found[first, second], found[second, first] = -np.sin(angle), np.sin(angle)
        return found

    return turn(a, 0) @ turn(b, 1) @ turn(c, 2)


def test_values_are_those_of_single_images(tmp_path):
    stack = Stack(shape=(16, 20))
    slices = [stack.slice(number, WindowCenter=40 + number, WindowWidth=400) for number in range(5)]
    paths = write(tmp_path, slices)
    stored = dicomet.read_volume(tmp_path, values="stored")
    assert stored.dtype == np.uint16
    np.testing.assert_array_equal(stored.array, np.stack([dicomet.pixel_array(path) for path in paths]))
    modality = dicomet.read_volume(tmp_path)
    assert modality.dtype == np.int16
    np.testing.assert_array_equal(modality.array, np.stack([dicomet.modality_values(path) for path in paths]))
    floats = dicomet.read_volume(tmp_path, dtype=np.float32)
    np.testing.assert_array_equal(floats.array, modality.array.astype(np.float32))
    for window in ((40, 400), (-900, 300, "SIGMOID"), "full", 0):
        shown = dicomet.read_volume(tmp_path, values="display", window=window)
        # The window of the file is that of the slice in the middle.
        of_all = (42, 400) if window == 0 else window
        expected = [dicomet.to_display(path, window=of_all) for path in paths]
        np.testing.assert_array_equal(shown.array, np.stack(expected))
    np.testing.assert_array_equal(dicomet.read_volume(tmp_path, values="display").array, shown.array)


@pytest.mark.parametrize("slopes", [[1] * 5, [1, 1.5, 2, 2.5, 3]])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_measured_windows_are_those_of_the_whole_volume(slopes, dtype):
    stack = Stack(shape=(16, 20))
    slices = [
        stack.slice(number, RescaleSlope=slope, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1")
        for number, slope in enumerate(slopes)
    ]
    values = np.stack([dicomet.modality_values(data, dtype=np.float64) for data in slices])
    counting = values[stack.array() != 0]
    for window, (low, high) in {
        "minmax": (counting.min(), counting.max()),
        "percentile": np.percentile(counting, (5, 90)).tolist(),
    }.items():
        found = dicomet.read_volume(slices, values="display", window=window, percentiles=(5, 90), dtype=dtype).array
        own = ((low + high) / 2, high - low, "LINEAR_EXACT")
        expected = np.stack([dicomet.to_display(data, window=own, dtype=dtype) for data in slices])
        np.testing.assert_allclose(found, expected, atol=1 if dtype != np.float32 else 1e-6)
        assert found.dtype == dtype
    default = dicomet.read_volume(slices, values="display").array
    np.testing.assert_array_equal(default, dicomet.read_volume(slices, values="display", window="minmax").array)


def test_colors():
    stack = Stack(shape=(4, 6))
    slices = []
    for number in range(3):
        data = stack.slice(number, SamplesPerPixel=3, PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8)
        data.HighBit, data.PlanarConfiguration = 7, 0
        data.PixelData = np.random.default_rng(number).integers(0, 256, (4, 6, 3), np.uint8).tobytes()
        slices.append(data)
    for values in ("stored", "display"):
        found = dicomet.read_volume(slices, values=values)
        assert found.shape == (3, 4, 6, 3)
        np.testing.assert_array_equal(found.array, np.stack([dicomet.pixel_array(data) for data in slices]))


def _in_color(stack: Stack, number: int, **elements) -> Dataset:
    data = stack.slice(number, BitsAllocated=8, BitsStored=8, HighBit=7, **elements)
    samples = data.SamplesPerPixel
    data.PixelData = np.random.default_rng(number).integers(0, 256, (4, 6, samples), np.uint8).tobytes()
    if samples == 3:
        data.PlanarConfiguration = 0
        return data
    for name, factor in (("Red", 1), ("Green", 2), ("Blue", 255 - number)):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 8])
        entries = (np.arange(256) * factor % 256).astype(np.uint8)
        setattr(data, f"{name}PaletteColorLookupTableData", entries.tobytes())
    return data


COLORS = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}
PALETTE = {"PhotometricInterpretation": "PALETTE COLOR"}


@pytest.mark.parametrize("elements", [COLORS, PALETTE], ids=["RGB", "palette"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_display_values_of_colors(elements, dtype, is_compressed):
    """Each slice has its own palette."""
    stack = Stack(shape=(4, 6))
    slices = [_in_color(stack, number, **elements) for number in range(9)]
    for data in slices if is_compressed else []:
        data.compress(RLELossless, generate_instance_uid=False)
    found = dicomet.read_volume(slices, values="display", dtype=dtype)
    assert found.shape == (9, 4, 6, 3)
    expected = np.stack([dicomet.to_display(data, dtype=dtype) for data in slices])
    np.testing.assert_array_equal(found.array, expected)
    assert len(np.unique(found.array)) > 50


@pytest.mark.parametrize("elements", [COLORS, PALETTE], ids=["RGB", "palette"])
def test_colors_are_decoded_by_the_pool(elements, monkeypatch):
    """Not by the caller's thread, of which `display` would be the function."""

    def fail(*_, **__):
        raise AssertionError

    monkeypatch.setattr(DisplayReader, "display", fail)
    stack = Stack(shape=(4, 6))
    slices = [_in_color(stack, number, **elements) for number in range(3)]
    assert dicomet.read_volume(slices, values="display").shape == (3, 4, 6, 3)


@pytest.mark.parametrize("window", [None, "minmax", (100, 50), "percentile"])
def test_one_window_for_the_gray_of_supplemental_palettes(window):
    """Values below 2000 are gray, in one window for all slices; those above are colors of the palette."""
    stack, slices = Stack(shape=(8, 8)), []
    for number in range(4):
        data = stack.slice(number, PixelPresentation="COLOR")
        data.PixelData = (np.arange(64) * 10 * (number + 1) + 2000 * (np.arange(64) > 60)).astype("<u2").tobytes()
        for name, value in (("Red", 255), ("Green", 7), ("Blue", 0)):
            setattr(data, f"{name}PaletteColorLookupTableDescriptor", [2096, 2000, 8])
            setattr(data, f"{name}PaletteColorLookupTableData", bytes([value]) * 2096)
        slices.append(data)
    found = dicomet.read_volume(slices, values="display", window=window, percentiles=(0, 50)).array
    assert found.shape == (4, 8, 8, 3)
    values = np.stack([dicomet.modality_values(data) for data in slices]).astype(float)
    low, high = (
        (75, 124) if isinstance(window, tuple)
        else np.percentile(values, (0, 50)) if window == "percentile"
        else (values.min(), values.max())
    )  # fmt: skip
    own = window if isinstance(window, tuple) else ((low + high) / 2, high - low, "LINEAR_EXACT")
    expected = np.stack([dicomet.to_display(data, window=own) for data in slices])
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)
    stored = np.stack([dicomet.pixel_array(data) for data in slices])
    assert (found[stored >= 2000] == (255, 7, 0)).all()
    gray = found[stored < 2000].astype(int)
    assert (gray == gray[:, :1]).all()


def test_slices_of_different_types():
    """One dtype holds the values of all."""
    stack = Stack()
    slices = stack.slices()
    slices[3] = stack.slice(3, PixelRepresentation=1, BitsStored=16, HighBit=15)
    found = dicomet.read_volume(slices, values="stored")
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found.array, stack.array())


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_compressed_slices(tmp_path, workers):
    stack = Stack(count=30, shape=(8, 8))
    slices = stack.slices()
    for data in slices:
        data.compress(RLELossless, generate_instance_uid=False)
    write(tmp_path, slices)
    found = dicomet.read_volume(tmp_path, values="stored", workers=workers)
    np.testing.assert_array_equal(found.array, stack.array())


def test_the_waiting_thread_does_not_read_file_objects_of_other_slices():
    """Signal handlers would run there, and their exceptions would be those of another slice."""
    sizes = []

    class Remote(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if threading.current_thread() is threading.main_thread():
                sizes.append(size)
            else:
                time.sleep(0.005)
            return super().read(size)

    stack = Stack(count=12, shape=(17, 20))
    files = []
    for data in stack.slices():
        file = io.BytesIO()
        data.save_as(file, enforce_file_format=True)
        files.append(Remote(file.getvalue()))
    found = dicomet.read_volume(files, values="stored", workers=1)
    np.testing.assert_array_equal(found.array, stack.array())
    assert sizes
    assert stack.samples(0).nbytes not in sizes


def test_a_slice_that_cannot_be_decoded_is_named(tmp_path):
    paths = Stack().write(tmp_path)
    paths[3].write_bytes(paths[3].read_bytes()[:-20])
    with pytest.raises(dicomet.PixelDataError, match="found 28 bytes, expected 48") as caught:
        dicomet.read_volume(tmp_path)
    assert caught.value.filename == str(paths[3])
    paths[3].unlink()
    series = dicomet.find_series(paths[:3])[0]
    paths[1].unlink()
    with pytest.raises(FileNotFoundError):
        series.volume()


@pytest.mark.parametrize("options", [{}, {"values": "display", "window": "full"}])
def test_invalid_elements_are_named_with_their_file(tmp_path, options):
    """Those that determine dtype and values, which are read before the first slice is decoded."""
    stack = Stack()
    last = stack.slice(4, BitsStored=11, HighBit=10, ModalityLUTSequence=[Dataset()])
    paths = write(tmp_path, [*stack.slices()[:4], last])
    with pytest.raises(dicomet.PixelDataError, match="LUT Descriptor") as caught:
        dicomet.read_volume(tmp_path, **options)
    assert caught.value.filename == str(paths[4])


def test_limits_and_arguments(tmp_path):
    Stack().write(tmp_path)
    with pytest.raises(dicomet.PixelDataError, match="found a volume of 240 bytes, expected at most the 239"):
        dicomet.read_volume(tmp_path, max_bytes=239)
    assert dicomet.read_volume(tmp_path, max_bytes=240).array.nbytes == 240
    for options, error in (
        ({"values": "raw"}, "'values'"),
        ({"window": (40, 400)}, "'window'"),
        ({"values": "stored", "dtype": np.float32}, "'dtype'"),
        ({"dtype": np.uint8}, "'dtype'"),
        ({"values": "display", "dtype": np.int8}, "'dtype'"),
        ({"allow": "gaps"}, "'allow'"),
        ({"workers": 0}, "'workers'"),
    ):
        with pytest.raises(ValueError, match=error):
            dicomet.read_volume(tmp_path, **options)


def test_the_array_is_the_callers():
    volume = dicomet.read_volume(Stack().slices())
    assert volume.array.flags.owndata
    assert volume.array.flags.c_contiguous
    assert np.asarray(volume) is volume.array
    assert np.asarray(volume, np.float32).dtype == np.float32
    volume.positions[...] = 0
    assert volume.positions.any()
