"""Which files of a folder are DICOM, and of which class."""

import os
from pathlib import Path

import pytest

from dicomet.loaders.folders import find_class_files, find_files, has_folders, is_dicom_file

DICOM = bytes(128) + b"DICM"


def _write(folder, *names, content=DICOM):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _names(folder, paths):
    return [path.relative_to(folder).as_posix() for path in paths]


def _walked(folder):
    """Return all files in the order in which Keras and torchvision sort those of a class."""
    walked = sorted(os.walk(folder, followlinks=True))
    return [Path(root) / name for root, _, names in walked for name in sorted(names)]


def test_files_are_dicom_by_suffix_or_content(tmp_path):
    _write(tmp_path, "a.dcm", "B.DCM", "c.dicom", "empty.dcm", content=b"")
    _write(tmp_path, "1.2.840.99", "no_suffix", "wrong.txt")
    _write(tmp_path, "labels.csv", "short", content=b"DICM")
    _write(tmp_path, "prefix_elsewhere", content=bytes(127) + b"DICM" + bytes(9))
    assert _names(tmp_path, find_files(tmp_path)) == [
        "1.2.840.99", "B.DCM", "a.dcm", "c.dicom", "empty.dcm", "no_suffix", "wrong.txt",
    ]  # fmt: skip


def test_hidden_files_and_directories_of_media_are_left_out(tmp_path):
    _write(tmp_path, "a.dcm", ".b.dcm", ".hidden/c.dcm", "DICOMDIR", "sub/DICOMDIR", "sub/d")
    assert _names(tmp_path, find_files(tmp_path)) == ["a.dcm", "sub/d"]


def test_a_hidden_folder_as_an_argument(tmp_path):
    _write(tmp_path, ".data/a.dcm")
    assert _names(tmp_path, find_files(tmp_path / ".data")) == [".data/a.dcm"]


def test_the_order_is_that_of_keras_and_torchvision(tmp_path):
    _write(tmp_path, "z.dcm", "b/10.dcm", "b/9.dcm", "b/1.dcm", "b-1/x.dcm", "b/a/y.dcm", "B/y.dcm", "a.dcm")
    assert find_files(tmp_path) == _walked(tmp_path)
    assert find_files(str(tmp_path)) == _walked(tmp_path)


def test_not_below_the_folder(tmp_path):
    _write(tmp_path, "b.dcm", "a/c.dcm")
    assert _names(tmp_path, find_files(tmp_path, recursive=False)) == ["b.dcm"]


def test_no_files(tmp_path):
    assert find_files(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_files(tmp_path / "nowhere")
    _write(tmp_path, "a.dcm")
    with pytest.raises(NotADirectoryError, match=r"a\.dcm"):
        find_files(tmp_path / "a.dcm")


def test_links_are_followed_but_not_in_circles(tmp_path):
    _write(tmp_path, "data/a.dcm", "other/b.dcm")
    (tmp_path / "data" / "circle").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "data" / "c.dcm").symlink_to(tmp_path / "other" / "b.dcm")
    assert _names(tmp_path, find_files(tmp_path / "data")) == ["data/a.dcm", "data/c.dcm", "data/link/b.dcm"]


def test_a_broken_link_to_an_image_is_not_lost(tmp_path):
    (tmp_path / "a.dcm").symlink_to(tmp_path / "nowhere.dcm")
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    assert _names(tmp_path, find_files(tmp_path)) == ["a.dcm"]


def test_a_folder_that_is_named_as_a_file_is_a_folder(tmp_path):
    _write(tmp_path, "series.dcm/a.dcm")
    assert _names(tmp_path, find_files(tmp_path)) == ["series.dcm/a.dcm"]
    assert not is_dicom_file(tmp_path / "series.dcm")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_nothing_waits_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert find_files(tmp_path) == []


def test_classes(tmp_path):
    _write(tmp_path, "dog/2.dcm", "dog/1.dcm", "cat/a/b", "Cow/3.dcm", ".git/4.dcm", "beside.dcm")
    _write(tmp_path, "dog/notes.txt", content=b"")
    names, paths, labels = find_class_files(tmp_path)
    assert names == ["Cow", "cat", "dog"]
    assert _names(tmp_path, paths) == ["Cow/3.dcm", "cat/a/b", "dog/1.dcm", "dog/2.dcm"]
    assert labels == [0, 1, 2, 2]


def test_classes_in_another_order(tmp_path):
    _write(tmp_path, "a/1.dcm", "b/2.dcm")
    names, paths, labels = find_class_files(tmp_path, ("b", "a"))
    assert (names, _names(tmp_path, paths), labels) == (["b", "a"], ["b/2.dcm", "a/1.dcm"], [0, 1])


@pytest.mark.parametrize("class_names", [["a"], ["a", "b", "c"], ["a", "a"], ["a", "b", "b"], []])
def test_classes_that_are_not_those_of_the_folder(tmp_path, class_names):
    _write(tmp_path, "a/1.dcm", "b/2.dcm")
    with pytest.raises(ValueError, match=r"'class_names': found .*expected.*\['a', 'b'\]"):
        find_class_files(tmp_path, class_names)


def test_no_classes(tmp_path):
    _write(tmp_path, "a.dcm")
    with pytest.raises(FileNotFoundError, match="found no folders"):
        find_class_files(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty: found no DICOM file"):
        find_class_files(tmp_path)


def test_has_folders(tmp_path):
    _write(tmp_path, "a.dcm", ".git/b")
    assert not has_folders(tmp_path)
    _write(tmp_path, "c/d.dcm")
    assert has_folders(tmp_path)
