"""`decode_frame`: one frame, described by arguments, a data set or DICOM JSON metadata, is that of the whole file."""

import inspect
import io
import json
import warnings

import numpy as np
import oracle
import pydicom
import pytest
from encoders import LOSSLESS, lossless
from files import EQUAL, ROOTS, cases
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless
from random_images import PROPERTY, assert_equal, images, plain_runs, with_values

import dicomet
from dicomet._parsing.media_type import TRANSFER_SYNTAXES
from dicomet._parsing.transfer_syntax import BY_UID

REAL = [case for case in cases() if case.expected.file == case.expected.dataset == EQUAL and not case.expected.slow]
ELEMENTS = {"PixelData", "FloatPixelData", "DoubleFloatPixelData"}
GRAY = (np.arange(40 * 32) % 251).astype(np.uint8).reshape(40, 32)
PLAIN = {
    "rows": 40,
    "columns": 32,
    "samples_per_pixel": 1,
    "photometric_interpretation": "MONOCHROME2",
    "bits_allocated": 8,
    "bits_stored": 8,
    "pixel_representation": 0,
}
NATIVE = {**PLAIN, "transfer_syntax_uid": ExplicitVRLittleEndian}


def as_json(**values) -> dict:
    """Return keyword values in the DICOM JSON Model, as pydicom writes them."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return json.loads(dataset.to_json())


INSTANCE = as_json(
    Rows=40,
    Columns=32,
    SamplesPerPixel=1,
    PhotometricInterpretation="MONOCHROME2",
    BitsAllocated=8,
    BitsStored=8,
    HighBit=7,
    PixelRepresentation=0,
    NumberOfFrames=70,
)


def frames_of(dataset: Dataset) -> dict[int, bytes]:
    """Return the bytes of the first and the last frame, cut out of the value by pydicom or by its length."""
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    value = next(dataset[keyword].value for keyword in ELEMENTS if keyword in dataset)
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths) if 0x7FE00001 in dataset else None
        found = list(generate_frames(value, number_of_frames=count, extended_offsets=offsets))
        return {number: found[number] for number in {0, count - 1}}
    if count == 1:
        return {0: value}
    length = -(-dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8)
    if dataset.PhotometricInterpretation == "YBR_FULL_422":
        length = length * 2 // 3
    return {number: value[number * length : (number + 1) * length] for number in {0, count - 1}}


@pytest.mark.parametrize("case", REAL, ids=str)
def test_frames_of_real_files(case):
    override = {} if case.expected.transfer_syntax is None else {"transfer_syntax_uid": case.expected.transfer_syntax}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(case.path, force=True)
        if override:
            dataset.file_meta.TransferSyntaxUID = case.expected.transfer_syntax
        if dataset.BitsAllocated == 1 and int(dataset.get("NumberOfFrames", 1)) > 1:
            pytest.skip("frames in native form that do not begin with a byte")
        uid = dataset.file_meta.TransferSyntaxUID
        without_pixels = pydicom.dcmread(case.path, force=True, stop_before_pixels=True)
        del without_pixels.file_meta
        (keyword,) = ELEMENTS & {element.keyword for element in dataset}
        instance = json.loads(dataset.to_json(bulk_data_threshold=64, bulk_data_element_handler=lambda _: "http://x"))
        for number, data in frames_of(dataset).items():
            expected = dicomet.pixel_array(case.path, index=number, **override)
            element = {"pixel_keyword": keyword, "pixel_vr": dataset[keyword].VR}
            for array in (
                dicomet.decode_frame(data, dataset),
                dicomet.decode_frame(io.BytesIO(data), without_pixels, transfer_syntax_uid=uid, **element),
                dicomet.decode_frame(memoryview(data), instance, transfer_syntax_uid=uid),
                dicomet.decode_frame(data, [instance], media_type=f'x/y; a=b; Transfer-Syntax="{uid}"'),
            ):
                assert_equal(array, expected)


@PROPERTY
@given(images(), st.booleans())
def test_native_frames(image, big_endian):
    """The oracle encodes each frame alone."""
    uid = ExplicitVRBigEndian if big_endian else ExplicitVRLittleEndian
    for number, values in enumerate(image.values):
        alone = with_frames(image, values[np.newaxis])
        array = dicomet.decode_frame(
            oracle.native(alone, big_endian=big_endian),
            rows=image.rows,
            columns=image.columns,
            samples_per_pixel=image.values.shape[3],
            photometric_interpretation=image.photometric,
            planar_configuration=image.planar,
            bits_allocated=image.bits_allocated,
            bits_stored=image.bits_stored,
            pixel_representation=int(image.signed),
            pixel_keyword=image.keyword,
            transfer_syntax_uid=uid,
            number_of_frames=len(image.values),
        )
        assert_equal(array, oracle.expected(alone))
        assert number < image.frames


def with_frames(image, values):
    return oracle.replace(image, values=values)


@pytest.mark.parametrize("family", LOSSLESS)
@pytest.mark.parametrize("bits", [8, 16])
def test_codestreams(family, bits):
    words = with_values(oracle.Image(np.empty((1, 48, 35, 1)), bits, bits), 3, "noise").values[0, ..., 0]
    described = {**PLAIN, "rows": 48, "columns": 35, "bits_allocated": bits, "bits_stored": bits}
    data = lossless(family, words, bits)
    assert_equal(dicomet.decode_frame(data, **described, transfer_syntax_uid=LOSSLESS[family]), words)
    # The bytes that make a fragment even.
    assert_equal(dicomet.decode_frame(data + b"\0", **described, transfer_syntax_uid=LOSSLESS[family]), words)


# Media types

ONE_PER_CODEC = {
    "native": GRAY.tobytes(),
    "RLE Lossless": oracle.rle_frame([plain_runs(GRAY.tobytes())]),
    "JPEG": lossless("JPEG", GRAY, 8),
    "JPEG-LS": lossless("JPEG-LS", GRAY, 8),
    "JPEG 2000": lossless("JPEG 2000", GRAY, 8),
    "JPEG XL": lossless("JPEG XL", GRAY, 8),
}


@pytest.mark.parametrize("media_type", TRANSFER_SYNTAXES)
def test_media_types(media_type):
    data = ONE_PER_CODEC[BY_UID[TRANSFER_SYNTAXES[media_type]].codec.name]
    for text in (media_type, media_type.upper(), f" {media_type} ; transfer-syntax=*", f"{media_type};q=0.5"):
        assert_equal(dicomet.decode_frame(data, INSTANCE, media_type=text), GRAY)


def test_what_a_media_type_replaces():
    data = ONE_PER_CODEC["JPEG-LS"]
    instance = {**INSTANCE, "00020010": {"vr": "UI", "Value": [str(RLELossless)]}}
    assert_equal(dicomet.decode_frame(data, instance, media_type="image/jls"), GRAY)
    jls = "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.80"
    assert_equal(dicomet.decode_frame(data, instance, media_type=jls), GRAY)
    assert_equal(
        dicomet.decode_frame(data, instance, media_type="image/jp2", transfer_syntax_uid=LOSSLESS["JPEG-LS"]), GRAY
    )
    with pytest.raises(dicomet.PixelDataError, match="JPEG 2000"):
        dicomet.decode_frame(data, instance, media_type="image/jp2")


@pytest.mark.parametrize("text", ["image/png", "", "text/html; charset=utf-8", "image", ";;;", "image/jls2", "é"])
def test_media_types_that_are_not_of_frames(text):
    with pytest.raises(
        dicomet.PixelDataError, match=r"'media_type': found .* expected one of application/octet-stream"
    ):
        dicomet.decode_frame(GRAY.tobytes(), INSTANCE, media_type=text)


@PROPERTY
@given(st.text(max_size=60) | st.text("image/jls;transfer-syntax='\"*%=\r\n \\", max_size=60))
def test_any_media_type(text):
    array, error = array_or_error(GRAY.tobytes(), INSTANCE, media_type=text)
    says = ("'media_type': found", "Transfer Syntax UID", "Pixel Data, frame 0: ")
    assert error is None or any(message in str(error) for message in says)
    assert error is not None or array.shape == GRAY.shape


def array_or_error(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dicomet.decode_frame(*args, **options), None
        except dicomet.PixelDataError as error:
            return None, error


def test_a_long_media_type():
    with pytest.raises(dicomet.PixelDataError, match="found 200009 characters, expected at most 1024"):
        dicomet.decode_frame(GRAY.tobytes(), INSTANCE, media_type="image/jls" + ';"' * 100_000)


# Descriptions


def test_values_replace_those_of_the_description():
    array = dicomet.decode_frame(GRAY.tobytes(), INSTANCE, media_type="application/octet-stream", rows=32, columns=40)
    assert_equal(array, GRAY.reshape(32, 40))


def test_numbers_of_text_and_empty_elements():
    """Only Number of Frames, which has no effect, and none of the others, may be text (PS3.18 F.2.2)."""
    instance = {**INSTANCE, "00280008": {"vr": "IS", "Value": ["70"]}, "00280006": {"vr": "US"}, "00280102": None}
    assert_equal(dicomet.decode_frame(GRAY.tobytes(), instance, transfer_syntax_uid=ExplicitVRLittleEndian), GRAY)


@pytest.mark.parametrize(
    ("element", "says"),
    [
        (
            {"vr": "US", "Value": [40, 40]},
            r"\(0028,0010\) Rows: found .* expected an object whose 'Value' has one item",
        ),
        ({"vr": "US", "Value": 40}, r"\(0028,0010\) Rows: found .* expected an object whose 'Value' has one item"),
        (40, r"\(0028,0010\) Rows: found 40, expected an object whose 'Value' has one item"),
        ({"vr": "US", "Value": ["three"]}, r"\(0028,0010\) Rows: found 'three', expected one integer"),
        ({"vr": "US", "Value": [40.0]}, r"\(0028,0010\) Rows: found '40.0', expected one integer"),
        ({"vr": "US", "BulkDataURI": "x"}, r"Missing required element: \(0028,0010\) 'Rows'"),
        (None, r"Missing required element: \(0028,0010\) 'Rows'"),
        ({}, r"Missing required element: \(0028,0010\) 'Rows'"),
        ({"Value": [0]}, "Rows"),
    ],
)
def test_an_error_names_the_element(element, says):
    # Also after an equal description has been checked.
    assert_equal(dicomet.decode_frame(GRAY.tobytes(), INSTANCE, transfer_syntax_uid=ExplicitVRLittleEndian), GRAY)
    with pytest.raises(dicomet.PixelDataError, match=says) as error:
        dicomet.decode_frame(
            GRAY.tobytes(), {**INSTANCE, "00280010": element}, transfer_syntax_uid=ExplicitVRLittleEndian
        )
    assert error.value.element == "(0028,0010) Rows"


@pytest.mark.parametrize("description", [3, "text", b"{}", [], [INSTANCE, INSTANCE], [3], (None,), object()])
def test_other_descriptions(description):
    with pytest.raises(TypeError, match=r"'description': found .* expected a pydicom Dataset, or one instance"):
        dicomet.decode_frame(GRAY.tobytes(), description, media_type="image/jls")


@pytest.mark.parametrize("uid", [None, ""])
def test_no_transfer_syntax(uid):
    with pytest.raises(dicomet.MissingElementError, match="'transfer_syntax_uid' or 'media_type' is required"):
        dicomet.decode_frame(GRAY.tobytes(), INSTANCE, transfer_syntax_uid=uid)


@pytest.mark.parametrize(
    ("uid", "says"), [("1.2.840.10008.1.2.4.102", "H.264"), ("1.2.3", "not supported"), (3, "expected one UID")]
)
def test_transfer_syntaxes_without_frames(uid, says):
    with pytest.raises(dicomet.PixelDataError, match=says):
        dicomet.decode_frame(GRAY.tobytes(), **{**PLAIN, "transfer_syntax_uid": uid})


def test_pixel_data_elements():
    values = np.linspace(0, 1, 1280).reshape(40, 32)
    floats = {**INSTANCE, "00280100": {"vr": "US", "Value": [64]}, "7FE00009": {"vr": "OD", "BulkDataURI": "x"}}
    options = {"transfer_syntax_uid": ExplicitVRLittleEndian}
    assert_equal(dicomet.decode_frame(values.tobytes(), floats, **options), values)
    both = {**floats, "7FE00010": {"vr": "OW"}}
    with pytest.raises(dicomet.PixelDataError, match="found DoubleFloatPixelData, PixelData, expected one"):
        dicomet.decode_frame(values.tobytes(), both, **options)
    named = dicomet.decode_frame(values.tobytes(), both, pixel_keyword="DoubleFloatPixelData", **options)
    assert_equal(named, values)
    with pytest.raises(ValueError, match="'pixel_keyword': found 'Rows', expected 'FloatPixelData' or"):
        dicomet.decode_frame(values.tobytes(), both, pixel_keyword="Rows", **options)


def test_words_of_big_endian_data_sets():
    """8-bit samples in words (PS3.5 8.1.1): by the VR of the description, or of `pixel_vr`."""
    swapped = np.frombuffer(GRAY.tobytes(), ">u2").astype("<u2").tobytes()
    options = {**PLAIN, "transfer_syntax_uid": ExplicitVRBigEndian}
    assert_equal(dicomet.decode_frame(swapped, **options, pixel_vr="OW"), GRAY)
    assert_equal(dicomet.decode_frame(swapped, {"7FE00010": {"vr": "OW"}}, **options), GRAY)
    assert_equal(dicomet.decode_frame(GRAY.tobytes(), **options), GRAY)


# The bytes


@pytest.mark.parametrize("data", [b"", GRAY.tobytes()[:-1]], ids=len)
def test_frames_that_are_too_short(data):
    with pytest.raises(dicomet.PixelDataError, match=rf"Pixel Data: found {len(data)} bytes, expected 1280"):
        dicomet.decode_frame(data, **NATIVE)


def test_bytes_after_a_frame():
    with pytest.warns(UserWarning, match=r"found 2560 bytes, expected 1280: the rest is not used"):
        assert_equal(dicomet.decode_frame(2 * GRAY.tobytes(), **NATIVE, allow_excess_frames=True), GRAY)
    odd = {**NATIVE, "rows": 3, "columns": 3}
    assert_equal(dicomet.decode_frame(GRAY.tobytes()[:10], **odd), GRAY.reshape(-1)[:9].reshape(3, 3))


@pytest.mark.parametrize("family", ["RLE Lossless", "JPEG", "JPEG-LS", "JPEG 2000", "JPEG XL"])
def test_frames_in_items_are_refused(family):
    uid = RLELossless if family == "RLE Lossless" else LOSSLESS[family]
    value = oracle.encapsulated([[ONE_PER_CODEC[family]]], table=False)
    for data in (value, value[8:], b"", ONE_PER_CODEC[family][:-6]):
        with pytest.raises(dicomet.PixelDataError, match="frame 0"):
            dicomet.decode_frame(data, **PLAIN, transfer_syntax_uid=uid)


def test_arguments_of_pixel_array():
    out = np.empty((40, 32), np.uint8)
    assert dicomet.decode_frame(GRAY.tobytes(), **NATIVE, out=out, workers=1) is out
    assert_equal(out, GRAY)
    with pytest.raises(dicomet.PixelDataError, match="found an array of 1280 bytes, expected at most the 1279"):
        dicomet.decode_frame(GRAY.tobytes(), **NATIVE, max_bytes=1279)
    small = dicomet.decode_frame(ONE_PER_CODEC["JPEG 2000"], INSTANCE, media_type="image/jp2", reduce=1)
    assert small.shape == (20, 16)
    named = dicomet.decode_frame(ONE_PER_CODEC["JPEG"], INSTANCE, media_type="image/jpeg", decoding_plugin="dicomet")
    assert_equal(named, GRAY)
    assert not dicomet.decode_frame(GRAY.tobytes(), **NATIVE, view_only=True).flags.writeable
    pixel_array = inspect.signature(dicomet.pixel_array).parameters
    own = {"data", "description", "media_type"}
    others = {"src", "ds_out", "specific_tags", "index"}
    assert inspect.signature(dicomet.decode_frame).parameters.keys() - own == pixel_array.keys() - others


def test_colors_are_those_of_pixel_array():
    dataset = pydicom.dcmread(ROOTS["pydicom"] / "SC_rgb_dcmtk_+eb+cy+np.dcm")
    (data,) = generate_frames(dataset.PixelData, number_of_frames=1)
    for options in ({}, {"raw": True}, {"force_ybr": True}, {"as_rgb": False}):
        assert_equal(dicomet.decode_frame(data, dataset, **options), dicomet.pixel_array(dataset, **options))
    dataset.PhotometricInterpretation = "RGB"
    with pytest.warns(UserWarning, match="Photometric Interpretation") as frame:
        dicomet.decode_frame(data, dataset)
    with pytest.warns(UserWarning, match="Photometric Interpretation") as whole:
        dicomet.pixel_array(dataset)
    assert [str(warning.message) for warning in frame] == [str(warning.message) for warning in whole]


def test_an_error_names_the_file(tmp_path):
    path = tmp_path / "frame.jls"
    path.write_bytes(ONE_PER_CODEC["JPEG-LS"])
    assert_equal(dicomet.decode_frame(path, INSTANCE, media_type="image/jls"), GRAY)
    path.write_bytes(b"\xff\xd8\xff\xf7")
    with pytest.raises(dicomet.PixelDataError) as error:
        dicomet.decode_frame(path, INSTANCE, media_type="image/jls")
    assert error.value.filename == str(path)


# Anything

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
KEYS = st.sampled_from([*INSTANCE, "00020010", "7FE00010", "7FE00008"])
MEMBERS = st.sampled_from(["vr", "Value", "BulkDataURI", "InlineBinary"])
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=3), max_leaves=6
)


@PROPERTY
@given(st.dictionaries(KEYS, JSON, max_size=4), st.sampled_from([*BY_UID]), st.binary(max_size=40))
def test_any_description_and_any_bytes(changed, uid, data):
    """An array of the described shape, or a `PixelDataError`."""
    array, error = array_or_error(data, {**INSTANCE, **changed}, transfer_syntax_uid=UID(uid))
    assert error is None or str(error).isprintable()
    assert error is not None or (array.ndim in (2, 3) and array.size)
