"""JPEG XL (PS3.5 A.4.12) through every function, how its samples become those of the result, and what is refused."""

import io
import signal
import subprocess
import sys

import jpeg_xl_streams as streams
import numpy as np
import oracle
import pydicom
import pytest
from jpeg_streams import by_libjpeg, by_pillow, native, quietly, raw, same, texture
from jpeg_xl_streams import LOSSY, RECOMPRESSION, SYNTAXES, dicom, lossless, lossy, recompressed
from open_images import Alarm
from pydicom.encaps import encapsulate
from pydicom.uid import UID

import dicomet
from dicomet._decoding.color_rule import decide
from dicomet._parsing.transfer_syntax import name_of
from dicomet.info import describe

FRAMES = 5


def images() -> dict[str, tuple[bytes, np.ndarray]]:
    """Files, and their samples after any conversion of colors."""
    gray, deep, color, words = (
        np.stack([texture(39, 50, bits, samples, seed) for seed in range(FRAMES)])
        for bits, samples in ((8, 1), (12, 1), (8, 3), (16, 3))
    )
    jpegs = [by_pillow(frame, subsampling=2) for frame in color]
    jpeg = np.stack([oracle.ybr_to_rgb(by_libjpeg(frame)) for frame in jpegs])
    signed = np.where(deep >= 2048, deep.astype(np.int32) - 4096, deep).astype(np.int16)
    of = {"shape": (39, 50)}
    of_colors = {"shape": (39, 50, 3)}
    return {
        "gray": (dicom([lossless(frame, 8) for frame in gray], stored=8, **of), gray),
        "12 bits": (dicom([lossless(frame, 12) for frame in deep], stored=12, **of), deep),
        "signed": (dicom([lossless(frame, 12) for frame in deep], stored=12, signed=True, **of), signed),
        "RGB": (dicom([lossless(frame, 8) for frame in color], stored=8, **of_colors), color),
        "RGB of 16 bits": (dicom([lossless(frame, 16) for frame in words], stored=16, **of_colors), words),
        "recompressed": (
            dicom(
                [recompressed(frame) for frame in jpegs],
                stored=8,
                syntax=RECOMPRESSION,
                photometric="YBR_FULL_422",
                **of_colors,
            ),
            jpeg,
        ),
    }


NAMES = ("gray", "12 bits", "signed", "RGB", "RGB of 16 bits", "recompressed")
IMAGES = images()


@pytest.fixture(params=NAMES)
def image(request) -> tuple[bytes, np.ndarray]:
    return IMAGES[request.param]


def test_every_function(image, tmp_path):
    data, expected = image
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert same(dicomet.pixel_array(file), expected)
    for source in (path, str(path), data, bytearray(data), io.BytesIO(data), pydicom.dcmread(path)):
        assert same(dicomet.pixel_array(source), expected)
        assert same(dicomet.pixel_array(source, index=3), expected[3])
        assert same(np.stack(list(dicomet.iter_pixels(source))), expected)
        assert same(np.stack(list(dicomet.iter_pixels(source, indices=[4, 0, 2]))), expected[[4, 0, 2]])
        with dicomet.open(source) as opened:
            assert same(opened[:], expected)
            assert same(opened.frame(-1), expected[-1])
    for array in dicomet.pixel_arrays([path, data, pydicom.dcmread(path), io.BytesIO(data)], workers=2):
        assert same(array, expected)
    for array in dicomet.pixel_arrays([path] * 5, index=2):
        assert same(array, expected[2])


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_workers(image, workers):
    data, expected = image
    assert same(dicomet.pixel_array(data, workers=workers), expected)


def test_out(image):
    data, expected = image
    out = np.frombuffer(b"\xa5" * expected.nbytes, expected.dtype).reshape(expected.shape).copy()
    assert dicomet.pixel_array(data, out=out) is out
    assert same(out, expected)


