"""JPEG 2000 and HTJ2K under `install()`: reversible frames with any plugin, irreversible ones where a caller asks."""

from collections import Counter

import codestreams
import numpy as np
import pydicom
import pydicom.pixels
import pytest
from call_outcome import with_and_without
from files import ROOTS
from install_images import JPEG_2000_SYNTAXES, PART_1_SYNTAXES
from jpeg_2000_images import (
    SHAPE,
    by_pillow,
    high_throughput,
    image,
    part_1,
    patched,
    position,
    syntax_of,
    with_segment,
    words,
)
from pydicom.pixels import get_decoder
from pydicom.uid import HTJ2K, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless

import dicomet
from dicomet.dropin.jpeg_2000_segments import has_odd_sample, read_styles
from dicomet.dropin.jpeg_segments import UnusualFrameError

PLUGINS = ("gdcm", "pylibjpeg", "pillow")


pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


@pytest.fixture(params=PLUGINS)
def plugin(request):
    """Leave pydicom this plugin only, for the syntaxes that it has."""
    decoders = [get_decoder(syntax) for syntax in JPEG_2000_SYNTAXES]
    if request.param not in decoders[0]._available:
        pytest.skip(f"needs {request.param}")
    original = [decoder._available for decoder in decoders]
    for decoder in decoders:
        decoder._available = {name: call for name, call in decoder._available.items() if name == request.param}
    yield request.param
    dicomet.uninstall()
    for decoder, available in zip(decoders, original, strict=True):
        decoder._available = available


@pytest.fixture
def without_plugins():
    """pydicom without a plugin for JPEG 2000."""
    decoders = [get_decoder(syntax) for syntax in JPEG_2000_SYNTAXES]
    original = [decoder._available for decoder in decoders]
    for decoder in decoders:
        decoder._available = {}
    yield
    dicomet.uninstall()
    for decoder, available in zip(decoders, original, strict=True):
        decoder._available = available


def ways(ds) -> list:
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    return [
        lambda: ds.pixel_array_options() or ds.pixel_array,
        lambda: ds.pixel_array_options(raw=True) or ds.pixel_array,
        lambda: decoder.as_array(ds),
        lambda: decoder.as_array(ds, index=0),
        lambda: decoder.as_array(ds, as_rgb=False),
        lambda: decoder.iter_array(ds),
        lambda: decoder.iter_array(ds, indices=[0, 0]),
    ]


def taken(ds) -> bool:
    """Compare all ways of decoding with and without dicomet. Return whether dicomet took all calls."""
    found = []
    for call in ways(ds):
        installed, without, was_taken = with_and_without(call)
        assert installed == without
        found.append(was_taken)
    assert len(set(found)) == 1, found
    return found[0]


def corrected(ds) -> bool:
    """The same for the correction of unused bits, which pydicom does for colors only."""
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    installed, without, was_taken = with_and_without(lambda: decoder.as_array(ds, correct_unused_bits=True))
    assert installed == without
    return was_taken


def has_syntax(plugin: str, *, ht: bool) -> bool:
    return plugin == "pylibjpeg" or not ht


def test_all_files(plugin):
    found = set()
    for path in sorted(path for root in ROOTS.values() for path in root.rglob("*.dcm")):
        try:
            ds = pydicom.dcmread(path, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            continue
        if getattr(ds, "file_meta", {}).get("TransferSyntaxUID") not in JPEG_2000_SYNTAXES:
            continue
        if not has_syntax(plugin, ht=ds.file_meta.TransferSyntaxUID not in PART_1_SYNTAXES):
            continue
        if plugin == "gdcm" and "embedded" in path.name:
            # GDCM ends the process for codestreams of another size.
            continue
        for call in (lambda: pydicom.dcmread(path).pixel_array, lambda: pydicom.pixels.iter_pixels(path)):  # noqa: B023
            installed, without, was_taken = with_and_without(call)
            assert installed == without, (path.name, plugin)
            if was_taken:
                found.add(path.name)
    reversible = {"693_J2KI.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_gdcm_KY.dcm", "examples_jpeg2k.dcm"}
    assert found >= reversible
    assert found.isdisjoint({"JPEG2000.dcm", "J2K_pixelrep_mismatch.dcm", "GDCMJ2K_TextGBR.dcm", "HTJ2K_08_RGB.dcm"})


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(1, 17))
def test_bits(plugin, bits, signed):
    samples = words(bits, signed=signed)
    frames = [part_1(samples, bits), part_1(samples[::-1].copy(), bits, resolutions=1)]
    ds = image(frames, bits, signed=signed)
    assert taken(ds)
    assert corrected(ds)
    if bits in (8, 16) and plugin == "pylibjpeg":
        ds = image(
            [high_throughput(samples), high_throughput(samples, tile=(32, 32))], bits, HTJ2KLossless, signed=signed
        )
        assert taken(ds)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(("bits", "stored"), [(16, 12), (12, 16), (9, 12), (5, 8), (8, 5)])
