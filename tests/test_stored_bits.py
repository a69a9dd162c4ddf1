"""Bits above Bits Stored never count, and the sign is bit Bits Stored - 1, in every transfer syntax (PS3.5 8.1.1)."""

import itertools
import struct
import warnings

import encoders
import numpy as np
import pydicom
import pytest
from encoders import LOSSLESS, container
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import dicomet
from dicomet._native import Codestream

SHAPE = (40, 36)
FORMS = {"JPEG": (False,), "JPEG-LS": (False,), "JPEG 2000": (False, True), "HTJ2K": (False,), "JPEG XL": (False,)}
PRECISIONS = {
    "JPEG": range(2, 17),
    "JPEG-LS": range(2, 17),
    "JPEG 2000": range(1, 17),
    "HTJ2K": (8, 16),
    "JPEG XL": range(1, 17),
}


def words_of(precision: int) -> np.ndarray:
    """Words with `precision` bits, the largest and the smallest among them."""
    words = np.random.default_rng(precision).integers(0, 1 << precision, SHAPE)
    words[0, :4] = 0, (1 << precision) - 1, 1 << (precision - 1), (1 << (precision - 1)) - 1
    return words


def extended(words: np.ndarray, bits: int, *, signed: bool) -> np.ndarray:
    """The values of the low bits of `words`."""
    values = words % (1 << bits)
    return np.where(values >> (bits - 1) == 1, values - (1 << bits), values) if signed else values


def stream_of(family: str, words: np.ndarray, precision: int, *, signed: bool) -> bytes:
    values = extended(words, precision, signed=signed).astype(container(precision, signed=signed))
    return encoders.lossless(family, values, precision)


def cases():
    for family, precisions in PRECISIONS.items():
        for precision, form in itertools.product(precisions, FORMS[family]):
            yield pytest.param(family, precision, form, id=f"{family}-{precision}-{'signed' if form else 'unsigned'}")


def allocations(precision: int):
    """Bits Allocated, Bits Stored, Pixel Representation."""
    for allocated in (8, 16, 32):
        if allocated >= precision:
            for stored in sorted({1, 5, 7, 8, 12, 15, 16, precision - 1, precision, precision + 1}):
                if 0 < stored <= allocated:
                    yield from ((allocated, stored, signed) for signed in (False, True))


def silent_array(dataset, **options: object) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dicomet.pixel_array(dataset, **options)


@pytest.mark.parametrize(("family", "precision", "form"), [*cases()])
def test_bits(family, precision, form):
    words = words_of(precision)
    stream = stream_of(family, words, precision, signed=form)
    header = Codestream.read(stream)
    assert (header.precision, header.signed) == (precision, form)
    for allocated, stored, signed in allocations(precision):
        bits = stored if family == "JPEG" else min(stored, precision)
        expected = extended(words, bits, signed=signed).astype(f"{'i' if signed else 'u'}{allocated // 8}")
        dataset = encoders.data_set(
            LOSSLESS[family], [stream], shape=SHAPE, allocated=allocated, stored=stored, signed=signed
        )
        array = silent_array(dataset)
        assert array.dtype == expected.dtype
        assert np.array_equal(array, expected), (allocated, stored, signed)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("stored", [1, 5, 8, 12, 13, 15, 16])
def test_all_forms_give_the_same(stored, signed):
    """The words of 16 bits as they are, and in every form."""
    words = words_of(16)
    native = encoders.data_set(
        ExplicitVRLittleEndian,
        [words.astype("<u2").tobytes()],
        shape=SHAPE,
        allocated=16,
        stored=stored,
        signed=signed,
    )
    expected = silent_array(native)
    assert np.array_equal(expected, extended(words, stored, signed=signed))
    planes = words.astype(">u2").view(np.uint8).reshape(-1, 2).T.tobytes()
    frame = struct.pack("<16L", 2, 64, 64 + 2 * words.size, *[0] * 13)
    frame += b"".join(bytes([0, byte]) for byte in planes)
    rle = encoders.data_set(RLELossless, [frame], shape=SHAPE, allocated=16, stored=stored, signed=signed)
    arrays = [silent_array(rle)]
    for family, forms in FORMS.items():
        for form in forms:
            stream = stream_of(family, words, 16, signed=form)
            arrays.append(
                silent_array(
                    encoders.data_set(
                        LOSSLESS[family], [stream], shape=SHAPE, allocated=16, stored=stored, signed=signed
                    )
                )
            )
    for array in arrays:
        assert array.dtype == expected.dtype
        assert np.array_equal(array, expected)


