"""The entry points for pylibjpeg, in both versions of its protocol: values never change, with or without the others."""

import importlib.metadata
import subprocess
import sys

import codestreams
import numpy as np
import pytest
from call_outcome import outcome
from install_images import JPEG_2000_SYNTAXES, JPEG_LS_SYNTAXES, JPEG_SYNTAXES, dataset, smooth
from jpeg_2000_images import SHAPE, high_throughput, part_1, patched, words
from jpeg_2000_images import image as image_2000
from jpeg_frames import image, lossless
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGBaseline8Bit, JPEGLosslessSV1, RLELossless

from dicomet.dropin import pylibjpeg_plugin
from dicomet.dropin.codestream_codec import decode_words
from dicomet.dropin.jpeg_probe import probe
from dicomet.dropin.pylibjpeg_plugin import decode_jpeg, decode_jpeg_2000, decode_pixel_data

libjpeg = pytest.importorskip("libjpeg.utils")
openjpeg = pytest.importorskip("openjpeg.utils")
rle = pytest.importorskip("rle.utils")
rng = np.random.default_rng(41)
GRAY = rng.integers(0, 4096, (5, 6, 1))
COLOR = rng.integers(0, 256, (5, 6, 3))
CASES = {
    "gray": (lossless(GRAY, 12), (5, 6, 1), 12, True),
    "predictor 7": (lossless(GRAY, 12, predictor=7, restart=2), (5, 6, 1), 12, True),
    "color": (lossless(COLOR, 8), (5, 6, 3), 8, True),
    "color planes": (lossless(COLOR, 8, interleaved=False), (5, 6, 3), 8, True),
    "point transform": (lossless(GRAY, 12, point_transform=2), (5, 6, 1), 12, False),
    "JFIF": (lossless(COLOR, 8, segments=codestreams.JFIF), (5, 6, 3), 8, True),
    "unusual": (lossless(GRAY, 12, segments=codestreams.segment(0xE3, b"x")), (5, 6, 1), 12, False),
    "lossy": (probe(20, 30, ((2, 2), (1, 1), (1, 1))), (20, 30, 3), 8, False),
    "malformed": (lossless(GRAY, 12)[:-9], (5, 6, 1), 12, False),
    "other size": (lossless(GRAY, 12), (6, 5, 1), 12, False),
    "no JPEG": (b"something else", (5, 6, 1), 12, False),
    "85 bits": (lossless(GRAY, 12).replace(b"\xff\xc3\0\x0b\x0c", b"\xff\xc3\0\x0b\x55"), (5, 6, 1), 12, False),
}
REFUSED = ("malformed", "other size", "no JPEG", "85 bits")


@pytest.fixture
def calls(monkeypatch):
    """The frames that reach pylibjpeg-libjpeg."""
    found, original = [], libjpeg.decode_pixel_data

    def decode(src, *args, **kwargs):
        found.append(src)
        return original(src, *args, **kwargs)

    monkeypatch.setattr(libjpeg, "decode_pixel_data", decode)
    return found


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("term", ["", "RGB", "YBR_FULL_422"])
def test_jpeg_has_the_values_of_pylibjpeg_libjpeg(name, version, term, calls):
    frame, shape, bits, taken = CASES[name]
    ds = image(JPEGLosslessSV1, [frame], shape, bits)
    ds.PhotometricInterpretation = term or ds.PhotometricInterpretation
    module = ds.group_dataset(0x0028)
    options = {"rows": shape[0], "columns": shape[1], "samples_per_pixel": shape[2], "bits_allocated": 16}
    arguments = (frame, module) if version == 1 else (frame,)
    ours = outcome(lambda: decode_jpeg(*arguments, version=version, **(options if version == 2 else {})))
    passed_on = bool(calls)
    theirs = outcome(lambda: libjpeg.decode_pixel_data(*arguments, version=version, **options))
    assert ours[1:] == theirs[1:]
    if type(ours[0]) is tuple and isinstance(ours[0][0], type) and issubclass(ours[0][0], BaseException):
        assert ours[0][:2] == theirs[0][:2]
    else:
        assert ours[0] == theirs[0]
    converted = version == 1 and ds.PhotometricInterpretation == "RGB"
    assert passed_on == (not taken or converted)