def test_out_that_is_not_aligned():
    """The decoder writes whole words; the caller's may start anywhere."""
    data, expected = IMAGES["12 bits"]
    out = np.frombuffer(bytearray(expected.nbytes + 1), np.uint8)[1:].view(np.uint16).reshape(expected.shape)
    assert not out.flags.aligned
    dicomet.pixel_array(data, out=out)
    assert np.array_equal(out, expected)


DISPLAY = {0x00281050: ("DS", b"70"), 0x00281051: ("DS", b"90"), 0x00281052: ("DS", b"-7"), 0x00281053: ("DS", b"2 ")}


@pytest.mark.parametrize("name", ["gray", "12 bits", "RGB"])
def test_display_is_that_of_the_same_samples_in_native_form(name):
    samples = IMAGES[name][1]
    bits = 12 if "12" in name else 8
    ours = dicom([lossless(frame, bits) for frame in samples], samples.shape[1:], bits, more=DISPLAY)
    samples = samples if samples.ndim == 4 else samples[..., None]
    term = "MONOCHROME2" if samples.shape[3] == 1 else "RGB"
    same_samples = native(samples, bits, more=DISPLAY, photometric=term)
    for function in (dicomet.to_display, dicomet.modality_values):
        assert same(function(ours), function(same_samples))
        assert same(function(ours, index=1), function(same_samples, index=1))
    for options in ({"dtype": np.float32}, {"window": "minmax"}, {"window": (50, 120)}):
        assert same(dicomet.to_display(ours, **options), dicomet.to_display(same_samples, **options))


def test_recompressed_jpeg_without_conversion():
    data, expected = IMAGES["recompressed"]
    for options in ({"raw": True}, {"as_rgb": False}):
        components = dicomet.pixel_array(data, **options)
        assert same(np.stack([oracle.ybr_to_rgb(frame) for frame in components]), expected)


# Colors: rows X1 to X7 of the color rule


def colors_of(stream: bytes, term: str) -> tuple[str, str | None]:
    """The meaning of the components, and the contradiction."""
    found = decide(term, 3, streams.header(stream))
    return found.components.value, found.contradiction


def test_color_rule():
    color = texture(16, 24, 8, 3)
    ycbcr, rgb = recompressed(by_pillow(color, subsampling=2)), recompressed(by_pillow(color, keep_rgb=True))
    xyb, plain, direct = lossy(color, 8), lossless(color, 8), streams.bare(ycbcr)
    for stream, term, components, agrees in [
        (ycbcr, "YBR_FULL_422", "YCbCr", True),
        (ycbcr, "YBR_FULL", "YCbCr", True),
        (ycbcr, "RGB", "YCbCr", False),
        (ycbcr, "XYB", "YCbCr", False),
        (rgb, "RGB", "RGB", True),
        (rgb, "YBR_FULL_422", "RGB", False),
        (xyb, "RGB", "RGB", True),
        (xyb, "XYB", "RGB", True),
        (xyb, "YBR_FULL", "RGB", False),
        (direct, "YBR_FULL_422", "RGB", True),
        (direct, "RGB", "RGB", True),
        (direct, "XYB", "RGB", False),
        (plain, "RGB", "RGB", True),
        (plain, "YBR_FULL", "YCbCr", True),
        (plain, "YBR_FULL_422", "YCbCr", True),
        (plain, "YBR_PARTIAL_422", "YCbCr of partial range", True),
        (plain, "XYB", "RGB", False),
        (plain, "YBR_ICT", "not known", True),
        (plain, "HSV", "not known", True),
    ]:
        found, contradiction = colors_of(stream, term)
        assert (found, contradiction is None) == (components, agrees), (term, found, contradiction)


def test_ycbcr_without_loss_is_converted():
    samples = texture(16, 24, 8, 3)
    data = dicom([lossless(samples, 8)], samples.shape, 8, photometric="YBR_FULL")
    assert same(dicomet.pixel_array(data), oracle.ybr_to_rgb(samples))
    assert same(raw(data), samples)


# Large frames, and frames that differ