def test_precision_that_is_not_bits_stored(bits, stored):
    for signed in (False, True):
        ds = image([part_1(words(bits, signed=signed), bits)] * 2, bits, stored=stored, signed=signed)
        assert taken(ds)
        assert not corrected(ds)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(("bits", "allocated"), [(8, 16), (5, 16), (12, 32)])
def test_precision_that_does_not_need_bits_allocated(bits, allocated):
    assert not taken(image([part_1(words(bits), bits)] * 2, bits, allocated=allocated))


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("signed", [False, True])
def test_a_sign_that_is_not_that_of_pixel_representation(signed):
    for bits in (8, 12, 16):
        assert not taken(image([part_1(words(bits, signed=not signed), bits)] * 2, bits, signed=signed))


@pytest.mark.parametrize("term", ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "YBR_PARTIAL_422", "HSV"])
@pytest.mark.parametrize("mct", [False, True])
@pytest.mark.parametrize("bits", [8, 12])
def test_colors(plugin, mct, term, bits):
    if bits > 8 and term.startswith("YBR_FULL"):
        pytest.skip("pydicom does not convert other than 8 bits")
    samples = words(bits, samples=3)
    frames = [part_1(samples, bits, mct=mct), part_1(samples[::-1].copy(), bits, mct=mct, resolutions=1)]
    ds = image(frames, bits, samples=3, term=term)
    expected = term in ({"RGB", "YBR_RCT", "YBR_ICT"} if mct else {"RGB", "YBR_FULL", "YBR_FULL_422"})
    assert taken(ds) == (expected and (plugin != "pillow" or bits == 8))
    ds.PlanarConfiguration = 1
    assert not taken(ds)
    if plugin == "pylibjpeg" and bits == 8:
        ds = image([high_throughput(samples, mct=mct)] * 2, bits, HTJ2KLosslessRPCL, samples=3, term=term)
        assert taken(ds) == expected


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("bits", [3, 8])
def test_signed_colors(bits):
    frames = [part_1(words(bits, signed=True, samples=3), bits)] * 2
    assert taken(image(frames, bits, samples=3, signed=True))


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("term", ["MONOCHROME1", "PALETTE COLOR"])
def test_gray_and_palettes(term):
    ds = image([part_1(words(8), 8)] * 2, 8, term=term)
    assert taken(ds)
    assert corrected(ds)