@pytest.fixture
def alone(monkeypatch):
    """None of pylibjpeg-libjpeg, pylibjpeg-openjpeg and pylibjpeg-rle is installed."""
    pylibjpeg_plugin._is_installed.cache_clear()
    for module in ("libjpeg", "libjpeg.utils", "openjpeg", "openjpeg.utils", "rle", "rle.utils"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(pylibjpeg_plugin, "find_spec", lambda _name: None)
    yield
    pylibjpeg_plugin._is_installed.cache_clear()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", [name for name in CASES if name not in REFUSED])
def test_without_pylibjpeg_libjpeg_every_frame_is_decoded(name):
    frame, shape, bits, _ = CASES[name]
    ds = image(JPEGLosslessSV1, [frame], shape, bits)
    words, _ = decode_words(frame, "JPEG", rows=shape[0], columns=shape[1], samples_per_pixel=shape[2])
    assert decode_jpeg(frame, ds=ds.group_dataset(0x0028)).tobytes() == words


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("function", [decode_jpeg, decode_jpeg_2000, decode_pixel_data])
def test_the_message_without_the_other_plugin(function):
    ds = image(JPEGLosslessSV1, [b"x"], (5, 6, 1), 12)
    with pytest.raises(
        RuntimeError, match=r"pylibjpeg-(libjpeg|openjpeg|rle), which may decode the frame, is not installed"
    ):
        function(b"something else", ds=ds)


GRAY_2000 = part_1(words(12), 12)
# Frame, its description (by default unsigned gray of 12 bits), and whether dicomet decodes it.
JPEG_2000_CASES = {
    "gray": (GRAY_2000, {}, True),
    "signed": (part_1(words(12, signed=True), 12), {"signed": True}, True),
    "8 bits": (part_1(words(8), 8), {"bits": 8}, True),
    "5 bits": (part_1(words(5, signed=True), 5), {"bits": 5, "signed": True}, True),
    "color": (part_1(words(8, samples=3), 8, mct=True), {"bits": 8, "samples": 3}, True),
    "HTJ2K": (high_throughput(words(16)), {"bits": 16}, True),
    "HTJ2K color": (high_throughput(words(8, samples=3), mct=True), {"bits": 8, "samples": 3}, True),
    "irreversible": (part_1(words(12), 12, reversible=False), {}, False),
    "JP2": (codestreams.jp2(GRAY_2000, SHAPE, 17), {}, False),
    "unusual": (patched(GRAY_2000, 0x52, 0, b"\2"), {}, False),
    "without end marker": (GRAY_2000[:-2], {}, False),
    "malformed": (GRAY_2000[:-30], {}, False),
    "other size": (part_1(words(12, shape=(5, 6)), 12), {}, False),
    "no JPEG 2000": (b"something else", {}, False),
}


@pytest.fixture
def calls_2000(monkeypatch):
    """The frames that reach pylibjpeg-openjpeg."""
    found, original = [], openjpeg.decode_pixel_data

    def decode(src, *args, **kwargs):
        found.append(src)
        return original(src, *args, **kwargs)

    monkeypatch.setattr(openjpeg, "decode_pixel_data", decode)
    return found


def without_lines(found):
    """An outcome without the lines of code that warned."""
    given, said, places = found
    return given, [record[:2] for record in said], places


@pytest.mark.parametrize("name", JPEG_2000_CASES)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("stored", [0, 10])
@pytest.mark.parametrize("contradicts", [False, True])
def test_jpeg_2000_has_the_values_of_pylibjpeg_openjpeg(name, version, stored, contradicts, calls_2000):
    frame, described, taken = JPEG_2000_CASES[name]
    bits, samples, signed = (
        described.get(key, default) for key, default in (("bits", 12), ("samples", 1), ("signed", 0))
    )
    ds = image_2000([frame], bits, samples=samples, signed=bool(signed) != contradicts, allocated=16)
    ds.BitsStored = stored or bits
    options = {"rows": SHAPE[0], "columns": SHAPE[1], "samples_per_pixel": samples, "bits_stored": ds.BitsStored}
    arguments = (frame, ds.group_dataset(0x0028)) if version == 1 else (frame,)
    given = {} if version == 1 else options
    ours = outcome(lambda: decode_jpeg_2000(*arguments, version=version, **given))
    passed_on = bool(calls_2000)
    theirs = outcome(lambda: openjpeg.decode_pixel_data(*arguments, version=version, **given))
    assert without_lines(ours) == without_lines(theirs)
    assert passed_on == (not taken or (version == 1 and (contradicts or stored != 0)))


def test_jpeg_2000_without_a_description(calls_2000):
    """pylibjpeg-openjpeg needs none."""
    expected = openjpeg.decode(GRAY_2000, reshape=False)
    for version in (1, 2):
        assert np.array_equal(np.frombuffer(decode_jpeg_2000(GRAY_2000, version=version), np.uint8), expected)
    assert len(calls_2000) == 2


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ["gray", "signed", "5 bits", "HTJ2K color", "irreversible", "JP2"])
def test_without_pylibjpeg_openjpeg_every_frame_is_decoded(name):
    frame, described, _ = JPEG_2000_CASES[name]
    samples = described.get("samples", 1)
    words_of, _ = decode_words(frame, "JPEG 2000", rows=SHAPE[0], columns=SHAPE[1], samples_per_pixel=samples)
    options = {"rows": SHAPE[0], "columns": SHAPE[1], "samples_per_pixel": samples}
    assert decode_jpeg_2000(frame, version=2, **options) == words_of
    assert decode_jpeg_2000(frame, **options).tobytes() == words_of


