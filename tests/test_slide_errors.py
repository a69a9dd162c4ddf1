"""Slides whose elements are malformed, or contradict each other."""

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from slides import Slide, dataset, file_of, item, matrices

import dicomet
from dicomet._parsing import slide_elements
from dicomet._parsing.slide_elements import read_slide_elements

FULL = Slide(matrices(1, 1, 64, 96))
SPARSE = Slide(matrices(2, 2, 64, 96, samples=1), sparse=True)


def groups(frame: int, sequence: str, **elements: object) -> Callable[[Dataset], None]:
    """A change of elements of a functional group of a frame; those that are None are left out."""

    def change(found: Dataset) -> None:
        group = found.PerFrameFunctionalGroupsSequence[frame][sequence].value[0]
        for keyword, value in elements.items():
            if value is None:
                delattr(group, keyword)
            else:
                setattr(group, keyword, value)

    return change


def without(frame: int, sequence: str) -> Callable[[Dataset], None]:
    return lambda found: delattr(found.PerFrameFunctionalGroupsSequence[frame], sequence)


def fewer_groups(found: Dataset) -> None:
    del found.PerFrameFunctionalGroupsSequence[-1]


POSITION, PATH = "PlanePositionSlideSequence", "OpticalPathIdentificationSequence"
ROW, COLUMN = "RowPositionInTotalImagePixelMatrix", "ColumnPositionInTotalImagePixelMatrix"
ERRORS = {
    "no rows": (FULL, {"TotalPixelMatrixRows": 0}, None, r"\(0048,0007\).*: found 0, expected 1 or more"),
    "more rows": (
        FULL,
        {"TotalPixelMatrixRows": 65},
        None,
        "found 4, expected 6: 3 x 2 tiles, 1 focal plane, 1 optical",
    ),
    "fewer columns": (FULL, {"TotalPixelMatrixColumns": 48}, None, "found 4, expected 2: 2 x 1 tiles"),
    "planes": (FULL, {"TotalPixelMatrixFocalPlanes": 2}, None, "found 4, expected 8: 2 x 2 tiles, 2 focal planes"),
    "many planes": (
        FULL,
        {"TotalPixelMatrixFocalPlanes": 2**31, "ConcatenationFrameOffsetNumber": 0},
        None,
        "found 2147483648, expected at most 65536",
    ),
    "paths": (FULL, {"NumberOfOpticalPaths": 2}, None, r"\(0048,0302\).*: found 2, expected 1 to 1"),
    "no places": (
        FULL,
        {"DimensionOrganizationType": None, "TotalPixelMatrixRows": 65},
        None,
        r"no \(0048,021A\) Plane Position \(Slide\) Sequence",
    ),
    "fewer groups": (SPARSE, {}, fewer_groups, r"\(5200,9230\).*: found 15 items, expected 16, one for each frame"),
    "row 0": (SPARSE, {}, groups(3, POSITION, **{ROW: 0}), r"\(0048,021F\).*, frame 3: found 0, expected 1 to 64"),
    "row 65": (SPARSE, {}, groups(3, POSITION, **{ROW: 65}), "frame 3: found 65, expected 1 to 64, the size"),
    "column -5": (
        SPARSE,
        {},
        groups(9, POSITION, **{COLUMN: -5}),
        r"\(0048,021E\).*, frame 9: found -5, expected 1 to",
    ),
    "no row": (SPARSE, {}, groups(3, POSITION, **{ROW: None}), "frame 3: found no value, expected 1 to 64"),
    "no position": (SPARSE, {}, without(3, POSITION), "frame 3: found no value, expected 1 to 64"),
    "same place": (SPARSE, {}, groups(3, POSITION, **{ROW: 1}), "found frames 1 and 3 at positions that overlap"),
    "no Z": (
        SPARSE,
        {},
        groups(3, POSITION, ZOffsetInSlideCoordinateSystem=None),
        r"\(0040,074A\).*, frame 3: found no value, expected one",
    ),
    "unknown path": (
        SPARSE,
        {},
        groups(3, PATH, OpticalPathIdentifier="x"),
        r"frame 3: found 'x', expected that of an",
    ),
    "no path": (SPARSE, {}, without(3, PATH), r"\(0048,0106\).*, frame 3: found no value, expected that of an item"),
}


@pytest.mark.parametrize("as_dataset", [False, True], ids=["file", "Dataset"])
@pytest.mark.parametrize(("slide", "changes", "change", "says"), ERRORS.values(), ids=ERRORS)
def test_an_error_says_what_is_wrong(slide, changes, change, says, as_dataset):
    found = dataset(slide, **changes)
    if change is not None:
        change(found)
    image = dicomet.open(found if as_dataset else file_of(found))
    with pytest.raises(dicomet.PixelDataError, match=says) as caught:
        image.pixel_matrix  # noqa: B018
    assert caught.value.element in str(caught.value)
    assert image.frame(3).shape[:2] == slide.tile


def test_positions_that_all_frames_share():
    """PS3.3 C.7.6.16.1.1: a functional group may be shared."""
    slide = Slide(matrices(1, 1, 32, 48, samples=1), sparse=True)
    found = dataset(slide)
    group = found.PerFrameFunctionalGroupsSequence[0]
    found.SharedFunctionalGroupsSequence[0].update({name: group[name] for name in (POSITION, PATH)})
    del group[POSITION], group[PATH]
    found.OpticalPathSequence.append(item(OpticalPathIdentifier="2"))
    found.OpticalPathSequence.reverse()
    for changed in (found, dataset(slide)):
        if changed is not found:
            changed.SharedFunctionalGroupsSequence = found.SharedFunctionalGroupsSequence
            del changed.PerFrameFunctionalGroupsSequence
        matrix = dicomet.open(file_of(changed)).pixel_matrix
        path = "1"
        assert np.array_equal(matrix.region(0, 0, 32, 48, optical_path=path), slide.values[0, 0])