STRUCTURES = {
    "tiles": {"tile_size": (16, 12)},
    "layers": {"quality_layers": [20, 5, 1]},
    "a truncated layer": {"quality_layers": [8], "irreversible": False},
    "precincts": {"precinct_size": (16, 16), "codeblock_size": (8, 8)},
    "PLT": {"plt": True},
    "a comment": {"comment": "text"},
    **{order: {"progression": order, "tile_size": (20, 20)} for order in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")},
}


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(name):
    for samples in (words(8), words(8, samples=3), words(16)):
        bits, count = samples.itemsize * 8, samples.size // words(8).size
        for mct in {0, int(count == 3)}:
            frame = by_pillow(samples, mct=mct, **STRUCTURES[name])
            assert taken(image([frame] * 2, bits, JPEG2000, samples=count))


def test_tiles_of_one_row_in_an_odd_place():
    """At some resolution: if the codestream is truncated, decoders round the only sample in different ways."""
    for rows, tile, levels, expected in ((22, 11, 2, False), (23, 11, 2, True), (12, 11, 1, True), (12, 11, 0, False)):
        assert has_odd_sample(rows, tile, levels) == expected
    for rows in (22, 12):
        samples = words(8, shape=(rows, 20))
        frame = by_pillow(samples, tile_size=(20, 11), num_resolutions=2, quality_layers=[3])
        assert taken(image([frame], 8, shape=(rows, 20))) == (rows == 22)


@pytest.mark.parametrize("level", [15, 30, 45])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_truncated_reversible_codestreams(plugin, level, bits):
    """The first bit planes of the reversible wavelet, whose result all decoders round alike."""
    for samples in (1, 3):
        if samples == 3 and plugin == "pillow" and bits > 8:
            continue
        frames = [part_1(words(bits, samples=samples, shape=(70, 90)), bits, level=level)]
        assert taken(image(frames, bits, JPEG2000, samples=samples, shape=(70, 90)))


@pytest.mark.parametrize("ht", [False, True])
def test_irreversible_codestreams(plugin, ht):
    if not has_syntax(plugin, ht=ht):
        pytest.skip("no such plugin")
    samples = words(8, samples=3)
    encode = high_throughput if ht else lambda *args, **kwargs: part_1(*args[:1], 8, **kwargs)
    frame = encode(samples, mct=True, reversible=False, level=0.01 if ht else 40)
    ds = image([frame] * 2, 8, syntax_of(ht=ht, lossy=True), samples=3, term="YBR_ICT")
    assert not taken(ds)
    decoder = get_decoder(ds.file_meta.TransferSyntaxUID)
    expected = dicomet.pixel_array(ds)
    with dicomet.install(lossy_jpeg=True):
        before = dicomet.stats().taken
        array, properties = decoder.as_array(ds)
        assert dicomet.stats().taken == before + 1
        assert np.array_equal(array, expected)
        assert properties["photometric_interpretation"] == "RGB"
        # A plugin that the caller names still decodes.
        decoder.as_array(ds, decoding_plugin=plugin)
        assert dicomet.stats().taken == before + 1
    ds.file_meta.TransferSyntaxUID = syntax_of(ht=ht)
    with dicomet.install(lossy_jpeg=True):
        before = dicomet.stats().taken
        get_decoder(syntax_of(ht=ht)).as_array(ds)
        assert dicomet.stats().taken == before


STREAM = part_1(words(8), 8)
COLORS = part_1(words(8, samples=3), 8)
TILES = by_pillow(words(8), tile_size=(16, 12))
HT_STREAM = high_throughput(words(8))
COD = STREAM[position(STREAM, 0x52) + 4 : position(STREAM, 0x5C)]
QCD = STREAM[position(STREAM, 0x5C) + 4 :][: STREAM[position(STREAM, 0x5C) + 3] - 2]
FIRST_TILE, LAST_TILE = position(TILES, 0x90), TILES.rindex(b"\xff\x90")


OF_HEADERS = ("ends within a length", "TLM", "levels")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (STREAM[:-2], "tile-parts"),
        (STREAM[:-9] + STREAM[-2:], "incomplete"),
        (STREAM + b"\xff\xd8\xff\xd9", "does not conform exactly"),
        (b"\0" + STREAM, "in boxes"),
        (codestreams.jp2(STREAM, SHAPE, 17), "in boxes"),
        (TILES[:LAST_TILE] + TILES[-2:], "incomplete"),
        (TILES[:FIRST_TILE] + TILES[LAST_TILE:-2] + TILES[FIRST_TILE:LAST_TILE] + TILES[-2:], ""),
        (patched(TILES, 0x90, 7, b"\2"), "incomplete"),
        (patched(STREAM, 0x90, 2, bytes(4)), "incomplete"),
        (with_segment(STREAM, 0x53, b"\0" + COD[:1] + b"\0" + COD[6:]), "coding styles of their own"),
        (with_segment(STREAM, 0x5D, b"\0" + QCD[:-1] + b"\0"), "coding styles of their own"),
        (with_segment(STREAM, 0x5E, b"\0\0\1"), "unusual marker segments"),
        (with_segment(STREAM, 0x52, COD), "unusual marker segments"),
        (with_segment(STREAM, 0x52, COD, before=0x93), "unusual marker segments"),
        (with_segment(STREAM, 0x59, b"\0\0", before=0x93), "unusual marker segments"),
        (with_segment(STREAM, 0x58, b"\0\0"), "unusual marker segments"),
        (with_segment(STREAM, 0x58, b"\0\x05\x81", before=0x93), "ends within a length"),
        (with_segment(STREAM, 0x58, b"", before=0x93), "ends within a length"),
        (with_segment(STREAM, 0x55, b"\0\x40"), ""),
        (with_segment(STREAM, 0x55, b"\0"), "TLM"),
        (with_segment(STREAM, 0x62, b"\0\0\1"), "unusual marker segments"),
        (patched(STREAM, 0x52, 5, b"\x21"), "levels"),
        (with_segment(STREAM, 0x50, b"\0\2\0\0\0\0"), "capabilities"),
        (patched(STREAM, 0x52, 0, b"\2"), "markers in packets"),
        (patched(STREAM, 0x52, 4, b"\1"), "coding style"),
        (patched(STREAM, 0x52, 8, b"\4"), "style of code-blocks"),
        (patched(STREAM, 0x52, 9, b"\0"), "quantization"),
        (patched(STREAM, 0x51, 0, b"\x80\0"), "unusual marker segments"),
        (patched(HT_STREAM, 0x50, 4, b"\x80\0"), "HTJ2K"),
        (HT_STREAM, "the transfer syntax of HTJ2K"),
        (part_1(words(8), 8, reversible=False), "irreversible"),
        (part_1(words(8, shape=(22, 37)), 8), "malformed"),
    ],
    ids=range(32),
)
def test_declined_frames(plugin, frame, why):
    """An empty reason: what is unusual makes no difference."""
    if plugin == "gdcm" and why in (*("malformed", "unusual marker segments", "incomplete", "in boxes"), *OF_HEADERS):
        pytest.skip("GDCM ends the process for some of them")
    ds = image([STREAM, frame, STREAM, STREAM], 8)
    decoder = get_decoder(JPEG2000Lossless)
    before = dict(dicomet.stats().reasons)
    for call in (lambda: decoder.as_array(ds), lambda: decoder.as_array(ds, index=1)):
        installed, without, was_taken = with_and_without(call)
        assert installed == without
        assert was_taken == (not why)
    after = dicomet.stats().reasons
    found = [reason for reason, count in after.items() if count != before.get(reason)]
    assert not why or any(why in reason for reason in found), found


