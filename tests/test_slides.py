"""Regions and tiles of slides, compared with the matrices that the slides were made from, and with their frames."""

import copy
import io
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from slides import CODECS, EXACT, Slide, assembled, dataset, file_of, matrices, saved, undefined_lengths

import dicomet

COLOR = Slide(matrices(1, 1, 100, 130))
GRAY = Slide(matrices(2, 3, 70, 110, samples=1))
PLANES = list(itertools.product(range(2), range(3)))
MISSING = frozenset({(0, 0, 0, 48), (0, 0, 64, 96), (1, 2, 32, 0)})


def shuffled(places: list) -> list:
    return [places[number] for number in np.random.default_rng(1).permutation(len(places))]


@pytest.mark.parametrize("sparse", [False, True], ids=["full", "sparse"])
@pytest.mark.parametrize("codec", CODECS)
def test_the_whole_matrix(tmp_path, codec, sparse):
    slide = replace(COLOR, codec=codec, sparse=sparse)
    path = saved(tmp_path / "slide.dcm", slide)
    with dicomet.open(path) as image:
        matrix = image.pixel_matrix
        assert (matrix.shape, matrix.ndim, matrix.dtype) == ((100, 130, 3), 3, np.uint8)
        assert (matrix.tile_shape, matrix.grid_shape) == ((32, 48), (4, 3))
        found = matrix[:]
        assert np.array_equal(found, assembled(slide, image[:]))
        if codec in EXACT:
            assert np.array_equal(found, slide.expected())
        assert found.flags.c_contiguous
        assert found.flags.writeable
        assert found.flags.owndata
        assert len(matrix) == 100
        assert np.array_equal(np.asarray(matrix), found)
        assert np.array_equal(np.asarray(matrix, np.float32), found)
        with pytest.raises(ValueError, match="without a copy"):
            matrix.__array__(copy=False)


@pytest.mark.parametrize("order", [list, shuffled], ids=["in order", "shuffled"])
@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "undefined lengths"])
@pytest.mark.parametrize("codec", ["native", "implicit VR", "HTJ2K"])
def test_sparse_planes(codec, undefined, order):
    slide = replace(GRAY, codec=codec, sparse=True, order=order)
    found = dataset(slide)
    if undefined:
        undefined_lengths(found)
    matrix = dicomet.open(file_of(found)).pixel_matrix
    for path, plane in PLANES:
        region = matrix.region(0, 0, 70, 110, optical_path=path, focal_plane=plane)
        assert np.array_equal(region, slide.expected(path, plane))


@pytest.mark.parametrize("sparse", [False, True], ids=["full", "sparse"])
def test_planes_by_index_and_by_name(sparse):
    slide = replace(GRAY, sparse=sparse)
    matrix = dicomet.open(file_of(dataset(slide))).pixel_matrix
    assert matrix.optical_paths == (("1", "dye 1"), ("2", "dye 2"))
    assert matrix.optical_paths[1].description == "dye 2"
    assert matrix.focal_planes == (0.0, 1.5, 3.0)
    assert "2 optical paths, 3 focal planes" in repr(matrix)
    for (path, plane), names in itertools.product(PLANES, ((0, 0), (1, 0), (0, 1))):
        by_path = (path, str(path + 1))[names[0]], (path - 2, f"dye {path + 1}")[names[0]]
        by_plane = (plane, slide.z_offsets[plane])[names[1]], (plane - 3, np.float64(1.5 * plane))[names[1]]
        for one, other in zip(by_path, by_plane, strict=True):
            region = matrix.region(5, 7, 60, 100, optical_path=one, focal_plane=other)
            assert np.array_equal(region, slide.values[path, plane, 5:65, 7:107])
            tile = matrix.tile(1, -1, optical_path=one, focal_plane=other)
            assert np.array_equal(tile, slide.values[path, plane, 32:64, 96:110])
    for wrong in (2, -3, "3", "dye"):
        with pytest.raises(IndexError, match="optical path: found"):
            matrix.region(0, 0, 1, 1, optical_path=wrong)
    for wrong in (3, -4, 1.4, float("nan")):
        with pytest.raises(IndexError, match="focal plane: found"):
            matrix.region(0, 0, 1, 1, focal_plane=wrong)