def test_the_tiles_of_one_plane_may_follow_the_tissue():
    slide = Slide(matrices(1, 1, 64, 96), sparse=True)
    found = dataset(slide)
    for number, group in enumerate(found.PerFrameFunctionalGroupsSequence):
        group[POSITION].value[0].ZOffsetInSlideCoordinateSystem = 0.1 * number
    matrix = dicomet.open(file_of(found)).pixel_matrix
    assert matrix.focal_planes == (None,)
    assert np.array_equal(matrix[:], slide.values[0, 0])


def test_a_huge_matrix_with_few_tiles():
    found = dataset(
        replace(SPARSE, values=SPARSE.values[:1, :1]), TotalPixelMatrixRows=2**31, TotalPixelMatrixColumns=2**32 - 1
    )
    matrix = dicomet.open(file_of(found)).pixel_matrix
    assert matrix.shape == (2**31, 2**32 - 1)
    assert np.array_equal(matrix[:64, :96], SPARSE.values[0, 0])
    for read in (lambda: matrix[:], lambda: matrix[:, :2], lambda: matrix.thumbnail(2**30)):
        with pytest.raises(dicomet.PixelDataError, match="expected at least 1% of a region of this size"):
            read()


def outcome(data: bytes) -> tuple | None:
    """The places of the frames; None if there is an error."""
    try:
        found = read_slide_elements(slide_elements.Source.from_buffer(data)).positions
    except dicomet.PixelDataError:
        return None
    return found and (found.identifiers, *(values.tobytes() for values in found[:4]))


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "undefined lengths"])
def test_changed_bytes(undefined, monkeypatch):
    """Whatever the functional groups contain: an error, or the places that pydicom's parser finds."""
    from slides import undefined_lengths  # noqa: PLC0415

    found = dataset(SPARSE)
    if undefined:
        undefined_lengths(found)
    data = file_of(found)
    start = data.index(b"\x00\x52\x30\x92SQ")
    end = data.index(b"\xe0\x7f\x10\x00")
    rng, scan = np.random.default_rng(7), slide_elements.tile_positions
    scanned = same = 0
    for _ in range(300):
        changed = bytearray(data)
        for place in rng.integers(start + 12, end, rng.integers(1, 3)):
            changed[place] = rng.choice([0, 1, 0xFF, 0xFE, 0x48, changed[place] ^ 1, rng.integers(256)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            monkeypatch.setattr(slide_elements, "tile_positions", scan)
            fast = outcome(bytes(changed))
            used = scan(
                slide_elements.Source.from_buffer(bytes(changed)), value=start + 12,
                length=None if undefined else int.from_bytes(data[start + 8 : start + 12], "little"),
                implicit=False, big_endian=False,
            )  # fmt: skip
            monkeypatch.setattr(slide_elements, "tile_positions", lambda *_, **__: None)
            slow = outcome(bytes(changed))
            with contextlib.suppress(dicomet.PixelDataError):
                dicomet.open(bytes(changed)).pixel_matrix[:]
        scanned += used is not None
        same += used is not None and fast == slow
    assert scanned == same
    assert scanned > 100


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "undefined lengths"])
def test_truncated_functional_groups(undefined):
    from slides import undefined_lengths  # noqa: PLC0415

    found = dataset(SPARSE)
    if undefined:
        undefined_lengths(found)
    data = file_of(found)
    start = data.index(b"\x00\x52\x30\x92SQ")
    source = slide_elements.Source.from_buffer
    length = None if undefined else int.from_bytes(data[start + 8 : start + 12], "little")
    whole = slide_elements.tile_positions(
        source(data), value=start + 12, length=length, implicit=False, big_endian=False
    )
    assert len(np.frombuffer(whole[0], np.int32)) == 16
    for end in range(start, start + 12 + (length or 1000), 7):
        part = source(data[:end])
        assert (
            slide_elements.tile_positions(part, value=start + 12, length=length, implicit=False, big_endian=False)
            is None
        )
    assert pydicom.dcmread(io.BytesIO(data)).NumberOfFrames == 16


def test_an_offset_of_a_whole_file():
    """A part of a concatenation cannot have all frames, and begin with another than the first."""
    found = dataset(FULL)
    found.ConcatenationFrameOffsetNumber = 2
    with pytest.raises(dicomet.PixelDataError, match=r"Concatenation Frame Offset Number: found 2 with all"):
        _ = dicomet.open(io.BytesIO(file_of(found))).pixel_matrix


def test_a_small_part_of_a_large_matrix():
    """Only the tiles that the file has are visited."""
    found = dataset(FULL)
    found.TotalPixelMatrixRows = found.TotalPixelMatrixColumns = 2**31 - 1
    found.ConcatenationFrameOffsetNumber = 5
    matrix = dicomet.open(io.BytesIO(file_of(found))).pixel_matrix
    with pytest.raises(dicomet.PixelDataError, match="pixels in tiles"):
        _ = matrix[:]