def test_more_tiles_than_bytes():
    """The plugin for pylibjpeg reads the styles of any frame: no work for tiles that cannot be there."""
    frame = patched(STREAM, 0x51, 2, b"\xff\xff\xff\xff")
    with pytest.raises(UnusualFrameError, match="more tiles than it has bytes for"):
        read_styles(frame)


def test_damaged_high_throughput_code_blocks():
    """With intact headers and packets, dicomet refuses what OpenJPEG refuses, and has its samples otherwise."""
    decoder = get_decoder(HTJ2KLossless)
    start = HT_STREAM.index(b"\xff\x93")
    outcomes = Counter()
    for at in range(start + 100, len(HT_STREAM) - 20, 11):
        for inserted in (bytes([HT_STREAM[at] ^ 0x10]), b"\xff\xff", b"\xff\x80"):
            damaged = HT_STREAM[:at] + inserted + HT_STREAM[at + len(inserted) :]
            ds = image([damaged], 8, HTJ2KLossless)
            installed, without, was_taken = with_and_without(lambda: decoder.as_array(ds))  # noqa: B023
            assert installed == without, (at, inserted)
            outcomes[was_taken, without[0][0] is RuntimeError] += 1
    assert min(outcomes[True, False], outcomes[False, True], outcomes[False, False]) > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: patched(frame, 0x51, 10, (1).to_bytes(4, "big")),
        lambda frame: patched(frame, 0x51, 26, (1).to_bytes(4, "big")),
        lambda frame: patched(frame, 0x51, 40, b"\2\2"),
        lambda frame: patched(frame, 0x51, 39, b"\6"),
        lambda frame: patched(frame, 0x51, 42, b"\x87"),
    ],
    ids=["image offset", "tile offset", "subsampled", "precision", "sign"],
)
def test_declined_components(plugin, change):
    if plugin == "gdcm":
        pytest.skip("GDCM ends the process for some of them")
    ds = image([change(COLORS)], 8, samples=3)
    assert not taken(ds)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("place", [0x90, 0x93])
