"""What is no DICOM file says what it looks like; errors name the file."""

import csv
import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile

import numpy as np
import oracle
import pytest
from convert_files import dicom, gray, image
from oracle import Image

import dicomet
from dicomet.__main__ import main
from dicomet._parsing.dicom_file import SUFFIXES, is_named_dicom
from dicomet.info import describe
from dicomet.loaders.folders import find_files
from dicomet.loaders.loading import FrameLoader


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.dcm", image(1))
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.dcm"))
    return file.getvalue()


MULTIPART = b"--0f3a\r\nContent-Type: application/dicom\r\n\r\n" + image(1)
OTHERS = {
    "empty": (b"", "it is empty"),
    "zeros": (bytes(5000), "begins with 512 bytes of 0"),
    "few zeros": (bytes(7), "begins with 7 bytes of 0"),
    "HTML": (b"<html>503</html>", r"begins with '<html>503</html>' \(looks like HTML\)"),
    "HTML with a type": (b"\n <!DOCTYPE html>\n<html>", r"\(looks like HTML\)"),
    "HTML after a mark": (b"\xef\xbb\xbf<!doctype HTML><p>", r"\(looks like HTML\)"),
    "HTML in ISO 8859-1": ("<html><p>Zugriff verweigert für alle".encode("latin-1"), r"\(looks like HTML\)"),
    "XHTML": (b"<?xml version='1.0'?>\n<html xmlns='x'>", r"\(looks like HTML\)"),
    "XML": (b"<?xml version='1.0'?><NativeDicomModel/>", r"\(looks like XML\)"),
    "JSON": (json.dumps([{"00080005": {"vr": "CS"}}]).encode(), r"\(looks like JSON\)"),
    "gzip": (gzip.compress(image(1)), r"begins with 1F 8B 08 .. \(looks like gzip\)"),
    "zip": (zipped(), r"begins with 50 4B 03 04 \(looks like a zip archive\)"),
    "tar": (tarred(), r"\(looks like a tar archive\)"),
    "multipart": (MULTIPART, r"\(looks like multipart MIME\)"),
    "multipart with a header": (b"Content-Type: multipart/related\r\n\r\n", r"\(looks like multipart MIME\)"),
    "HTTP": (b"HTTP/1.1 200 OK\r\n", r"\(looks like an HTTP response\)"),
    "PDF": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3", r"\(looks like PDF\)"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", r"\(looks like a JPEG picture\)"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0", r"\(looks like a PNG picture\)"),
    "TIFF": (b"II*\0\x08\0\0\0", r"\(looks like a TIFF picture\)"),
    "TIFF in big endian": (b"MM\0*\0\0\0\x08", r"\(looks like a TIFF picture\)"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", r"\(looks like a Git LFS pointer"),
    "text": (b"no image at all\n", r"begins with 'no image at all\\n' \(looks like plain text\)"),
    "text in UTF-16": ("kein Bild".encode("utf-16"), r"\(looks like plain text\)"),
    "text that is cut": (("x" * 511 + "ä").encode(), r"\(looks like plain text\)"),
    "anything": (b"\xde\xad\xbe\xef" * 100, "begins with DE AD BE EF; of a data set alone, 'transfer_syntax_uid' is"),
}


def all_of(other: str) -> tuple[bytes, str]:
    data, says = OTHERS[other]
    return data, f"not a DICOM file: .*{says}"


@pytest.mark.parametrize("function", [dicomet.pixel_array, dicomet.to_display, dicomet.modality_values, dicomet.open])
@pytest.mark.parametrize("other", OTHERS)
def test_the_error_of_another_file_type_names_the_type(tmp_path, other, function):
    data, says = all_of(other)
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    for source in (path, str(path), data, io.BytesIO(data)):
        with pytest.raises(dicomet.MissingElementError, match=says) as error:
            function(source)
        assert error.value.element == "(0002,0010) Transfer Syntax UID"
    with path.open("rb") as file, pytest.raises(dicomet.MissingElementError, match=says):
        function(file)


def test_info_names_the_type_once_without_quotes(tmp_path):
    path = tmp_path / "notes.dcm"
    path.write_bytes(b"Patient: Jane Doe\n")
    described = describe(path)
    assert described["error"] == "not a DICOM file: begins with '...' (looks like plain text)"
    assert described["warnings"] == []


def test_a_dicom_file_that_is_cut_in_its_meta_information():
    data = b"\0" * 128 + b"DICM"
    with pytest.raises(dicomet.MissingElementError, match=r"^no \(0002,0010\) Transfer Syntax UID"):
        dicomet.pixel_array(data)


@pytest.mark.parametrize(("count", "says"), [(1, "1 byte of 0"), (2, "2 bytes of 0")])
def test_counts_agree_with_their_nouns(count, says):
    with pytest.raises(dicomet.MissingElementError, match=f"begins with {says}$"):
        dicomet.pixel_array(bytes(count))


def test_options_of_the_caller_override_a_data_set():
    found = oracle.elements(Image(np.arange(30, dtype=np.uint8).reshape(1, 5, 6, 1), 8, 8), bytes(range(30)), "OB")
    data = oracle.data_set(found, oracle.ExplicitVRLittleEndian)
    with pytest.raises(dicomet.MissingElementError, match="'transfer_syntax_uid' is required"):
        dicomet.pixel_array(data)
    array = dicomet.pixel_array(data, transfer_syntax_uid=str(oracle.ExplicitVRLittleEndian))
    assert np.array_equal(array.ravel(), np.arange(30))


# Commands and loaders

BROKEN = {"empty.dcm": "it is empty", "page.DCM": "HTML", "zeros.dicom": "bytes of 0"}


@pytest.fixture
def mixed(tmp_path):
    """A folder with an image, files that are DICOM by their names only, and other files."""
    root = tmp_path / "in"
    root.mkdir()
    for name, data in {
        "a.dcm": image(1),
        "empty.dcm": b"",
        "page.DCM": b"<html>503</html>",
        "zeros.dicom": bytes(5000),
        "notes.txt": b"notes",
        "picture": b"\x89PNG\r\n\x1a\n",
        "._a.dcm": b"\0\5\x16\7" + bytes(4000),
    }.items():
        (root / name).write_bytes(data)
    return root


def test_convert_names_dcm_files_that_are_none(mixed, tmp_path, capsys):
    report = tmp_path / "report.csv"
    assert main(["convert", str(mixed), "-o", str(tmp_path / "out"), "--report", str(report)]) == 1
    printed = capsys.readouterr()
    assert printed.out == "1 converted, 0 existing, 3 skipped, 3 failed\n"
    for name, says in BROKEN.items():
        line = next(line for line in printed.err.splitlines() if name in line)
        assert line.count(name) == 1
        assert "not a DICOM file" in line
        assert says in line
    with report.open(newline="") as file:
        status = {os.path.basename(row["source"]): row["status"] for row in csv.DictReader(file)}  # noqa: PTH119
    assert {name for name, of_it in status.items() if of_it == "failed"} == set(BROKEN)


def test_convert_fails_for_such_a_member_of_an_archive(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a/a.dcm", image(1))
        archive.writestr("a/empty.dcm", b"")
        archive.writestr("a/readme", b"text")
    assert main(["convert", str(tmp_path / "in.zip"), "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.out == "1 converted, 0 existing, 1 skipped, 1 failed\n"
    assert "empty.dcm: not a DICOM file: it is empty" in printed.err


def test_show_crosses_them_out(mixed, tmp_path, capsys):
    assert main(["show", str(mixed), "-o", str(tmp_path / "sheet.png")]) == 1
    lines = capsys.readouterr().out.splitlines()
    for name, says in BROKEN.items():
        line = next(line for line in lines if name in line)
        assert line.count(name) == 1
        assert "error: not a DICOM file" in line
        assert says in line
    assert "3 files without an image" in lines


def test_loaders_raise_for_them(mixed):
    paths = find_files(mixed)
    assert [path.name for path in paths] == ["a.dcm", *BROKEN]
    for path in paths[1:]:
        with pytest.raises(dicomet.PixelDataError, match="not a DICOM file") as error:
            FrameLoader()(path)
        assert str(error.value).count(str(path)) == 1


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_names_that_say_dicom(suffix):
    assert is_named_dicom(f"x/a{suffix}")
    assert is_named_dicom(f"x/a{suffix.upper()}")
    assert not is_named_dicom(f"x/.a{suffix}")
    assert not is_named_dicom(f"x{suffix}/a.png")


# Sources without an offset (test_streams.py has those that are read)


def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe.dcm"
    os.mkfifo(path)
    for function in (dicomet.pixel_array, lambda source: next(dicomet.pixel_arrays([source]))):
        with pytest.raises(OSError, match="not seekable: give its bytes") as error:
            function(path)
        assert error.value.filename == str(path)


# The file in the message

DAMAGED = dicom(gray(3), bits=12)[:-20]


def ways(path):
    """Every public function, and the loaders."""

    def of_open(source):
        with dicomet.open(source) as opened:
            return opened[0]

    return {
        "pixel_array": lambda: dicomet.pixel_array(path),
        "index": lambda: dicomet.pixel_array(path, index=0),
        "iter_pixels": lambda: list(dicomet.iter_pixels(path)),
        "open": lambda: of_open(path),
        "slice": lambda: dicomet.open(path)[:],
        "iteration": lambda: list(dicomet.open(path)),
        "pixel_arrays": lambda: list(dicomet.pixel_arrays([path])),
        "to_display": lambda: dicomet.to_display(path),
        "modality_values": lambda: dicomet.modality_values(path),
        "convert_file": lambda: dicomet.convert_file(path, "x.npy"),
        "loader": lambda: FrameLoader()(path),
    }


@pytest.mark.parametrize("data", [DAMAGED, b"text"], ids=["damaged", "no DICOM file"])
@pytest.mark.parametrize("name", ways(None))
def test_an_error_names_the_file_once(tmp_path, monkeypatch, data, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "image.dcm"
    path.write_bytes(data)
    for source in (path, str(path)):
        with pytest.raises(dicomet.PixelDataError) as error:
            ways(source)[name]()
        assert error.value.filename == str(path)
        assert str(error.value) == f"{path}: {error.value.reason}"
        assert str(path) not in error.value.reason
        assert not getattr(error.value, "__notes__", ())


def test_a_file_object_with_a_name(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DAMAGED)
    with path.open("rb") as file, pytest.raises(dicomet.PixelDataError) as error:
        dicomet.pixel_array(file)
    assert error.value.filename == str(path)


def test_what_has_no_name_is_not_named():
    for source in (DAMAGED, io.BytesIO(DAMAGED), memoryview(DAMAGED)):
        with pytest.raises(dicomet.PixelDataError) as error:
            dicomet.pixel_array(source)
        assert error.value.filename is None
        assert str(error.value) == error.value.reason


def test_a_named_error_is_pickled_with_its_name(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(b"text")
    with pytest.raises(dicomet.MissingElementError) as error:
        dicomet.pixel_array(path)
    copied = pickle.loads(pickle.dumps(error.value))  # noqa: S301 - our own
    assert type(copied) is type(error.value)
    assert (str(copied), copied.filename, copied.element) == (str(error.value), str(path), error.value.element)


def test_a_file_name_is_one_line(tmp_path):
    path = tmp_path / "a\nb.dcm"
    path.write_bytes(b"text")
    with pytest.raises(dicomet.PixelDataError) as error:
        dicomet.pixel_array(path)
    assert "\n" not in str(error.value)
    assert error.value.filename == str(path)


def test_info_names_the_file_in_its_own_line(tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(DAMAGED)
    described = describe(path)
    assert described["file"] == str(path)
    assert described["error"]
    assert str(path) not in described["error"]
