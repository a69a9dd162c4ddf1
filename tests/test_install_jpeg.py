"""JPEG under `install()`: lossless frames with any plugin, lossy ones where the plugin has the same values."""

import io

import codestreams
import numpy as np
import pydicom
import pydicom.pixels
import pytest
from call_outcome import with_and_without
from files import ROOTS
from install_images import JPEG_SYNTAXES
from jpeg_frames import image, lossless
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

import dicomet
from dicomet.dropin.codestream_codec import decode_words
from dicomet.dropin.jpeg_probe import probe

LOSSY_PLUGINS = ("gdcm", "pillow", "pylibjpeg")
ALL_SAMPLING = [
    ((1, 1),),
    *[((h, v), (1, 1), (1, 1)) for h in (1, 2, 4) for v in (1, 2, 4) if h * v <= 8],
    ((2, 2), (2, 1), (1, 2)),
    ((1, 1), (2, 2), (1, 1)),
]
rng = np.random.default_rng(31)


pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


def ways(ds) -> list:
    """Calls that decode a data set in every way."""
    raw = io.BytesIO()
    ds.save_as(raw, enforce_file_format=True)
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    return [
        lambda: ds.pixel_array_options() or ds.pixel_array,
        lambda: ds.pixel_array_options(raw=True) or ds.pixel_array,
        lambda: decoder.as_array(ds, index=0),
        lambda: decoder.iter_array(ds),
        lambda: decoder.iter_array(ds, raw=True),
        lambda: decoder.iter_array(ds, indices=[0, 0]),
        lambda: pydicom.pixels.pixel_array(io.BytesIO(raw.getvalue())),
        lambda: pydicom.pixels.iter_pixels(io.BytesIO(raw.getvalue()), raw=True),
    ]


def same(ds) -> bool:
    """Compare all ways of decoding with and without dicomet. Return whether dicomet took the calls."""
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3"
    found = []
    for call in ways(ds):
        installed, without, taken = with_and_without(call)
        assert installed == without
        found.append(taken)
    assert len(set(found)) == 1
    return found[0]


@pytest.mark.parametrize("plugin", LOSSY_PLUGINS)
def test_all_files(only, plugin):
    only(plugin)
    taken = 0
    for path in sorted(path for root in ROOTS.values() for path in root.rglob("*") if path.is_file()):
        try:
            syntax = pydicom.dcmread(path, specific_tags=["Rows"], force=True).file_meta.TransferSyntaxUID
        except Exception:  # noqa: BLE001, S112 - files that pydicom cannot read are no subject here
            continue
        decoder = get_decoder(syntax) if syntax in JPEG_SYNTAXES else None
        if decoder is None or not decoder._available:
            continue
        for call in (lambda: pydicom.dcmread(path).pixel_array, lambda: pydicom.pixels.iter_pixels(path)):  # noqa: B023
            installed, without, was_taken = with_and_without(call)
            assert installed == without, path.name
            taken += was_taken
    assert taken > 4


@pytest.mark.parametrize("plugin", ["gdcm", "pylibjpeg"])
@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless(only, plugin, predictor):
    only(plugin)
    for bits in (8, 10, 12, 15, 16):
        for count, restart in ((1, 0), (1, 2), (3, 0), (3, 1)):
            samples = rng.integers(0, 2**bits, (5, 6, count))
            samples[0, :2] = np.array([[0], [2 ** (bits - 1)]])  # a difference of half the range
            frames = [lossless(samples, bits, predictor=predictor, restart=restart), lossless(samples[::-1], bits)]
            ds = image(JPEGLossless, frames, samples.shape, bits)
            assert same(ds)
            assert np.array_equal(ds.pixel_array[0].reshape(samples.shape), samples)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("bits", "stored"), [(8, 8), (16, 12), (12, 10), (12, 16), (10, 12)])
def test_bits_of_lossless_frames(bits, stored, signed):
    samples = rng.integers(0, 2**bits, (5, 6, 1))
    ds = image(JPEGLosslessSV1, [lossless(samples, bits)] * 2, (5, 6, 1), bits, BitsStored=stored)
    ds.PixelRepresentation = signed
    assert same(ds)


