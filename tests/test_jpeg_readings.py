"""JPEG (PS3.5 A.4.1) through every function, and how its samples become those of the result."""

import io
import subprocess
import sys

import jpeg_streams as streams
import numpy as np
import oracle
import pydicom
import pytest
from jpeg_streams import (
    NAMES,
    SAMPLINGS,
    by_libjpeg,
    by_pillow,
    colors,
    dicom,
    extended,
    images,
    lossless,
    native,
    quietly,
    raw,
    same,
    samples_of,
    texture,
)

import dicomet


@pytest.fixture(params=NAMES)
def image(request) -> tuple[bytes, np.ndarray]:
    """A file, and its samples before any conversion of colors."""
    frames, stored, form = images()[request.param]
    return dicom(frames, stored, **form), samples_of(request.param)


def test_every_function(image, tmp_path):
    data, samples = image
    expected = colors(samples, data)
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
            assert same(opened[1:4:2], expected[1:4:2])
    for array in dicomet.pixel_arrays([path, data, pydicom.dcmread(path), io.BytesIO(data)], workers=2):
        assert same(array, expected)
    for array in dicomet.pixel_arrays([path] * 5, index=2):
        assert same(array, expected[2])


def test_decoding_plugin_that_is_dicomet(image):
    data, samples = image
    assert same(dicomet.pixel_array(data, decoding_plugin="dicomet"), colors(samples, data))


def test_raw(image):
    data, samples = image
    assert same(raw(data), samples)


def test_out(image):
    data, samples = image
    expected = colors(samples, data)
    out = np.frombuffer(b"\xa5" * expected.nbytes, expected.dtype).reshape(expected.shape).copy()
    assert dicomet.pixel_array(data, out=out) is out
    assert same(out, expected)
    frame = np.frombuffer(b"\xa5" * expected[0].nbytes, expected.dtype).reshape(expected.shape[1:]).copy()
    for number, found in enumerate(dicomet.iter_pixels(data, out=frame)):
        assert found is frame
        assert same(frame, expected[number])


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_workers(image, workers):
    data, samples = image
    assert same(dicomet.pixel_array(data, workers=workers), colors(samples, data))


DISPLAY = {
    0x00281050: ("DS", b"70"),
    0x00281051: ("DS", b"90"),
    0x00281052: ("DS", b"-7"),
    0x00281053: ("DS", b"2 "),
}


@pytest.mark.parametrize("name", NAMES)
def test_display_is_that_of_the_same_samples_in_native_form(name):
    frames, stored, form = images()[name]
    samples = samples_of(name)
    samples = samples if samples.ndim == 4 else samples[..., None]
    of_native = dict(form)
    if samples.shape[3] == 3:
        of_native["photometric"] = "RGB" if form.get("photometric") == "RGB" else "YBR_FULL"
    ours = dicom(frames, stored, more=DISPLAY, **form)
    same_samples = native(samples, stored, more=DISPLAY, **of_native)
    for function in (dicomet.to_display, dicomet.modality_values):
        assert same(function(ours), function(same_samples))
        assert same(function(ours, index=1), function(same_samples, index=1))
    for options in ({"dtype": np.float32}, {"dtype": np.uint16}, {"window": "minmax"}, {"window": (50, 120)}):
        assert same(dicomet.to_display(ours, **options), dicomet.to_display(same_samples, **options))


# Bits


def test_8_bits_in_16_allocated():
    frames = [by_pillow(texture(30, 41, seed=seed)) for seed in range(3)]
    expected = np.stack([by_libjpeg(frame) for frame in frames]).astype(np.uint16)
    data = dicom(frames, 8, allocated=16)
    with pytest.warns(UserWarning, match=r"\(0028,0100\) Bits Allocated: found 16, expected 8"):
        found = dicomet.pixel_array(data)
    assert same(found, expected)
    color = [by_pillow(texture(30, 41, samples=3))]
    found = quietly(dicomet.pixel_array, dicom(color, 8, allocated=16))
    assert same(found, oracle.ybr_to_rgb(by_libjpeg(color[0])).astype(np.uint16))


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("stored", [3, 5, 8, 10, 12, 13, 16])
def test_bits_above_bits_stored_do_not_count(stored, signed):
    """The low bits of the samples are the stored value, and their highest bit is the sign."""
    samples = texture(20, 21, 16)
    form = {"signed": signed, "allocated": 16}
    found = quietly(dicomet.pixel_array, dicom([lossless(samples, 16)], stored, **form))
    low = samples.astype(np.int64) & (2**stored - 1)
    expected = np.where(low >= 2 ** (stored - 1), low - 2**stored, low) if signed else low
    assert same(found, expected.astype(np.int16 if signed else np.uint16))


@pytest.mark.parametrize("bits", [2, 5, 8, 10, 12, 16])
def test_every_depth_in_16_allocated(bits):
    samples = texture(20, 21, bits)
    found = quietly(dicomet.pixel_array, dicom([lossless(samples, bits)], bits, allocated=16))
    assert same(found, samples.astype(np.uint16))


# Colors


@pytest.mark.parametrize("term", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_lossless_colors_are_those_of_the_data_set(term):
    """A lossless codestream without markers about colors states nothing."""
    samples = texture(20, 21, samples=3)
    found = dicomet.pixel_array(dicom([lossless(samples, 8)], 8, photometric=term))
    assert same(found, samples if term == "RGB" else oracle.ybr_to_rgb(samples))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_dct_colors(sampling):
    stream = streams.baseline(texture(33, 35, samples=3), sampling=sampling)
    expected = oracle.ybr_to_rgb(by_libjpeg(stream))
    assert same(dicomet.pixel_array(dicom([stream], 8)), expected)
    with pytest.warns(UserWarning, match="Photometric Interpretation: found RGB"):
        found = dicomet.pixel_array(dicom([stream], 8, photometric="RGB"))
    assert same(found, expected)


def test_colors_of_12_bits():
    stream = extended(texture(33, 35, 12, 3))
    expected = oracle.ybr_to_rgb(by_libjpeg(stream), 12)
    assert same(dicomet.pixel_array(dicom([stream], 12)), expected)


# Without plugins


def test_no_plugin_is_imported(tmp_path):
    """dicomet alone decodes: pydicom's plugins are not even imported."""
    path = tmp_path / "image.dcm"
    path.write_bytes(dicom([extended(texture(20, 21, 12))], 12))
    program = (
        "import sys, dicomet\n"
        f"dicomet.pixel_array({str(path)!r})\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('pydicom', 'PIL', 'libjpeg', 'gdcm')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603
