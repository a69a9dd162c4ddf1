"""One file to each format: what an independent reader finds there is what dicomet gives as an array."""

import io
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from convert_files import dicom, gray, names
from files import ROOTS

import dicomet

Image = pytest.importorskip("PIL.Image")
tifffile = pytest.importorskip("tifffile")
try:
    import cv2
except ImportError:
    cv2 = None


def _images():
    for path in sorted(ROOTS["pydicom"].rglob("*")):
        if not path.is_file() or path.suffix in {".txt", ".json", ".dump", ".gz"}:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dicomet.pixel_array(path, index=0)
        except (ValueError, OSError):
            continue
        yield path


IMAGES = list(_images())
SUFFIXES = [".png", ".jpg", ".tiff", ".npy", ".npz"]


def read_png(path):
    if cv2 is None:
        return np.asarray(Image.open(path))
    array = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    return array[..., ::-1] if array.ndim == 3 else array


def read(outputs):
    """Return all frames, of shape (frames, rows, columns[, 3])."""
    suffix = Path(outputs[0]).suffix
    if suffix == ".png":
        return np.stack([read_png(path) for path in outputs])
    if suffix == ".jpg":
        return np.stack([np.asarray(Image.open(path)) for path in outputs])
    (path,) = outputs
    if suffix == ".tiff":
        with tifffile.TiffFile(path) as file:
            return np.stack([page.asarray() for page in file.pages])
    if suffix == ".npy":
        return np.load(path)
    with np.load(path) as archive:
        return archive["image"]


def frames_of(array, count):
    return array if count > 1 else array[np.newaxis]


def displayed(path, count, **kwargs):
    return np.stack([dicomet.to_display(path, index=index, **kwargs) for index in range(count)])


@pytest.fixture(params=IMAGES, ids=lambda path: path.name)
def image(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield request.param


@pytest.fixture
def count(image):
    return len(dicomet.open(image))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_displayed_is_what_is_written(image, count, suffix, tmp_path):
    try:
        expected = displayed(image, count)
    except (ValueError, AttributeError, IndexError, TypeError):
        pytest.skip("to_display refuses it")
    done = dicomet.convert_file(image, tmp_path / f"x{suffix}")
    assert done[:2] == (str(image), "converted")
    assert done.frames == count
    assert names(tmp_path) == {Path(path).name for path in done.outputs}
    found = read(done.outputs)
    if suffix in {".npy", ".npz"}:
        found = frames_of(found, count)
    assert found.dtype == np.uint8
    assert found.shape == expected.shape
    if suffix == ".jpg":
        encoded = []
        for frame in expected:
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "jpeg", quality=90)
            encoded.append(np.asarray(Image.open(file)))
        expected = np.stack(encoded)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".npy", ".npz"])
def test_raw_is_every_stored_value(image, count, suffix, tmp_path):
    expected = frames_of(dicomet.pixel_array(image), count)
    out = tmp_path / f"x{suffix}"
    if suffix == ".png" and expected.dtype not in {np.dtype("u1"), np.dtype("u2")}:
        with pytest.raises(ValueError, match=rf"PNG cannot hold {expected.dtype.name}.*TIFF, NPY and NPZ can"):
            dicomet.convert_file(image, out, values="stored")
        assert not names(tmp_path)
        return
    done = dicomet.convert_file(image, out, values="stored")
    found = read(done.outputs)
    if suffix in {".npy", ".npz"}:
        found = frames_of(found, count)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("suffix", [".tiff", ".npy", ".npz"])
def test_modality_values(image, count, suffix, tmp_path):
    try:
        expected = dicomet.modality_values(image)
    except ValueError as error:
        with pytest.raises(type(error)):
            dicomet.convert_file(image, tmp_path / f"x{suffix}", values="modality")
        assert not names(tmp_path)
        return
    done = dicomet.convert_file(image, tmp_path / f"x{suffix}", values="modality")
    found = read(done.outputs)
    if suffix in {".npy", ".npz"}:
        found = frames_of(found, count)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, frames_of(expected, count))


