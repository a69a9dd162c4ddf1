"""Every file of pydicom's test data, decoded by dicomet and by pydicom: see the table in files.py."""

import functools
import io
import warnings
from contextlib import contextmanager, nullcontext

import files
import numpy as np
import pydicom
import pydicom.pixels
import pytest
from files import EQUAL, NO_IMAGE, ONLY, REFUSED, Case
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import HTJ2K, JPEG2000, UID, JPEGBaseline8Bit, JPEGExtended12Bit, RLELossless

import dicomet

imagecodecs = pytest.importorskip("imagecodecs")

KINDS = ("path", "file", "bytes", "dataset")
CASES = files.cases()
IMAGES = [case for case in CASES if {case.expected.file, case.expected.dataset} & {EQUAL, ONLY}]
FILE_POSITION = 7


def outcome(case: Case, kind: str) -> str:
    return case.expected.dataset if kind == "dataset" else case.expected.file


def pairs(*outcomes: str, kinds: tuple[str, ...] = KINDS, slow: bool = True) -> pytest.MarkDecorator:
    """Run a test for each `case` and `kind` of `src` that has one of these outcomes."""
    values = [
        pytest.param(case, kind, id=f"{case}-{kind}")
        for case in CASES
        for kind in kinds
        if outcome(case, kind) in outcomes and (slow or not case.expected.slow)
    ]
    return pytest.mark.parametrize(("case", "kind"), values)


def options(case: Case, kind: str) -> dict:
    """The transfer syntax that the caller must name; in a Dataset it has another place."""
    uid = case.expected.transfer_syntax
    return {} if uid is None or kind == "dataset" else {"transfer_syntax_uid": uid}


def read(case: Case) -> pydicom.Dataset:
    dataset = pydicom.dcmread(case.path, force=True)
    if case.expected.transfer_syntax is not None:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = case.expected.transfer_syntax
    return dataset


@contextmanager
def opened(case: Case, kind: str):
    """The file as one of the kinds of `src`. An open file must be left where it was found."""
    if kind == "path":
        yield case.path
    elif kind == "bytes":
        yield case.path.read_bytes()
    elif kind == "dataset":
        yield read(case)
    else:
        with case.path.open("rb") as file:
            file.seek(FILE_POSITION)
            yield file
            assert file.tell() == FILE_POSITION


def warning(case: Case, kind: str) -> str | None:
    return case.expected.dataset_warning if kind == "dataset" else case.expected.file_warning


def expected_warnings(case: Case, kind: str):
    """Expect dicomet's warning where the table has one; every other is an error by the settings of pytest."""
    text = warning(case, kind)
    return nullcontext() if text is None else pytest.warns(UserWarning, match=text)


@contextmanager
def tolerated(case: Case, kind: str):
    """Allow dicomet's warning where the table has one: a single frame may be found without a look at the rest."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", f".*{warning(case, kind) or 'no warning'}", UserWarning)
        yield


@functools.cache
def transfer_syntax(case: Case) -> UID:
    meta = pydicom.dcmread(case.path, force=True, stop_before_pixels=True).file_meta
    return meta.get("TransferSyntaxUID", case.expected.transfer_syntax)


def reference(case: Case, kind: str, *, raw: bool = False) -> np.ndarray:
    """What pydicom makes of the path (also for files and bytes) or of the Dataset, in native byte order."""
    return _reference(case, by_dataset=kind == "dataset" or case.expected.file == ONLY, raw=raw)


@functools.cache
def _reference(case: Case, *, by_dataset: bool, raw: bool) -> np.ndarray:
    source = read(case) if by_dataset else case.path
    if transfer_syntax(case) == JPEGExtended12Bit:
        return by_libjpeg(case)
    given = options(case, "dataset" if by_dataset else "path")
    array = pydicom.pixels.pixel_array(source, raw=raw, decoding_plugin=plugin_of(case), **given)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@functools.cache
def reference_frame(case: Case, index: int) -> np.ndarray:
    return pydicom.pixels.pixel_array(case.path, index=index, decoding_plugin=plugin_of(case))


def plugin_of(case: Case) -> str:
    """The plugin of pydicom's with the values of libjpeg-turbo, where plugins differ."""
    return "pillow" if transfer_syntax(case) == JPEGBaseline8Bit else ""