def test_component_styles_that_repeat_the_default(place):
    """As old versions of OpenJPEG write them."""
    frame = COLORS
    length = 0
    for number in (1, 2):
        coc, qcc = bytes([number]) + COD[:1] + COD[5:], bytes([number]) + QCD_COLORS
        frame = with_segment(with_segment(frame, 0x53, coc, before=place), 0x5D, qcc, before=place)
        length += len(coc) + len(qcc) + 8
    if place == 0x93:
        at = position(frame, 0x90) + 6
        frame = frame[:at] + (int.from_bytes(frame[at : at + 4], "big") + length).to_bytes(4, "big") + frame[at + 4 :]
    assert taken(image([frame] * 2, 8, samples=3))


QCD_COLORS = COLORS[position(COLORS, 0x5C) + 4 :][: COLORS[position(COLORS, 0x5C) + 3] - 2]


@pytest.mark.usefixtures("without_plugins")
@pytest.mark.parametrize("ht", [False, True])
@pytest.mark.parametrize("lossy", [False, True])
def test_without_plugins(ht, lossy):
    samples = words(8, samples=3)
    options = {"mct": True, "reversible": not lossy}
    frame = high_throughput(samples, **options) if ht else part_1(samples, 8, **options)
    ds = image([frame] * 2, 8, syntax_of(ht=ht, lossy=lossy), samples=3, term="YBR_ICT" if lossy else "YBR_RCT")
    with dicomet.install():
        array = ds.pixel_array
    assert np.array_equal(array, dicomet.pixel_array(ds))
    assert lossy or np.array_equal(array, [samples] * 2)


@pytest.mark.parametrize("syntax", [JPEG2000, HTJ2K])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("representation", [False, True])
@pytest.mark.parametrize("allocated", [8, 16, 32])
def test_the_decoding_plugin(syntax, signed, representation, allocated):
    samples = words(8, signed=signed)
    frame = high_throughput(samples) if syntax == HTJ2K else part_1(samples, 8)
    ds = image([frame] * 2, 8, syntax, signed=representation, allocated=allocated)
    decoder = get_decoder(syntax)
    expected, properties = decoder.as_array(ds, decoding_plugin="pylibjpeg")
    with dicomet.install():
        assert "dicomet" not in decoder._validate_plugins()
        found = decoder.as_array(ds, decoding_plugin="dicomet")
        assert np.array_equal(found[0], expected)
        assert found == (found[0], properties)
        frames = [array for array, _ in decoder.iter_array(ds, decoding_plugin="dicomet")]
    assert np.array_equal(frames, expected)


@pytest.mark.parametrize("term", ["RGB", "YBR_RCT", "YBR_ICT"])
def test_the_decoding_plugin_in_colors(term):
    ds = image([part_1(words(8, samples=3), 8, mct=True)] * 2, 8, samples=3, term=term)
    decoder = get_decoder(JPEG2000Lossless)
    # With Planar Configuration 0, and an option of which dicomet does not know.
    for options in ({}, {"other": 1}):
        expected, properties = decoder.as_array(ds, **options)
        with dicomet.install():
            found = decoder.as_array(ds, decoding_plugin="dicomet", **options)
        assert np.array_equal(found[0], expected)
        assert found == (found[0], properties)