@pytest.mark.parametrize("term", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("segments", [b"", codestreams.JFIF, codestreams.adobe(0), codestreams.adobe(1)])
@pytest.mark.parametrize("interleaved", [True, False])
def test_colors_of_lossless_frames(term, segments, interleaved):
    samples = rng.integers(0, 256, (5, 6, 3))
    frame = lossless(samples, 8, segments=segments, interleaved=interleaved)
    ds = image(JPEGLosslessSV1, [frame] * 2, (5, 6, 3), 8, PhotometricInterpretation=term)
    jfif, adobe = segments == codestreams.JFIF, segments.startswith(b"\xff\xee")
    assert same(ds) == (term == "RGB" if adobe else not (jfif and term == "RGB")) or segments == codestreams.adobe(1)


@pytest.mark.parametrize("ids", [b"RGB", b"rgb"])
@pytest.mark.parametrize("segments", [b"", codestreams.JFIF])
def test_identifiers_that_pydicom_takes_for_rgb(ids, segments):
    """Before JFIF, with a warning."""
    frame = lossless(rng.integers(0, 256, (5, 6, 3)), 8, segments=segments, ids=tuple(ids))
    ds = image(JPEGLosslessSV1, [frame] * 2, (5, 6, 3), 8)
    assert same(ds) == (not segments)
    ds.PhotometricInterpretation = "YBR_FULL"
    assert not same(ds)


FRAME = lossless(np.arange(30).reshape(5, 6, 1), 12)
# A DC table whose only symbol is larger than any category of differences.
UNUSED_CODE = codestreams.segment(0xC4, b"\1\0\1" + bytes(14) + b"\x11")
# An Adobe segment of a version, and a JFIF segment of a unit that do not exist.
ADOBE_102 = codestreams.adobe(0).replace(b"Adobe\0\x64", b"Adobe\0\x66")
JFIF_UNITS_3 = codestreams.JFIF.replace(b"\1\1\0\0\1", b"\1\1\3\0\1")
# The offset of Ss, Se, Ah and Al.
SCAN = FRAME.index(codestreams.scan_header([1], b"\1\0\0")) + 7


@pytest.mark.usefixtures("libjpeg")
@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (lossless(np.arange(30).reshape(5, 6, 1), 12, point_transform=1), "point transform"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=codestreams.segment(0xE1, b"Exif")), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=codestreams.SHORT_ADOBE), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=codestreams.adobe(0) * 2), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=codestreams.adobe(3)), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=ADOBE_102), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=JFIF_UNITS_3), "marker segments"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, segments=b"\xff\xff\xff"), "fill bytes"),
        (lossless(np.arange(30).reshape(5, 6, 1), 12, before_end=b"\x12\x34"), "does not conform exactly"),
        (FRAME.replace(b"\xff\xc4", codestreams.segment(0xDD, b"\0\4") + b"\xff\xc4"), "restarts within a row"),
        (FRAME[:-2], "does not conform exactly"),
        (FRAME[:-8], "malformed pixel data"),
        (FRAME + b"\xff\xd8\xff\xd9", "does not conform exactly"),
        (lossless(np.arange(30).reshape(6, 5, 1), 12), "malformed pixel data"),
        (lossless(np.arange(30).reshape(5, 6, 1), 8), "precision"),
        (probe(5, 6, ((1, 1),)), "process"),
        (FRAME[:SCAN] + b"\1\x08\0" + FRAME[SCAN + 3 :], "parameters of other processes"),
        (FRAME[:SCAN] + b"\1\0\x10" + FRAME[SCAN + 3 :], "parameters of other processes"),
        (FRAME[:-2] + b"\xff\xff\xff\x00\xff\xd9", "fill bytes"),
        (FRAME.replace(b"\xff\xc4", UNUSED_CODE + b"\xff\xc4"), "Huffman tables"),
    ],
    ids=range(20),
)
def test_declined_lossless_frames(frame, why):
    ds = image(JPEGLosslessSV1, [FRAME, frame, FRAME], (5, 6, 1), 12)
    before = dict(dicomet.stats().reasons)
    installed, without, taken = with_and_without(lambda: get_decoder(JPEGLosslessSV1).as_array(ds))
    assert installed == without
    assert not taken
    after = dicomet.stats().reasons
    assert any(why in reason for reason, count in after.items() if count != before.get(reason))
    for call in (
        lambda: get_decoder(JPEGLosslessSV1).iter_array(ds),
        lambda: get_decoder(JPEGLosslessSV1).iter_array(ds, indices=[2, 1]),
        lambda: get_decoder(JPEGLosslessSV1).as_array(ds, index=1),
    ):
        installed, without, _ = with_and_without(call)
        assert installed == without


