"""JPEG-LS frames (ISO/IEC 14495-1), which dicomet decodes itself: equal to pydicom's plugins."""

import encoders
import numpy as np
import pydicom
import pytest
from files import ROOTS
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder
from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

import dicomet

imagecodecs = pytest.importorskip("imagecodecs")
SYNTAXES = (JPEGLSLossless, JPEGLSNearLossless)
SHAPE = (23, 37)


def words(bits: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Samples with edges, noise and runs."""
    rng = np.random.default_rng(bits)
    steps = rng.integers(-3, 4, shape) * (rng.random(shape) < 0.7)
    smooth = np.cumsum(steps, 1) + (1 << bits) // 2
    smooth[: shape[0] // 3] = rng.integers(0, 1 << bits, (shape[0] // 3, *shape[1:]))
    return smooth.clip(0, (1 << bits) - 1).astype(encoders.container(bits))


def image(frames: list[bytes], bits: int, *, near: int = 0, **given) -> Dataset:
    syntax = JPEGLSNearLossless if near else JPEGLSLossless
    options = {"shape": SHAPE, "allocated": 8 if bits <= 8 else 16, "stored": bits, **given}
    return encoders.data_set(syntax, frames, **options)


def by_plugin(ds: Dataset) -> np.ndarray:
    return dicomet.pixel_array(ds, decoding_plugin="pyjpegls", raw=True)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(2, 17))
def test_bits(bits, signed):
    samples = words(bits)
    for near in range(min(4, (1 << bits) // 2)):
        frames = [encoders.jls(samples, bits, near), encoders.jls(samples[::-1], bits, near)]
        ds = image(frames, bits, near=near, signed=signed)
        array = dicomet.pixel_array(ds)
        assert np.array_equal(array, by_plugin(ds))
        if not near:
            unsigned = array.astype(np.int64) & ((1 << bits) - 1)
            assert np.array_equal(unsigned, np.stack([samples, samples[::-1]]))


@pytest.mark.parametrize("mode", ["none", "line", "sample"])
@pytest.mark.parametrize("near", [0, 1, 5])
@pytest.mark.parametrize("planar", [0, 1])
def test_interleave_modes(mode, near, planar):
    samples = words(8, (*SHAPE, 3))
    options = {"rows": SHAPE[0], "columns": SHAPE[1], "samples_per_pixel": 3, "bits_stored": 8, "lossy_error": near}
    number = ["none", "line", "sample"].index(mode)
    source = samples.transpose(2, 0, 1) if mode == "none" else samples
    frame = bytes(encoders.jpeg_ls.encode_buffer(source.tobytes(), interleave_mode=number, **options))
    ds = image([frame] * 3, 8, near=near, samples=3)
    ds.PhotometricInterpretation, ds.PlanarConfiguration = "RGB", planar
    array = dicomet.pixel_array(ds)
    assert np.array_equal(array, by_plugin(ds))
    assert np.abs(array.astype(int) - samples).max() <= near
    assert np.array_equal(dicomet.pixel_array(ds, index=1), array[1])


def test_every_function():
    samples = words(12)
    ds = image([encoders.jls(samples, 12, 0)] * 3, 12)
    expected = np.stack([samples] * 3)
    assert np.array_equal(dicomet.pixel_array(ds), expected)
    assert np.array_equal(np.stack(list(dicomet.iter_pixels(ds))), expected)
    assert np.array_equal(dicomet.open(ds)[1], samples)
    assert all(np.array_equal(array, expected) for array in dicomet.pixel_arrays([ds, ds]))
    out = np.empty_like(expected)
    assert dicomet.pixel_array(ds, out=out) is out
    assert np.array_equal(out, expected)
    native = encoders.data_set(
        "1.2.840.10008.1.2.1", [samples.astype("<u2").tobytes()] * 3, shape=SHAPE, allocated=16, stored=12
    )
    for function in (dicomet.to_display, dicomet.modality_values):
        assert np.array_equal(function(ds), function(native))


def files() -> list:
    found = []
    for path in sorted(path for root in ROOTS.values() for path in root.rglob("*.dcm")):
        try:
            syntax = pydicom.dcmread(path, specific_tags=["Rows"]).file_meta.TransferSyntaxUID
        except Exception:  # noqa: BLE001, S112 - files that pydicom cannot read are no subject here
            continue
        if syntax in SYNTAXES:
            found.append(path)
    return found


@pytest.mark.parametrize("plugin", ["pyjpegls", "pylibjpeg", "gdcm"])
def test_all_files(plugin):
    if plugin not in get_decoder(JPEGLSLossless).available_plugins:
        pytest.skip(f"needs {plugin}")
    paths = files()
    assert len(paths) >= 3
    for path in paths:
        if plugin == "gdcm" and pydicom.dcmread(path, specific_tags=["BitsStored"]).BitsStored in (6, 7):
            with pytest.raises(dicomet.PixelDataError, match=r"gdcm: does not decode JPEG-LS of [67] bits"):
                dicomet.pixel_array(path, decoding_plugin=plugin)
            continue
        assert np.array_equal(dicomet.pixel_array(path), dicomet.pixel_array(path, decoding_plugin=plugin)), path.name
        assert dicomet.info.describe(path)["decoded_by"] == ["dicomet"]


def test_dicomet_alone_decodes(monkeypatch):
    monkeypatch.setattr(get_decoder(JPEGLSLossless), "_available", {})
    samples = words(10)
    ds = image([encoders.jls(samples, 10, 0)], 10)
    for name in ("", "dicomet"):
        assert np.array_equal(dicomet.pixel_array(ds, decoding_plugin=name), samples)


def test_padding_before_the_end_marker():
    """pyjpegls refuses it, but no sample depends on it."""
    samples = words(12)
    stream = encoders.jls(samples, 12, 0)
    assert np.array_equal(dicomet.pixel_array(image([stream[:-2] + bytes(4) + encoders.EOI], 12)), samples)


def test_what_dicomet_does_not_decode_needs_another_plugin():
    """A point transform, which CharLS does not decode either."""
    stream = bytearray(encoders.jls(words(8), 8, 0))
    stream[stream.index(b"\xff\xda") + 9] = 2
    with pytest.raises(dicomet.PixelDataError, match="a point transform of 2 bits") as error:
        dicomet.pixel_array(image([bytes(stream)], 8), decoding_plugin="dicomet")
    assert error.value.frame == 0