@pytest.mark.parametrize("kind", ["lossless", "lossy", "recompressed"])
def test_a_large_frame_on_several_workers(kind):
    samples = np.tile(texture(256, 256, 8, 3), (4, 6, 1))
    stream = {
        "lossless": lambda: lossless(samples, 8, effort=3),
        "lossy": lambda: lossy(samples, 8),
        "recompressed": lambda: recompressed(by_pillow(samples)),
    }[kind]()
    data = dicom([stream], samples.shape, 8, syntax=LOSSY)
    expected = quietly(raw, data, workers=1)
    for workers in (2, 3, 8):
        assert same(quietly(raw, data, workers=workers), expected)
    if kind == "lossless":
        assert same(expected, samples)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_frames_with_different_headers(workers):
    color = [texture(30, 41, 8, 3, seed) for seed in range(4)]
    jpeg = by_pillow(color[1], subsampling=2)
    frames = [lossless(color[0], 8), recompressed(jpeg), lossy(color[2], 8), lossless(color[3], 8)] * 3
    expected = [color[0], oracle.ybr_to_rgb(by_libjpeg(jpeg)), None, color[3]]
    found = quietly(dicomet.pixel_array, dicom(frames, color[0].shape, 8, syntax=LOSSY), workers=workers)
    for number, frame in enumerate(found):
        right = expected[number % 4]
        if right is None:
            assert np.abs(frame.astype(int) - streams.by_libjxl(frames[2]).astype(int)).max() <= 1
        else:
            assert same(frame, right), number


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
def test_one_fragment_for_each_frame(table):
    _, expected = IMAGES["gray"]
    frames = [lossless(frame, 8) for frame in expected]
    assert same(dicomet.pixel_array(dicom(frames, (39, 50), 8, table=table)), expected)


def test_a_frame_in_several_fragments():
    frame = texture(39, 50)
    stream = lossless(frame, 8)
    dataset = pydicom.dcmread(io.BytesIO(dicom([stream], (39, 50), 8)))
    dataset.PixelData = encapsulate([stream], fragments_per_frame=5)
    assert same(dicomet.pixel_array(dataset), frame)
    # Codestreams have no end marker that would say where a frame ends.
    dataset.NumberOfFrames = 2
    dataset.PixelData = encapsulate([stream] * 2, fragments_per_frame=5, has_bot=False)
    with pytest.raises(dicomet.PixelDataError, match="found 10 fragments and no usable offset table"):
        dicomet.pixel_array(dataset)


@pytest.mark.parametrize("frame", [0, 1, 4])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_frame_that_contradicts_is_named(frame, workers):
    frames = [lossless(texture(30, 41, seed=seed), 8) for seed in range(6)]
    for other, says in [
        (lossless(texture(31, 41), 8), "the codestream has Rows 31, expected 30"),
        (lossless(texture(30, 40), 8), "the codestream has Columns 40, expected 41"),
        (lossless(texture(30, 41, samples=3), 8), "the codestream has components 3, expected 1"),
        (lossless(texture(30, 41, 12), 12), "the codestream has sample bits 12, expected 8"),
        (by_pillow(texture(30, 41)), "found a codestream of JPEG, expected one of JPEG XL"),
        (b"no codestream", "found no frame header, expected that of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL codestream"),
    ]:
        data = dicom([*frames[:frame], other, *frames[frame + 1 :]], (30, 41), 8)
        with pytest.raises(dicomet.PixelDataError, match=says) as error:
            dicomet.pixel_array(data, workers=workers)
        assert error.value.frame == frame


def test_jpeg_xl_in_another_transfer_syntax():
    data = dicom([lossless(texture(30, 41), 8)], (30, 41), 8, syntax="1.2.840.10008.1.2.4.50")
    with pytest.raises(dicomet.PixelDataError, match="found a codestream of JPEG XL, expected one of JPEG"):
        dicomet.pixel_array(data)


# What has no place in DICOM