@pytest.mark.usefixtures("libjpeg")
@pytest.mark.parametrize(
    "elements",
    [
        {"PlanarConfiguration": 1},
        {"BitsAllocated": 16},
        {"BitsAllocated": 32},
        {"PhotometricInterpretation": "YBR_ICT"},
        {"PhotometricInterpretation": "MONOCHROME2"},
        {"Rows": 6},
        {"NumberOfFrames": 3},
        {"NumberOfFrames": 1},
    ],
    ids=str,
)
def test_declined_images(elements):
    frame = lossless(rng.integers(0, 256, (5, 6, 3)), 8)
    ds = image(JPEGLosslessSV1, [frame, frame], (5, 6, 3), 8, **elements)
    for call in ways_in_memory(ds):
        installed, without, taken = with_and_without(call)
        assert installed == without
        assert not taken


def ways_in_memory(ds) -> list:
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    return [lambda: decoder.as_array(ds), lambda: ds.pixel_array_options() or ds.pixel_array]


@pytest.mark.usefixtures("libjpeg")
def test_options_are_respected():
    ds = image(JPEGLosslessSV1, [lossless(rng.integers(0, 2**16, (5, 6, 1)), 16)], (5, 6, 1), 16, BitsStored=12)
    decoder = get_decoder(JPEGLosslessSV1)
    for options, expected in (
        ({"correct_unused_bits": False}, False),
        ({"decoding_plugin": "pylibjpeg"}, True),
        ({"index": -1}, False),
        ({"rows": 4}, False),
        ({"lossy_jpeg": True}, False),
    ):
        installed, without, taken = with_and_without(lambda: decoder.as_array(ds, **options))  # noqa: B023
        assert installed == without
        assert taken == expected


@pytest.mark.parametrize("sampling", ALL_SAMPLING, ids=str)
@pytest.mark.parametrize("plugin", ["gdcm", "pillow"])
def test_lossy(only, plugin, sampling):
    only(plugin, "pylibjpeg")
    count = len(sampling)
    for rows, columns in ((35, 45), (1, 1), (5, 3), (16, 2)):
        frames = [probe(rows, columns, sampling), probe(rows, columns, sampling)]
        ds = image(JPEGBaseline8Bit, frames, (rows, columns, count), 8)
        if count == 3:
            ds.PhotometricInterpretation = "YBR_FULL_422"
        # GDCM's libjpeg enlarges components of half height in another way.
        assert same(ds) == (plugin == "pillow" or sampling not in (ALL_SAMPLING[2], ALL_SAMPLING[-2]))


@pytest.mark.parametrize("plugin", ["gdcm", "pillow"])
@pytest.mark.parametrize("progressive", [True, False])
def test_lossy_frames_of_pillows_encoder(only, plugin, progressive):
    only(plugin)
    pil = pytest.importorskip("PIL.Image")
    samples = rng.integers(0, 256, (37, 45, 3), dtype=np.uint8)
    for subsampling in (0, 1, 2):
        stream = io.BytesIO()
        pil.fromarray(samples).save(stream, "JPEG", quality=70, subsampling=subsampling, progressive=progressive)
        for syntax in (JPEGBaseline8Bit, JPEGExtended12Bit):
            ds = image(syntax, [stream.getvalue()] * 2, (37, 45, 3), 8, PhotometricInterpretation="YBR_FULL")
            assert same(ds)
            ds.PhotometricInterpretation = "RGB"
            assert not same(ds)