@pytest.mark.parametrize("family", ["JPEG-LS", "JPEG 2000"])
def test_every_plugin_gives_the_same(family):
    words = words_of(16)
    for form, signed in itertools.product(FORMS[family], (False, True)):
        stream = stream_of(family, words, 16, signed=form)
        dataset = encoders.data_set(LOSSLESS[family], [stream], shape=SHAPE, allocated=16, stored=12, signed=signed)
        expected = extended(words, 12, signed=signed)
        for plugin in pydicom.pixels.get_decoder(LOSSLESS[family]).available_plugins:
            assert np.array_equal(silent_array(dataset, decoding_plugin=plugin), expected), plugin


@pytest.mark.parametrize(("family", "option"), [("JPEG-LS", "jls"), ("JPEG 2000", "j2k")])
@pytest.mark.parametrize("options", [{"correct_unused_bits": False}, {"sign": False}], ids=str)
def test_options_of_pydicom(family, option, options):
    """They turn the rule off, and the result is pydicom's."""
    requested = {
        f"apply_{option}_sign_correction" if name == "sign" else name: value for name, value in options.items()
    }
    for precision, form, signed in itertools.product((12, 16), FORMS[family], (False, True)):
        stream = stream_of(family, words_of(precision), precision, signed=form)
        dataset = encoders.data_set(LOSSLESS[family], [stream], shape=SHAPE, allocated=16, stored=10, signed=signed)
        theirs = pydicom.pixels.pixel_array(dataset, decoding_plugin="pylibjpeg", **requested)
        assert np.array_equal(silent_array(dataset, decoding_plugin="pylibjpeg", **requested), theirs)


@pytest.mark.parametrize(
    ("family", "precision", "form", "stored", "signed", "text"),
    [
        ("JPEG 2000", 12, False, 12, True, "Pixel Representation: found 1 (signed), expected that of the codestream"),
        ("JPEG 2000", 12, True, 12, False, "Pixel Representation: found 0 (unsigned), expected that of the codestream"),
        ("JPEG 2000", 12, True, 16, True, None),
        ("JPEG-LS", 12, False, 16, True, "Bits Stored: found 16, expected the 12 bits of the codestream"),
        ("JPEG", 12, False, 16, True, "Bits Stored: found 16, expected the 12 bits of the codestream"),
        ("JPEG", 12, False, 16, False, None),
        ("JPEG", 8, False, 12, False, "Bits Stored: found 12, expected the 8 bits of the codestream"),
        ("JPEG-LS", 8, False, 8, False, None),
        ("JPEG-LS", 16, False, 12, True, None),
    ],
)
def test_contradictions_warn(family, precision, form, stored, signed, text):  # noqa: PLR0913, PLR0917
    stream = stream_of(family, words_of(precision), precision, signed=form)
    dataset = encoders.data_set(LOSSLESS[family], [stream] * 3, shape=SHAPE, allocated=16, stored=stored, signed=signed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dicomet.pixel_array(dataset)
    assert [text in str(warning.message) for warning in caught] == ([] if text is None else [True])


@pytest.mark.parametrize("stored", [8, 12, 16])
@pytest.mark.parametrize("name", ["baseline", "progressive"])
def test_lossy_jpeg_of_8_bits_in_16(name, stored):
    gray = words_of(12).astype(np.uint16)
    syntax, stream, _, _ = encoders.every_family(gray)[name]
    narrow = dicomet.pixel_array(encoders.data_set(syntax, [stream], shape=SHAPE, allocated=8, stored=8))
    wide = encoders.data_set(syntax, [stream], shape=SHAPE, allocated=16, stored=stored)
    with pytest.warns(UserWarning, match="of the codestream") as caught:
        array = dicomet.pixel_array(wide)
    assert len(caught) == 1
    assert array.dtype == np.uint16
    assert np.array_equal(array, narrow)