KEYS = st.one_of(
    st.integers(-70, 69), st.builds(slice, st.none() | st.integers(-150, 150), st.none() | st.integers(-150, 150))
)
FILES = {
    sparse: file_of(dataset(replace(COLOR, sparse=sparse, order=shuffled if sparse else list))) for sparse in (0, 1)
}
OPEN = {sparse: dicomet.open(data).pixel_matrix for sparse, data in FILES.items()}


@given(st.sampled_from([0, 1]), KEYS, KEYS)
def test_any_region_is_that_of_numpy(sparse, rows, columns):
    expected = COLOR.values[0, 0]
    for key in (
        (rows, columns),
        (rows,),
        (..., rows, columns, slice(None)),
        (rows, columns, 1),
        (rows, columns, slice(None, None, -1)),
    ):
        found = OPEN[sparse][key]
        assert (found.shape, found.dtype) == (expected[key].shape, expected.dtype)
        assert np.array_equal(found, expected[key])


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ((100, 0), IndexError), ((0, -131), IndexError), (slice(None, None, 2), IndexError), ((0, 0, 0, 0), IndexError),
        ((slice(5, 0, -1), 0), IndexError), (1.0, TypeError), ("0", TypeError), (None, TypeError), (True, TypeError),
        (np.array([1, 2]), TypeError),
    ],
)  # fmt: skip
def test_keys_that_are_refused(key, error):
    with pytest.raises(error):
        OPEN[0][key]


@pytest.mark.parametrize("region", [(-1, 0, 1, 1), (0, 0, 101, 1), (0, 130, 1, 1), (0, 0, -1, 1), (10**20, 0, 1, 1)])
def test_regions_outside_of_the_matrix(region):
    with pytest.raises(IndexError, match="expected a region within 0 to"):
        OPEN[0].region(*region)


def test_a_region_into_memory_of_the_callers():
    matrix, out = OPEN[0], np.zeros((60, 90, 3), np.uint8)
    assert matrix.region(20, 30, 60, 90, out=out) is out
    assert np.array_equal(out, COLOR.values[0, 0, 20:80, 30:120])
    for wrong in (out[1:], out[:, ::-1], out.astype(np.int8)):
        with pytest.raises(dicomet.PixelDataError, match="'out'"):
            matrix.region(20, 30, 60, 90, out=wrong)
    assert matrix.region(0, 0, 0, 5).shape == (0, 5, 3)


def test_missing_tiles_are_background_with_one_warning():
    slide = replace(GRAY, sparse=True, missing=MISSING)
    data = file_of(dataset(slide))
    matrix = dicomet.open(data).pixel_matrix
    assert matrix.background == 0
    with pytest.warns(UserWarning, match="found no tile for 1620 of 7700 pixels of a region: they are 0") as caught:
        assert np.array_equal(matrix[:], slide.expected(background=0))
    assert caught[0].filename == __file__
    for path, plane in PLANES:
        region = matrix.region(0, 0, 70, 110, optical_path=path, focal_plane=plane)
        assert np.array_equal(region, slide.expected(path, plane, background=0))
    out = np.full((70, 110), 9, np.uint8)
    assert np.array_equal(matrix.region(0, 0, 70, 110, out=out), slide.expected(background=0))
    # A region that misses nothing does not warn.
    assert np.array_equal(dicomet.open(data).pixel_matrix[32:64], slide.values[0, 0, 32:64])