CT = ROOTS["pydicom"] / "CT_small.dcm"
COLOR = ROOTS["pydicom"] / "examples_rgb_color.dcm"
TWO_OF_RLE = ROOTS["pydicom"] / "SC_rgb_rle_2frame.dcm"


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "several.dcm"
    path.write_bytes(dicom(gray(0, (10, 12, 9)), frames=10, bits=12))
    return path


def test_hounsfield_units(tmp_path):
    done = dicomet.convert_file(CT, tmp_path / "x.npy", values="modality")
    dataset = pydicom.dcmread(CT)
    expected = pydicom.pixels.apply_modality_lut(dataset.pixel_array, dataset)
    found = read(done.outputs)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)
    done = dicomet.convert_file(CT, tmp_path / "y.npy", values="modality", dtype="float32", size=(64, 64))
    assert read(done.outputs).dtype == np.float32
    assert read(done.outputs).mean() == pytest.approx(expected.mean(), abs=5)


def test_frames_of_different_slopes_are_of_one_dtype(tmp_path):
    """The first frame alone would be int16, the second float32."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(gray(0, (2, 6, 5)), frames=2, bits=12)))
    groups = []
    for slope, intercept in ((1, -1000), (0.5, 0)):
        group, transformation = pydicom.Dataset(), pydicom.Dataset()
        transformation.RescaleSlope, transformation.RescaleIntercept = slope, intercept
        group.PixelValueTransformationSequence = [transformation]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    expected = dicomet.modality_values(dataset)
    assert expected.dtype == np.float32
    for suffix in (".npy", ".tiff"):
        done = dicomet.convert_file(dataset, tmp_path / f"x{suffix}", values="modality")
        np.testing.assert_array_equal(read(done.outputs), expected, strict=True)
    done = dicomet.convert_file(dataset, tmp_path / "y.npy", values="modality", frames=0)
    assert read(done.outputs).dtype == np.int16


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".npy"])
def test_sixteen_bits_are_display_values(suffix, tmp_path):
    done = dicomet.convert_file(CT, tmp_path / f"x{suffix}", dtype="uint16", window=(40, 400))
    found = read(done.outputs).reshape(128, 128)
    np.testing.assert_array_equal(found, dicomet.to_display(CT, dtype=np.uint16, window=(40, 400)))


def test_pillow_reads_sixteen_bits_as_sixteen(tmp_path):
    array = gray(300)
    dicomet.convert_file(dicom(array, bits=12), tmp_path / "x.png", values="stored")
    with Image.open(tmp_path / "x.png") as found:
        assert found.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(found), array)


def test_floats_are_from_zero_to_one(tmp_path):
    done = dicomet.convert_file(CT, tmp_path / "x.tiff", dtype="float32")
    found = read(done.outputs)[0]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, dicomet.to_display(CT, dtype=np.float32))


@pytest.mark.parametrize(("frames", "number"), [(3, 3), (-1, 9), ("middle", 5), (0, 0)])
def test_one_frame_has_the_name_itself(frames, number, several, tmp_path):
    done = dicomet.convert_file(several, tmp_path / "x.png", frames=frames, values="stored")
    assert done.outputs == (str(tmp_path / "x.png"),)
    np.testing.assert_array_equal(read(done.outputs)[0], dicomet.pixel_array(several, index=number))


def test_a_frame_that_is_not_there_is_an_error(several, tmp_path):
    with pytest.raises(IndexError, match="found index 10 of 10 frames, expected -10 to 9"):
        dicomet.convert_file(several, tmp_path / "x.png", frames=10)


def test_frames_are_numbered_from_one(several, tmp_path):
    dicomet.convert_file(several, tmp_path / "x.png")
    assert names(tmp_path) == {f"x_{number:04}.png" for number in range(1, 11)}


@pytest.mark.parametrize(
    ("size", "shape"), [(32, (32, 42)), ((50, 20), (50, 20)), ((240, 320), (240, 320)), (1, (1, 1))]
)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_sizes_are_pillows(size, shape, interpolation, tmp_path):
    done = dicomet.convert_file(COLOR, tmp_path / "x.png", size=size, interpolation=interpolation)
    found = read(done.outputs)[0]
    assert found.shape == (*shape, 3)
    whole = Image.fromarray(dicomet.to_display(COLOR))
    expected = np.asarray(whole.resize(shape[::-1], getattr(Image.Resampling, interpolation.upper())))
    if interpolation == "bilinear":
        np.testing.assert_allclose(found.astype(int), expected, atol=2)
    elif shape != (1, 1):
        assert np.mean(found == expected) > 0.9


def test_signed_values_are_resized_too(tmp_path):
    array = (gray(0, (40, 30)).astype(np.int16) - 2000) * 3
    done = dicomet.convert_file(dicom(array, signed=True), tmp_path / "x.npy", values="stored", size=(20, 15))
    found = read(done.outputs)
    expected = np.asarray(Image.fromarray(array.astype(np.float32)).resize((15, 20), Image.Resampling.BILINEAR))
    assert found.dtype == np.int16
    assert expected.min() < -1000
    np.testing.assert_allclose(found, expected, atol=1.1)


def test_raw_is_that_of_pixel_array(tmp_path):
    path = ROOTS["pydicom"] / "SC_ybr_full_422_uncompressed.dcm"
    for raw in (False, True):
        dicomet.convert_file(path, tmp_path / "x.npy", values="stored", raw=raw)
        np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), dicomet.pixel_array(path, raw=raw))
    assert (np.load(tmp_path / "x.npy") != dicomet.pixel_array(path)).any()


def test_gray_is_pillows_and_rgb_is_thrice(tmp_path):
    done = dicomet.convert_file(COLOR, tmp_path / "x.png", channels=1)
    expected = np.asarray(Image.fromarray(dicomet.to_display(COLOR)).convert("L"))
    np.testing.assert_allclose(read(done.outputs)[0].astype(int), expected, atol=1)
    done = dicomet.convert_file(CT, tmp_path / "y.png", channels=3)
    np.testing.assert_array_equal(read(done.outputs)[0], np.stack([dicomet.to_display(CT)] * 3, axis=2))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 1), (4, 3)])
def test_small_images_are_not_taken_for_planes(shape, tmp_path):
    for channels in ((), (3,)):
        array = np.arange(np.prod(shape + channels), dtype=np.uint8).reshape(shape + channels)
        done = dicomet.convert_file(dicom(array), tmp_path / "x.tiff", values="stored")
        np.testing.assert_array_equal(read(done.outputs)[0], array)
        with Image.open(tmp_path / "x.tiff") as found:
            np.testing.assert_array_equal(np.asarray(found), array)


def test_a_worse_quality_is_a_shorter_file(tmp_path):
    for quality in (10, 95):
        dicomet.convert_file(COLOR, tmp_path / f"{quality}.jpg", quality=quality)
    assert (tmp_path / "10.jpg").stat().st_size * 2 < (tmp_path / "95.jpg").stat().st_size


def test_existing_files_are_left_alone(several, tmp_path):
    first = dicomet.convert_file(several, tmp_path / "x.png")
    (tmp_path / "x_0004.png").unlink()
    (tmp_path / "x_0001.png").write_bytes(b"mine")
    again = dicomet.convert_file(several, tmp_path / "x.png", skip_existing=True)
    assert again == (str(several), "converted", (str(tmp_path / "x_0004.png"),), 1, "")
    assert (tmp_path / "x_0001.png").read_bytes() == b"mine"
    assert dicomet.convert_file(several, tmp_path / "x.png", skip_existing=True)[:3] == (
        str(several),
        "existing",
        first.outputs,
    )


def test_nothing_is_written_of_a_file_that_is_damaged_in_the_end(tmp_path):
    damaged = bytearray(TWO_OF_RLE.read_bytes())
    second = damaged.rindex(b"\xfe\xff\x00\xe0")
    damaged[second + 8] = 200  # more segments than there can be
    with pytest.raises(dicomet.PixelDataError, match="frame 1"):
        dicomet.convert_file(bytes(damaged), tmp_path / "x.png", values="stored")
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dtype": "int16"}, "dtype: found 'int16', expected uint8, uint16, float32"),
        ({"dtype": "float32"}, "PNG cannot hold float32, only uint8 and uint16: TIFF, NPY and NPZ can"),
        ({"size": 0}, "size: found 0"),
        ({"size": (5, 70000)}, "size: found"),
        ({"size": ()}, r"size: found \(\), expected a number or \(rows, columns\), from 1 to 65535"),
        ({"size": (5,)}, r"size: found \(5,\)"),
        ({"size": (5, 5, 5)}, r"size: found \(5, 5, 5\)"),
        ({"size": (5, 2.5)}, r"size: found \(5, 2.5\)"),
        ({"size": 2.5}, "size: found 2.5"),
        ({"size": [7, 7]}, r"size: found \[7, 7\]"),
        ({"size": "7"}, "size: found '7'"),
        ({"interpolation": "cubic"}, "interpolation: found 'cubic'"),
        ({"frames": "first"}, "frames: found 'first'"),
        ({"channels": 4}, "channels: found 4, expected 0, 1, 3"),
        ({"quality": 101}, "quality: found 101, expected 1 to 100"),
        ({"quality": "9"}, "quality: found '9', expected 1 to 100"),
        ({"quality": 9.5}, "quality: found 9.5"),
        ({"values": "stored", "window": (1, 2)}, "window: does not go with stored values"),
        ({"values": "stored", "dtype": "uint8"}, "dtype: does not go with stored values"),
        ({"values": "stored", "channels": 3}, "channels: does not go with stored values"),
        ({"values": "modality", "window": [1, 2]}, "window: does not go with modality values"),
        ({"values": "stored", "window": np.array([1, 2])}, "window: does not go with stored values"),
        ({"frames": "a number"}, "frames: found 'a number', expected all, middle or a number"),
        ({"size": True}, "size: found True"),
        ({"values": "modality", "window": (1, 2)}, "window: does not go with modality values"),
        ({"raw": True}, "raw: does not go with display values"),
        ({"values": "modality", "channels": 1}, "channels: does not go with modality values"),
        ({"values": "modality"}, "PNG cannot hold modality values, .*: TIFF, NPY and NPZ can"),
        ({"values": "hu"}, "values: found 'hu', expected display, stored, modality"),
    ],
)
def test_options_that_cannot_be_are_refused(options, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        dicomet.convert_file(CT, tmp_path / "x.png", **options)
    assert not names(tmp_path)


def test_a_name_without_a_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.png, "):
        dicomet.convert_file(CT, tmp_path / "x.bmp")


def test_sixteen_bits_are_not_for_jpeg(tmp_path):
    with pytest.raises(ValueError, match="JPG cannot hold uint16, only uint8: PNG, TIFF, NPY and NPZ can"):
        dicomet.convert_file(CT, tmp_path / "x.jpg", dtype="uint16")


def test_sources_are_those_of_pixel_array(tmp_path):
    expected = dicomet.pixel_array(CT)
    with CT.open("rb") as file:
        for number, source in enumerate([str(CT), CT.read_bytes(), file, pydicom.dcmread(CT)]):
            done = dicomet.convert_file(source, tmp_path / "new" / f"{number}.npy", values="stored")
            np.testing.assert_array_equal(np.load(done.outputs[0]), expected)