def test_pillow_warns_about_large_images(only, monkeypatch):
    only("pillow")
    pil = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(pil, "MAX_IMAGE_PIXELS", 100)
    assert not same(image(JPEGBaseline8Bit, [probe(9, 12, ((1, 1),))], (9, 12, 1), 8))


def extended() -> pydicom.Dataset:
    imagecodecs = pytest.importorskip("imagecodecs")
    gray = rng.integers(0, 4096, (16, 24), dtype=np.uint16)
    frame = bytes(imagecodecs.jpeg_encode(gray, level=90, bitspersample=12))
    return image(JPEGExtended12Bit, [frame], (16, 24, 1), 12)


def test_lossy_frames_of_pylibjpeg(only):
    only("pylibjpeg", "pillow")
    color = image(JPEGBaseline8Bit, [probe(20, 30, ((2, 2), (1, 1), (1, 1)))], (20, 30, 3), 8)
    color.PhotometricInterpretation = "YBR_FULL_422"
    assert not same(color)
    assert not same(extended())
    decoder = get_decoder(JPEGBaseline8Bit)
    pylibjpegs, _ = decoder.as_array(color)
    pillows, _ = decoder.as_array(color, decoding_plugin="pillow")
    assert not np.array_equal(pylibjpegs, pillows)
    with dicomet.install(lossy_jpeg=True):
        assert np.array_equal(decoder.as_array(color)[0], pillows)
        assert np.array_equal(decoder.as_array(color, decoding_plugin="pylibjpeg")[0], pylibjpegs)
        deep = extended()
        assert np.array_equal(deep.pixel_array, dicomet.pixel_array(deep))
        with dicomet.install():
            assert np.array_equal(decoder.as_array(color)[0], pillows)
    with dicomet.install():
        assert np.array_equal(decoder.as_array(color)[0], pylibjpegs)
        with dicomet.install(lossy_jpeg=True):
            assert np.array_equal(decoder.as_array(color)[0], pillows)
        assert np.array_equal(decoder.as_array(color)[0], pylibjpegs)
    dicomet.install(lossy_jpeg=True)
    dicomet.uninstall()
    with dicomet.install():
        assert np.array_equal(decoder.as_array(color)[0], pylibjpegs)


def test_without_plugins(only):
    only()
    ds = extended()
    color = image(JPEGBaseline8Bit, [probe(20, 30, ((2, 2), (1, 1), (1, 1)))] * 2, (20, 30, 3), 8)
    color.PhotometricInterpretation = "YBR_FULL_422"
    with pytest.raises(RuntimeError, match=r"missing dependencies|plugins"):
        _ = ds.pixel_array
    before = dicomet.stats().taken
    with dicomet.install():
        assert np.array_equal(ds.pixel_array, dicomet.pixel_array(ds))
        arr = color.pixel_array
        assert np.abs(arr.astype(int) - dicomet.pixel_array(color)).max() <= 1
        assert np.array_equal(np.stack(list(pydicom.pixels.iter_pixels(color))), arr)
        assert dicomet.stats().taken == before + 3
        # What dicomet declines, its plugin decodes, because pydicom has no other one.
        color.PlanarConfiguration = 1
        assert np.array_equal(get_decoder(JPEGBaseline8Bit).as_array(color)[0], arr)
        color.PixelData = encapsulate([probe(20, 30, ((2, 2), (1, 1), (1, 1)))[:-60]] * 2)
        with pytest.raises(RuntimeError, match=r"dicomet: \(7FE0,0010\) Pixel Data, frame 0"):
            _ = color.pixel_array


def test_probes_have_all_kinds_of_samples():
    words, warnings = decode_words(
        probe(35, 45, ((2, 2), (1, 1), (1, 1))), "JPEG", rows=35, columns=45, samples_per_pixel=3
    )
    assert not warnings
    assert len(set(words)) > 200