@pytest.mark.parametrize(
    ("samples", "changes", "expected"),
    [(3, {}, 255), (1, {}, 0), (1, {"PhotometricInterpretation": "MONOCHROME1"}, 255),
     (1, {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 7, "HighBit": 6}, 127)],
)  # fmt: skip
def test_background(samples, changes, expected):
    slide = Slide(matrices(1, 1, 40, 60, samples=samples), sparse=True, missing=frozenset({(0, 0, 0, 0)}))
    matrix = dicomet.open(file_of(dataset(slide, **changes))).pixel_matrix
    assert matrix.background == expected
    with pytest.warns(UserWarning, match="found no tile"):
        assert (matrix[:32, :48] == expected).all()


def test_tiles_that_are_not_on_a_grid():
    slide = Slide(matrices(1, 1, 100, 130), tile=(32, 48))
    places = [(0, 0), (0, 50), (33, 5), (33, 53), (34, 101), (68, 82)]
    found = dataset(replace(slide, sparse=True))
    template = found.PerFrameFunctionalGroupsSequence
    found.NumberOfFrames, found.PerFrameFunctionalGroupsSequence = len(places), template[: len(places)]
    frames, expected = [], np.full_like(slide.values[0, 0], 255)
    for number, (row, column) in enumerate(places):
        position = template[number].PlanePositionSlideSequence[0]
        position.RowPositionInTotalImagePixelMatrix, position.ColumnPositionInTotalImagePixelMatrix = (
            row + 1,
            column + 1,
        )
        frames.append(slide.frame((0, 0, row, column)))
        expected[row : row + 32, column : column + 48] = slide.values[0, 0, row : row + 32, column : column + 48]
    found.PixelData = np.stack(frames).tobytes()
    matrix = dicomet.open(file_of(found)).pixel_matrix
    with pytest.warns(UserWarning, match="found no tile"):
        assert np.array_equal(matrix[:], expected)
    assert np.array_equal(matrix[33:65, 53:101], slide.values[0, 0, 33:65, 53:101])
    for row, column in ((1, 47), (31, 1), (34, 10), (60, 120), (37, 84)):
        position = template[5].PlanePositionSlideSequence[0]
        position.RowPositionInTotalImagePixelMatrix, position.ColumnPositionInTotalImagePixelMatrix = row, column
        with pytest.raises(dicomet.PixelDataError, match=r"found frames \d and 5 at positions that overlap"):
            dicomet.open(file_of(found)).pixel_matrix  # noqa: B018


@pytest.mark.parametrize("parsed", [False, True], ids=["raw", "parsed"])
@pytest.mark.parametrize("sparse", [False, True], ids=["full", "sparse"])
def test_data_sets(sparse, parsed):
    slide = replace(GRAY, sparse=sparse)
    found = pydicom.dcmread(io.BytesIO(file_of(dataset(slide))))
    if parsed:
        found.walk(lambda *_: None)
    matrix = dicomet.open(found).pixel_matrix
    assert np.array_equal(matrix.region(0, 0, 70, 110, optical_path=1, focal_plane=2), slide.values[1, 2])


def with_more_items(found: pydicom.Dataset) -> pydicom.Dataset:
    """Groups with two items, of which the first one counts, where the standard allows one."""
    for number, group in enumerate(found.PerFrameFunctionalGroupsSequence):
        for name in ("PlanePositionSlideSequence", "OpticalPathIdentificationSequence"):
            items = group[name].value
            items.append(copy.deepcopy(items[0]))
            last = items[-1]
            if name == "PlanePositionSlideSequence":
                last.RowPositionInTotalImagePixelMatrix = 1000 + number
                last.ZOffsetInSlideCoordinateSystem = 7
            else:
                last.OpticalPathIdentifier = "none"
    return found


