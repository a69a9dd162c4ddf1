"""Rescale Slope and Rescale Intercept, of which one is missing, empty, zero, or there several times (PS3.3 C.11.1)."""

import warnings

import numpy as np
import pytest
from display_images import PROPERTY, as_file, image, raw_element, stored_images
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

import dicomet

INTERCEPT, SLOPE = 0x00281052, 0x00281053
NAMES = {INTERCEPT: "(0028,1052) Rescale Intercept", SLOPE: "(0028,1053) Rescale Slope"}
ABSENT = None
# The text of an element, and the number that it is.
SLOPES = {ABSENT: None, "": None, "  ": None, "1": 1, "2": 2, "-3": -3, "0.5": 0.5, "0": 0, "-0.0": 0, "2\\2": 2}
INTERCEPTS = {ABSENT: None, "": None, "\\": None, "0": 0, "-1024": -1024, "1024": 1024, "0.25": 0.25, "-1\\-1\\-1": -1}
UNUSABLE = ["1,5", "abc", "nan", "inf", "-1e999", "1\\2", "1\\x", "1e31", "--1"]


def caught(call, *arguments, **options) -> tuple[np.ndarray, list[str]]:
    """Return the result of a call, and the elements of which it warns."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = call(*arguments, **options)
    return result, [str(one.message).partition(": ")[0] for one in found]


def add(ds: Dataset, texts: dict[int, str | None]) -> None:
    for tag, text in texts.items():
        if text is not None:
            raw_element(ds, tag, "DS", (text + " " * (len(text) % 2)).encode())


def place(ds: Dataset, where: str, texts: dict[int, str | None]) -> None:
    """Add slope and intercept to a data set, or to the functional groups of its only frame."""
    if where == "data set":
        add(ds, texts)
        return
    # What the groups say counts in place of the data set.
    ds.RescaleSlope, ds.RescaleIntercept = 50, 60
    transformation, group = Dataset(), Dataset()
    add(transformation, texts)
    group.PixelValueTransformationSequence = [transformation]
    ds.SharedFunctionalGroupsSequence = [group if where == "shared" else Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [group if where == "per frame" else Dataset()]


def odd(slope: str | None, intercept: str | None) -> set[str]:
    """Return the elements that are to be warned of."""
    numbers = {SLOPE: SLOPES[slope], INTERCEPT: INTERCEPTS[intercept]}
    texts = {SLOPE: slope, INTERCEPT: intercept}
    if set(numbers.values()) == {None}:
        return set()
    several = {tag for tag, text in texts.items() if numbers[tag] is not None and "\\" in text}
    missing = {tag for tag, number in numbers.items() if number is None}
    return {NAMES[tag] for tag in several | missing | ({SLOPE} if numbers[SLOPE] == 0 else set())}


@PROPERTY
@given(
    stored_images(),
    st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless]),
    st.sampled_from(list(SLOPES)),
    st.sampled_from(list(INTERCEPTS)),
    st.sampled_from(["data set", "shared", "per frame"]),
)
def test_what_is_there_is_used(sample, syntax, slope, intercept, where):
    stored, bits = sample
    ds = image(stored, bits, syntax)
    place(ds, where, {SLOPE: slope, INTERCEPT: intercept})
    factor = 1 if SLOPES[slope] is None else SLOPES[slope]
    values = stored.astype(np.float64) * factor + (INTERCEPTS[intercept] or 0)
    for source in (as_file(ds), ds):
        for call in (dicomet.modality_values, dicomet.to_display):
            found, messages = caught(call, source, dtype="float32")
            assert sorted(messages) == sorted(odd(slope, intercept))
            if call is dicomet.modality_values:
                np.testing.assert_array_equal(found, values.astype(np.float32))
        found, _ = caught(dicomet.modality_values, source)
        np.testing.assert_array_equal(found, values.astype(found.dtype))
        found, _ = caught(dicomet.to_display, source, window=(100, 300, "LINEAR_EXACT"), dtype="float32")
        np.testing.assert_allclose(found, np.clip((values - 100) / 300 + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("where", ["data set", "shared", "per frame"])
@pytest.mark.parametrize("text", UNUSABLE)
@pytest.mark.parametrize("tag", [SLOPE, INTERCEPT])
@pytest.mark.parametrize("other", [ABSENT, "", "1"])
def test_values_that_cannot_be_used_are_errors(where, text, tag, other):
    """No number stands for one that cannot be read: all values would be wrong, and look right."""
    ds = image(np.arange(16, dtype=np.uint16).reshape(4, 4), 12)
    place(ds, where, {tag: text, INTERCEPT + SLOPE - tag: other})
    for source in (as_file(ds), ds):
        for call in (dicomet.modality_values, dicomet.to_display):
            with pytest.raises(dicomet.PixelDataError) as raised:
                caught(call, source)
            assert raised.value.element == NAMES[tag]
            assert str(raised.value).startswith(f"{NAMES[tag]}: found ")
        np.testing.assert_array_equal(dicomet.pixel_array(source), ds.pixel_array)


def test_a_modality_lut_counts_before_a_rescale_that_cannot_be_used():
    ds = image(np.array([[0, 1, 2]], np.uint16), 12)
    add(ds, {SLOPE: "1,5"})
    item = Dataset()
    item.add_new(0x00283002, "US", [3, 0, 16])
    item.add_new(0x00283006, "US", [7, 8, 900])
    ds.ModalityLUTSequence = [item]
    for source in (as_file(ds), ds):
        found, messages = caught(dicomet.modality_values, source)
        np.testing.assert_array_equal(found, [[7, 8, 900]])
        assert messages == []


def test_frames_warn_together():
    """Of many frames with half a Modality LUT there is one warning for each element."""
    ds = image(np.arange(32, dtype=np.uint16).reshape(8, 4), 12)
    ds.Rows, ds.NumberOfFrames = 2, 4
    ds.PerFrameFunctionalGroupsSequence = []
    for number in range(4):
        group, transformation = Dataset(), Dataset()
        add(transformation, {SLOPE: "2"} if number % 2 else {INTERCEPT: f"{-number}"})
        group.PixelValueTransformationSequence = [transformation]
        ds.PerFrameFunctionalGroupsSequence.append(group)
    wanted = np.stack(
        [frame * 2.0 if number % 2 else frame - float(number) for number, frame in enumerate(ds.pixel_array)]
    )
    for source in (as_file(ds), ds):
        found, messages = caught(dicomet.modality_values, source)
        np.testing.assert_array_equal(found, wanted)
        assert sorted(messages) == sorted(NAMES.values())
        assert sorted(caught(dicomet.to_display, source)[1]) == sorted(NAMES.values())


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("own", [SLOPE, INTERCEPT])
@pytest.mark.parametrize("empty", [False, True])
def test_a_pair_may_be_split_between_shared_and_own_groups(syntax, own, empty):
    """Slope 1 or intercept 0 is only for an element that neither group has."""
    ds = image(np.arange(32, dtype=np.uint16).reshape(8, 4), 12, syntax)
    stored = ds.pixel_array
    ds.Rows, ds.NumberOfFrames = 8, 1
    other = INTERCEPT + SLOPE - own
    numbers = {SLOPE: 2, INTERCEPT: -10}
    for sequence, texts in (
        ("SharedFunctionalGroupsSequence", {other: str(numbers[other]), own: "77"}),
        ("PerFrameFunctionalGroupsSequence", {own: str(numbers[own]), other: "" if empty else ABSENT}),
    ):
        group, transformation = Dataset(), Dataset()
        add(transformation, texts)
        group.PixelValueTransformationSequence = [transformation]
        setattr(ds, sequence, [group])
    for source in (as_file(ds), ds):
        found, messages = caught(dicomet.modality_values, source)
        np.testing.assert_array_equal(found, stored.astype(int) * 2 - 10)
        assert messages == [NAMES[other]]
        assert caught(dicomet.to_display, source)[1] == [NAMES[other]]