@pytest.mark.parametrize(
    ("samples", "options", "says"),
    [
        (np.zeros((9, 8), np.float32), {}, "floating-point samples"),
        (np.zeros((9, 8), np.float16), {}, "floating-point samples"),
        (np.zeros((9, 8, 4), np.uint8), {}, r"extra channels \(1\)"),
        (np.zeros((9, 8, 2), np.uint16), {}, r"extra channels \(1\)"),
        (np.zeros((3, 9, 8, 3), np.uint8), {"photometric": "rgb"}, "an animation"),
    ],
)
def test_refused_by_name(samples, options, says):
    stream = bytes(streams.imagecodecs.jpegxl_encode(samples, lossless=True, **options))
    data = dicom([stream], (9, 8, 3 if samples.shape[-1] in (3, 4) else 1), 16, allocated=16)
    message = f"frame 0: found {says}, expected one or three components of up to 16 bits in a single image"
    with pytest.raises(dicomet.PixelDataError, match=message) as error:
        dicomet.pixel_array(data)
    assert error.value.frame == 0
    assert error.value.element == "(7FE0,0010) Pixel Data"


# pydicom


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_plugins(syntax):
    data = dicom([lossless(texture(9, 8), 8)], (9, 8), 8, syntax=syntax)
    quietly(dicomet.pixel_array, data, decoding_plugin="dicomet")
    for plugin in ("pylibjpeg", "pillow", "gdcm", "anything"):
        message = f"'decoding_plugin': found '{plugin}', expected 'dicomet': no plugin decodes JPEG XL"
        for call in (dicomet.pixel_array, lambda *a, **k: next(dicomet.iter_pixels(*a, **k)), dicomet.open):
            with pytest.raises(dicomet.PixelDataError, match=message):
                call(data, decoding_plugin=plugin)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_pydicom_does_not_know_the_transfer_syntax(syntax):
    """pydicom has no decoder, with and without `dicomet.install()`. Its data sets are decoded by dicomet."""
    samples = texture(9, 8)
    data = dicom([lossless(samples, 8)], samples.shape, 8, syntax=syntax)
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert dataset.file_meta.TransferSyntaxUID == UID(syntax)
    assert same(quietly(dicomet.pixel_array, dataset), samples)
    with pytest.raises(NotImplementedError):
        _ = dataset.pixel_array
    dicomet.install()
    try:
        with pytest.raises(NotImplementedError):
            _ = pydicom.dcmread(io.BytesIO(data)).pixel_array
    finally:
        dicomet.uninstall()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_info(syntax):
    info = describe(dicom([lossless(texture(9, 8), 8)], (9, 8), 8, syntax=syntax))
    assert info["transfer_syntax"] == name_of(syntax)
    assert info["decoded_by"] == ["dicomet"]
    assert info["array_shape"] == [9, 8]
    assert info["error"] is None


def test_info_of_what_is_refused():
    stream = bytes(streams.imagecodecs.jpegxl_encode(np.zeros((9, 8), np.float32), lossless=True))
    info = describe(dicom([stream], (9, 8), 8))
    assert "floating-point samples" in info["error"]


def test_nothing_else_is_imported(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(IMAGES["recompressed"][0])
    program = (
        "import sys, dicomet\n"
        f"dicomet.pixel_array({str(path)!r})\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('pydicom', 'PIL', 'imagecodecs')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
@pytest.mark.parametrize("kind", ["lossless", "recompressed"])
def test_a_signal_ends_decoding_within_a_frame(kind):
    rng = np.random.default_rng(1)
    samples = np.tile(rng.integers(0, 256, (512, 512, 3), np.uint8), (4, 8, 1))
    stream = lossless(samples, 8, effort=3) if kind == "lossless" else recompressed(by_pillow(samples, quality=95))
    data = dicom([stream], samples.shape, 8, syntax=LOSSY, photometric="RGB" if kind == "lossless" else "YBR_FULL_422")
    out = np.full(samples.shape, 0xA5, np.uint8)

    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        # Signals are checked every 50 ms.
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Alarm):
            dicomet.pixel_array(data, out=out, workers=1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (out[-1] == 0xA5).all()