@pytest.mark.parametrize("version", [1, 2])
def test_dicomet_switched_off(version, monkeypatch, calls):
    monkeypatch.setenv("DICOMET", "0")
    frame, shape, bits, _ = CASES["gray"]
    ds = image(JPEGLosslessSV1, [frame], shape, bits)
    decode_jpeg(frame, ds, version=version)
    assert calls == [frame]


@pytest.mark.parametrize("samples", [1, 3])
def test_rle_lossless_in_version_1(samples, monkeypatch):
    values = smooth(1, 20, 30 * samples)[0].astype(np.uint8).reshape((20, 30, 3) if samples == 3 else (20, 30))
    ds = dataset(values, "RGB" if samples == 3 else "MONOCHROME2")
    ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    module = ds.group_dataset(0x0028)
    theirs = outcome(lambda: rle.decode_pixel_data(frame, ds=module))
    monkeypatch.setattr(rle, "decode_pixel_data", None)
    assert outcome(lambda: decode_pixel_data(frame, ds=module)) == theirs


def test_entry_points():
    group = importlib.metadata.entry_points(group="pylibjpeg.pixel_data_decoders")
    found = {entry.name: entry.load() for entry in group if entry.value.startswith("dicomet.")}
    jpeg_ls = dict.fromkeys(JPEG_LS_SYNTAXES, pylibjpeg_plugin.decode_jpeg_ls)
    jpeg_2000 = dict.fromkeys(JPEG_2000_SYNTAXES, pylibjpeg_plugin.decode_jpeg_2000)
    jpeg = dict.fromkeys(JPEG_SYNTAXES, decode_jpeg)
    assert found == {RLELossless: decode_pixel_data, **jpeg, **jpeg_ls, **jpeg_2000}
    assert JPEGBaseline8Bit in found


def test_the_module_does_not_import_pydicom():
    code = "import sys, dicomet.dropin.pylibjpeg_plugin; assert 'pydicom' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603