@pytest.mark.parametrize("change", [lambda found: found, with_more_items], ids=["conforming", "two items"])
def test_positions_by_pydicoms_parser_are_the_same(monkeypatch, change):
    from dicomet._parsing import slide_elements  # noqa: PLC0415

    slide = replace(GRAY, sparse=True, order=shuffled)
    data = file_of(change(dataset(slide)))
    assert np.array_equal(dicomet.open(data).pixel_matrix.region(0, 0, 70, 110), slide.values[0, 0])
    fast = slide_elements.read_slide_elements(slide_elements.Source.from_buffer(data)).positions
    monkeypatch.setattr(slide_elements, "tile_positions", lambda *_, **__: None)
    slow = slide_elements.read_slide_elements(slide_elements.Source.from_buffer(data)).positions
    assert fast.identifiers == slow.identifiers
    for one, other in zip(fast[:4], slow[:4], strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_not_tiled():
    with dicomet.open(ROOTS["pydicom"] / "CT_small.dcm") as image:
        assert not hasattr(image, "pixel_matrix")
        with pytest.raises(
            dicomet.MissingElementError, match=r"CT_small.dcm: no \(0048,0007\) Total Pixel Matrix Rows"
        ):
            image.pixel_matrix  # noqa: B018
    with pytest.raises(ValueError, match="closed"):
        image.pixel_matrix  # noqa: B018


def test_one_frame_without_positions():
    """A label or an overview image has no Dimension Organization Type, and may have no functional groups."""
    slide = Slide(matrices(1, 1, 60, 80), tile=(60, 80))
    found = dataset(slide, DimensionOrganizationType=None, TotalPixelMatrixFocalPlanes=None, NumberOfOpticalPaths=None,
                    SharedFunctionalGroupsSequence=None, OpticalPathSequence=None)  # fmt: skip
    matrix = dicomet.open(file_of(found)).pixel_matrix
    assert matrix.optical_paths == (("", None),)
    assert np.array_equal(matrix[:], slide.values[0, 0])


def test_a_part_of_a_concatenation():
    """The frames of the other parts are missing."""
    slide = Slide(matrices(1, 1, 96, 96), tile=(32, 48))
    found = dataset(slide, ConcatenationFrameOffsetNumber=2, NumberOfFrames=3)
    found.PixelData = found.PixelData[2 * 32 * 48 * 3 : 5 * 32 * 48 * 3]
    expected = slide.expected()
    expected[:32], expected[64:, 48:] = 255, 255
    with pytest.warns(UserWarning, match="found no tile"):
        assert np.array_equal(dicomet.open(file_of(found)).pixel_matrix[:], expected)
    with pytest.raises(dicomet.PixelDataError, match="Number of Frames: found 3, expected 6"):
        dicomet.open(file_of(dataset(slide, ConcatenationFrameOffsetNumber=4, NumberOfFrames=3))).pixel_matrix  # noqa: B018


@pytest.mark.parametrize("codec", ["JPEG 2000", "HTJ2K"])
@pytest.mark.parametrize("sparse", [False, True], ids=["full", "sparse"])
def test_lower_resolutions(codec, sparse):
    slide = Slide(matrices(1, 1, 100, 130), tile=(32, 48), codec=codec, sparse=sparse)
    data = file_of(dataset(slide))
    for levels in (1, 2):
        with dicomet.open(data, reduce=levels) as image:
            matrix, step = image.pixel_matrix, 2**levels
            assert matrix.shape == (-(-100 // step), -(-130 // step), 3)
            assert matrix.tile_shape == (32 // step, 48 // step)
            small = replace(slide, tile=matrix.tile_shape, values=np.zeros((1, 1, *matrix.shape), np.uint8))
            assert np.array_equal(matrix[:], assembled(small, image[:]))


def test_resolutions_at_which_tiles_have_no_whole_pixels():
    data = file_of(dataset(Slide(matrices(1, 1, 60, 60), tile=(30, 30), codec="HTJ2K")))
    assert dicomet.open(data, reduce=1).pixel_matrix.shape == (30, 30, 3)
    with pytest.raises(dicomet.PixelDataError, match="'reduce': found 2, expected fewer levels: the tiles of 30 rows"):
        dicomet.open(data, reduce=2).pixel_matrix  # noqa: B018


def test_the_size_of_a_region_is_limited():
    with dicomet.open(FILES[0], max_bytes=30_000) as image:
        assert image.pixel_matrix[:100, :100].nbytes == 30_000
        with pytest.raises(dicomet.PixelDataError, match="'max_bytes'"):
            image.pixel_matrix[:]


def test_many_threads():
    expected = COLOR.values[0, 0]
    matrix = dicomet.open(FILES[1], workers=3).pixel_matrix
    start = threading.Barrier(8)

    def read(number: int) -> bool:
        start.wait()
        regions = [(number + step, 2 * number, 40, 60) for step in range(8)]
        return all(
            np.array_equal(matrix.region(*region), expected[region[0] : region[0] + 40, region[1] : region[1] + 60])
            for region in regions
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))


def test_a_damaged_tile(tmp_path):
    found = dataset(replace(COLOR, codec="JPEG"))
    frames = list(pydicom.encaps.generate_frames(found.PixelData, number_of_frames=12))
    frames[4] = frames[4][:200]
    found.PixelData = pydicom.encaps.encapsulate(frames)
    path = tmp_path / "slide.dcm"
    path.write_bytes(file_of(found))
    matrix = dicomet.open(path).pixel_matrix
    with pytest.raises(dicomet.PixelDataError, match=r"slide.dcm: .*frame 4") as caught:
        matrix[:]
    assert caught.value.frame == 4
    assert matrix[:32].shape == (32, 130, 3)


def test_frames_of_another_size():
    found = dataset(replace(COLOR, codec="JPEG"))
    frames = list(pydicom.encaps.generate_frames(found.PixelData, number_of_frames=12))
    frames[5] = CODECS["JPEG"][1](np.zeros((30, 48, 3), np.uint8))
    found.PixelData = pydicom.encaps.encapsulate(frames)
    with pytest.raises(dicomet.PixelDataError, match=r"frame 5.*30"):
        dicomet.open(file_of(found)).pixel_matrix[:]


@pytest.mark.parametrize("codec", ["native", "JPEG", "JPEG 2000"])
@pytest.mark.parametrize("samples", [1, 3])
def test_thumbnail(codec, samples):
    slide = Slide(matrices(2, 1, 400, 520, samples=samples), tile=(64, 64), codec=codec)
    matrix = dicomet.open(file_of(dataset(slide))).pixel_matrix
    picture = matrix.thumbnail(65, optical_path=1)
    assert picture.shape == (50, 65, *matrix.shape[2:])
    # The mean of the 8 x 8 pixels that a pixel stands for, or the low-pass samples of JPEG 2000 at the first of them.
    blocks = slide.values[1, 0].reshape(50, 8, 65, 8, -1)
    expected = blocks[:, 0, :, 0] if codec == "JPEG 2000" else blocks.mean(axis=(1, 3))
    assert abs(picture.astype(float) - expected.reshape(picture.shape)).mean() < 6
    assert np.array_equal(matrix.thumbnail(1000), matrix[:])
    assert matrix.thumbnail(1).shape == (1, 1, *matrix.shape[2:])
    with pytest.raises(ValueError, match="'size'"):
        matrix.thumbnail(0)


def test_the_edge_of_a_thumbnail_has_no_padding():
    slide = Slide(np.full((1, 1, 65, 97), 200, np.uint8), tile=(32, 32))
    assert (dicomet.open(file_of(dataset(slide))).pixel_matrix.thumbnail(24) == 200).all()


class Remote(io.BytesIO):
    """A file object of another class, which is read through its methods, under the GIL."""


@pytest.mark.parametrize("codec", ["native", "HTJ2K"])
def test_a_file_object(codec):
    slide = replace(COLOR, codec=codec, sparse=True)
    matrix = dicomet.open(Remote(file_of(dataset(slide))), workers=3).pixel_matrix
    assert np.array_equal(matrix[:], slide.expected())
