"""`DicomDataset` with bad files: lengths, order and targets, in every way in which a `DataLoader` reads."""

import errno
import warnings
from pathlib import Path

import numpy as np
import pytest
from bad_files import make, write

from dicomet.__main__ import main

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")

from torch.utils.data import ConcatDataset, DataLoader, random_split  # noqa: E402 - only where there is PyTorch

from dicomet.torch import DicomDataset, DicomFileError, collate_good  # noqa: E402

# Class by class: the even numbers, of class 0, then the odd ones, of class 1.
GOOD = [0, 2, 4, 8, 10, 3, 9]
BAD = [6, 1, 5, 7, 11]
pytestmark = pytest.mark.filterwarnings("ignore:.*the file is skipped:UserWarning")


def numbers(batch):
    """Return the number of each file of a batch, after a check of its target."""
    images, targets = batch
    found = images[:, 0, 0, 0].tolist()
    assert [number % 2 for number in found] == targets.tolist()
    return found


@pytest.fixture
def images(tmp_path):
    return DicomDataset(make(tmp_path), values="stored", on_error="skip")


def test_an_index_and_an_iteration(images):
    assert len(images) == 12
    assert [int(Path(path).stem) for path, _ in images.samples] == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
    assert images[3] is None
    assert images[-1] is None
    assert [(image[0, 0, 0].item(), target) for image, target in images] == [(number, number % 2) for number in GOOD]
    assert [int(Path(one.path).stem) for one in images.bad_files] == [6, 11, 1, 5, 7]


@pytest.mark.parametrize("method", [None, "fork", "spawn"])
def test_batches_are_smaller(images, method):
    """Of 3, 3 and 1 good files; the last batch has three bad ones."""
    loader = DataLoader(images, batch_size=4, num_workers=2 if method else 0, multiprocessing_context=method)
    assert len(loader) == 3
    for _ in range(2):
        assert [numbers(batch) for batch in loader] == [[0, 2, 4], [8, 10, 3], [9]]
    assert sorted(int(Path(one.path).stem) for one in images.bad_files) == sorted(BAD)
    reasons = {int(Path(one.path).stem): one.reason for one in images.bad_files}
    assert reasons[6] == "not a DICOM file: it is empty"
    assert reasons[5] == "(7FE0,0010) Pixel Data: found 14 bytes, expected 24"


def test_a_batch_without_a_good_file(images):
    """The next good one takes its place; after the last file, the first one follows."""
    assert [numbers(batch) for batch in DataLoader(images, batch_size=1)] == [
        [number] for number in (0, 2, 4, 8, 8, 10, 3, 3, 9, 9, 9, 0)
    ]


def test_nothing_is_good(tmp_path):
    images = DicomDataset(make(tmp_path, 3, bad=range(3)), on_error="skip")
    assert list(images) == []
    with pytest.raises(FileNotFoundError, match=r"none of the files can be read, the first one is .*000\.dcm: not a"):
        next(iter(DataLoader(images, batch_size=2)))


def test_shuffled_batches_keep_their_targets(images):
    loader = DataLoader(images, batch_size=3, shuffle=True, generator=torch.Generator().manual_seed(2))
    found = [number for batch in loader for number in numbers(batch)]
    assert set(found) == set(GOOD)
    assert found != GOOD


def test_subsets_and_joined_sets(images):
    first, _ = random_split(images, [0.75, 0.25], generator=torch.Generator().manual_seed(0))
    expected = [int(Path(images.samples[index][0]).stem) for index in first.indices]
    found = [number for batch in DataLoader(first, batch_size=9) for number in numbers(batch)]
    assert found == [number for number in expected if number in GOOD]
    joined = ConcatDataset([images, images])
    batches = DataLoader(joined, batch_size=12, collate_fn=collate_good)
    assert [numbers(batch) for batch in batches] == [GOOD, GOOD]
    assert collate_good([None]) is None


def test_one_warning_for_each_file(tmp_path):
    images = DicomDataset(make(tmp_path), values="stored", on_error="skip")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2):
            list(DataLoader(images, batch_size=4))
    assert len(seen) == 5
    assert str(seen[0].message) == f"{tmp_path / 'a/006.dcm'}: not a DICOM file: it is empty: the file is skipped"


def test_raise_is_the_default(tmp_path):
    images = DicomDataset(make(tmp_path), values="stored")
    assert images[0][0].shape == (1, 4, 6)
    with pytest.raises(DicomFileError, match="it is empty"):
        images[3]
    assert len(images.bad_files) == 0
    with pytest.raises(ValueError, match="'on_error': found 'ignore'"):
        DicomDataset(tmp_path, on_error="ignore")


def _replaced(path, error):
    assert isinstance(error, DicomFileError)
    return None if path.stem == "007" else np.full((1, 4, 6), 100 + int(path.stem), np.uint8)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_function_replaces_images(tmp_path, workers):
    images = DicomDataset(make(tmp_path), values="stored", on_error=_replaced, transform=lambda image: image + 1)
    batches = DataLoader(images, batch_size=6, num_workers=workers)
    with warnings.catch_warnings(action="error"):
        found = [(image[:, 0, 0, 0].tolist(), target.tolist()) for image, target in batches]
    assert found == [([1, 3, 5, 107, 9, 11], [0] * 6), ([102, 4, 106, 10, 112], [1] * 5)]
    assert sorted(int(Path(one.path).stem) for one in images.bad_files) == sorted(BAD)


def test_other_errors_are_raised(tmp_path, monkeypatch):
    def transform(_image):
        raise ValueError("of the transform")

    with pytest.raises(ValueError, match="of the transform"):
        DicomDataset(make(tmp_path), on_error="skip", transform=transform)[0]
    images = DicomDataset(tmp_path, on_error="skip")

    def read(*_args, **_options):
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(images, "_read", read)
    with pytest.raises(OSError, match="too many open files"):
        images[0]


@pytest.mark.parametrize("frames", ["each", "middle"])
def test_files_whose_frames_cannot_be_counted(tmp_path, frames):
    root = make(tmp_path)
    with pytest.raises(DicomFileError, match="it is empty"):
        DicomDataset(root, frames=frames)
    images = DicomDataset(root, frames=frames, values="stored", on_error="skip")
    assert len(images) == 12
    assert [image[0, 0, 0].item() for image, _ in images] == GOOD


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_checked_files(tmp_path, suffix, capsys):
    root, checked = make(tmp_path / "in"), tmp_path / f"list.{suffix}"
    assert main(["check", str(root), "-o", str(checked)]) == 1
    capsys.readouterr()
    images = DicomDataset(root, values="stored", checked=checked)
    assert len(images) == 7
    assert images.targets == [number % 2 for number in GOOD]
    assert images.classes == ["a", "b"]
    assert [numbers(batch) for batch in DataLoader(images, batch_size=3)] == [GOOD[:3], GOOD[3:6], GOOD[6:]]
    paths = [path for path, _ in DicomDataset(root).samples]
    own = DicomDataset(paths, targets=range(12), values="stored", frames="each", checked=checked)
    assert own.targets == [0, 1, 2, 4, 5, 7, 10]
    with pytest.raises(ValueError, match="'checked': found none of the 1 file"):
        DicomDataset([write(tmp_path / "new.dcm", np.zeros((2, 2), np.uint8))], checked=checked)