def by_libjpeg(case: Case) -> np.ndarray:
    """The image with 12 bits, which Pillow cannot decode."""
    (frame,) = generate_frames(read(case).PixelData, number_of_frames=1)
    return imagecodecs.jpeg_decode(frame)


def levels(case: Case) -> int:
    """How far values may be from those of pydicom: OpenJPEG rounds irreversible JPEG 2000 in its own way."""
    return int(transfer_syntax(case) in {JPEG2000, HTJ2K})


def assert_same(ours: np.ndarray, theirs: np.ndarray, within: int = 0) -> None:
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    if within:
        assert np.abs(ours.astype(int) - theirs).max() <= within
    else:
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")
    assert ours.flags.c_contiguous
    assert ours.flags.writeable
    assert ours.flags.owndata
    assert ours.dtype.isnative


@functools.cache
def frame_count(case: Case) -> int:
    header = pydicom.dcmread(case.path, force=True, stop_before_pixels=True)
    return int(header.get("NumberOfFrames", 1))


def some_frames(case: Case) -> list[int]:
    count = frame_count(case)
    return sorted({0, count // 2, count - 1})


def expected_frame(case: Case, kind: str, index: int) -> np.ndarray:
    if case.expected.slow:
        return reference_frame(case, index)
    whole = reference(case, kind)
    return whole[index] if frame_count(case) > 1 else whole


def poisoned(like: np.ndarray) -> np.ndarray:
    """An array for `out` in which a sample that is not written can be seen."""
    return np.frombuffer(b"\xa5" * like.nbytes, like.dtype).reshape(like.shape).copy()


@pytest.mark.parametrize("root", files.ROOTS)
def test_the_table_lists_every_file_and_no_other(root):
    if not files.ROOTS[root].is_dir():
        pytest.skip(f"the files of {root} are not here")
    named = [name for pattern in files.TABLE[root] for name in files.matches(root, pattern)]
    assert files.found(root) == set(named)
    assert len(named) == len(set(named))
    assert not [pattern for pattern in files.TABLE[root] if not files.matches(root, pattern)]


@pairs(EQUAL, ONLY, slow=False)
def test_whole_image(case, kind):
    with opened(case, kind) as source, expected_warnings(case, kind):
        array = dicomet.pixel_array(source, **options(case, kind))
    assert_same(array, reference(case, kind), levels(case))


@pytest.mark.parametrize("case", [case for case in IMAGES if case.expected.slow], ids=str)
def test_whole_image_of_many_frames(case):
    array = dicomet.pixel_array(case.path)
    assert len(array) == frame_count(case)
    for index in some_frames(case):
        assert np.array_equal(array[index], reference_frame(case, index))


@pairs(EQUAL, ONLY, kinds=("file", "dataset"))
def test_single_frames(case, kind):
    for index in some_frames(case):
        with opened(case, kind) as source, tolerated(case, kind):
            array = dicomet.pixel_array(source, index=index, **options(case, kind))
        assert_same(array, expected_frame(case, kind, index), levels(case))


@pairs(EQUAL, ONLY, kinds=("path", "bytes"), slow=False)
def test_iteration_over_all_frames(case, kind):
    with opened(case, kind) as source, tolerated(case, kind):
        frames = list(dicomet.iter_pixels(source, **options(case, kind)))
    assert len(frames) == frame_count(case)
    for index, frame in enumerate(frames):
        assert_same(frame, expected_frame(case, kind, index), levels(case))


@pairs(EQUAL, ONLY, kinds=("file",))
def test_iteration_over_some_frames(case, kind):
    indices = [*some_frames(case)[1:], *some_frames(case)]
    with opened(case, kind) as source, tolerated(case, kind):
        frames = list(dicomet.iter_pixels(source, indices=indices, **options(case, kind)))
    assert len(frames) == len(indices)
    for index, frame in zip(indices, frames, strict=True):
        assert_same(frame, expected_frame(case, kind, index), levels(case))


@pairs(EQUAL, ONLY, kinds=("dataset",), slow=False)
def test_raw_image(case, kind):
    with opened(case, kind) as source, expected_warnings(case, kind):
        array = dicomet.pixel_array(source, raw=True)
    assert_same(array, reference(case, kind, raw=True), levels(case))


def plugins() -> list:
    """Every JPEG file with every plugin of pydicom's that is installed, but for the largest files."""
    return [
        pytest.param(case, plugin, id=f"{case}-{plugin}")
        for case in IMAGES
        if case.expected.file == case.expected.dataset == EQUAL and case.path.stat().st_size < 500_000
        for plugin in get_decoder(transfer_syntax(case)).available_plugins
        if transfer_syntax(case) != RLELossless
    ]


@pytest.mark.parametrize(("case", "plugin"), plugins())
def test_plugin(case, plugin):
    """What they return differs: words of one or two bytes, by pixels or by planes."""
    try:
        theirs = pydicom.pixels.pixel_array(case.path, decoding_plugin=plugin)
    except Exception:  # noqa: BLE001 - whatever a plugin raises
        with pytest.raises(dicomet.PixelDataError, match=f"codec .* failed.*{plugin}"):
            dicomet.pixel_array(case.path, decoding_plugin=plugin)
    else:
        with tolerated(case, "path"):
            ours = dicomet.pixel_array(case.path, decoding_plugin=plugin)
        assert_same(ours, theirs)


@pairs(EQUAL, ONLY, kinds=("path",), slow=False)
def test_image_into_an_array(case, kind):
    expected = reference(case, kind)
    out = poisoned(expected)
    with opened(case, kind) as source, expected_warnings(case, kind):
        assert dicomet.pixel_array(source, out=out, **options(case, kind)) is out
    assert_same(out, expected, levels(case))


@pairs(EQUAL, ONLY, kinds=("bytes",))
def test_frames_into_an_array(case, kind):
    index = some_frames(case)[-1]
    expected = expected_frame(case, kind, index)
    out = poisoned(expected)
    with opened(case, kind) as source, tolerated(case, kind):
        (frame,) = dicomet.iter_pixels(source, indices=[index], out=out, **options(case, kind))
    assert frame is out
    assert_same(out, expected, levels(case))


@pairs(ONLY)
def test_pydicom_still_refuses_what_dicomet_alone_decodes(case, kind):
    source = io.BytesIO(case.path.read_bytes()) if kind == "bytes" else case.path
    with pytest.raises(case.expected.pydicom_error):
        pydicom.pixels.pixel_array(source)


@pairs(REFUSED, NO_IMAGE)
def test_refused(case, kind):
    with opened(case, kind) as source, pytest.raises(dicomet.PixelDataError, match=case.expected.says) as ours:
        dicomet.pixel_array(source, **options(case, kind))
    assert type(ours.value) is case.expected.error
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - pydicom raises whatever comes up
        pydicom.pixels.pixel_array(read(case) if kind == "dataset" else case.path, **options(case, kind))
    if case.expected.error is dicomet.MissingElementError:
        # dicomet says what a file that is not DICOM looks like, and which element a DICOM file lacks.
        own = ("not a DICOM file: ", "no (0002,0010) Transfer Syntax UID")
        assert ours.value.reason == str(theirs.value) or ours.value.reason.startswith(own)


@pairs(REFUSED, NO_IMAGE, kinds=("path", "dataset"))
def test_refused_frames(case, kind):
    with opened(case, kind) as source, pytest.raises(dicomet.PixelDataError, match=case.expected.says):
        list(dicomet.iter_pixels(source, **options(case, kind)))
