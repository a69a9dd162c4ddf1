"""Sources without random access: pipes, sockets, HTTP responses, members of tar streams."""

import errno
import gzip
import io
import os
import socket
import tarfile
import threading

import numpy as np
import pytest
from small_images import DATA, EXPECTED

import dicomet


class Body:
    """The body of an HTTP response, as some clients give it: no `seek`, and reads of any length."""

    def __init__(self, data=DATA, pieces=7):
        self._file = io.BytesIO(data)
        self._pieces = pieces

    def read(self, size=-1):
        return self._file.read(self._pieces if size < 0 else min(size, self._pieces))


class NotSeekable(Body):
    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")


FUNCTIONS = {
    "pixel_array": dicomet.pixel_array,
    "iter_pixels": lambda source: np.stack(list(dicomet.iter_pixels(source))),
    "open": lambda source: dicomet.open(source)[:],
    "pixel_arrays": lambda source: next(dicomet.pixel_arrays([source])),
    "to_display": lambda source: dicomet.to_display(source, window="full"),
    "modality_values": dicomet.modality_values,
}


@pytest.mark.parametrize("source", [Body, NotSeekable])
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_objects_that_only_read(source, function):
    expected = function(DATA)
    assert np.array_equal(function(source()), expected)
    assert np.array_equal(function(source(pieces=1 << 30)), expected)


def test_other_public_functions(tmp_path):
    described = dicomet.info.describe(Body())
    assert {**described, "file": None} == dicomet.info.describe(DATA)
    dicomet.convert_file(Body(), tmp_path / "a.npy", values="stored")
    assert np.array_equal(np.load(tmp_path / "a.npy"), EXPECTED)


def written(write, close):
    """Write in another thread, because a pipe holds little."""

    def run():
        write(DATA)
        close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_pipe_and_a_socket():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file, os.fdopen(writer, "wb") as end:
        thread = written(end.write, end.close)
        assert np.array_equal(dicomet.pixel_array(file), EXPECTED)
        thread.join()
    one, other = socket.socketpair()
    with one, other, one.makefile("rb") as file:
        thread = written(other.sendall, lambda: other.shutdown(socket.SHUT_WR))
        assert np.array_equal(dicomet.pixel_array(file, index=-1), EXPECTED[-1])
        thread.join()


@pytest.mark.parametrize("mode", ["r|", "r|gz", "r:", "r:gz"])
def test_members_of_tar_archives(mode):
    """Those of a stream claim to be seekable."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode=mode.replace("r", "w").replace("|", ":")) as file:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = len(DATA)
            file.addfile(member, io.BytesIO(DATA))
    archive.seek(0)
    with tarfile.open(fileobj=archive, mode=mode) as file:
        for member in file:
            with file.extractfile(member) as content:
                assert np.array_equal(dicomet.pixel_array(content, index=1), EXPECTED[1])


def test_a_gzip_file_is_seekable(tmp_path):
    with gzip.open(tmp_path / "a.gz", "wb") as file:
        file.write(DATA)
    with gzip.open(tmp_path / "a.gz") as file:
        assert np.array_equal(dicomet.pixel_array(file), EXPECTED)
        assert file.tell() == 0


class Endless:
    """Counts the bytes that were read."""

    length = 0

    def read(self, size):
        self.length += size
        return b"\0" * size


@pytest.mark.parametrize("function", [dicomet.pixel_array, dicomet.open, dicomet.to_display])
def test_max_bytes(function, monkeypatch):
    endless = Endless()
    with pytest.raises(dicomet.PixelDataError, match="'src': found more bytes, expected at most the 5000000 of 'max_b"):
        function(endless, max_bytes=5_000_000)
    assert endless.length == 5_000_001
    assert function(Body(), max_bytes=len(DATA)) is not None
    with pytest.raises(dicomet.PixelDataError, match="'src': found more bytes"):
        function(Body(), max_bytes=len(DATA) - 1)
    monkeypatch.setenv("DICOMET_MAX_BYTES", "100")
    with pytest.raises(
        dicomet.PixelDataError, match="at most the 100 of 'max_bytes' of an object that is not seekable"
    ):
        function(Body())
    with pytest.raises(ValueError, match="'max_bytes': found -1"):
        function(Body(), max_bytes=-1)
    assert "at most the 100 of" in dicomet.info.describe(Body())["error"]


def test_what_an_object_reads():
    class Reads:
        def __init__(self, piece):
            self.piece = piece

        def read(self, _size):
            return self.piece

    with pytest.raises(TypeError, match="'src': found an object that reads str, expected one that reads bytes"):
        dicomet.pixel_array(Reads("text"))
    with pytest.raises(BlockingIOError, match="expected an object that waits") as error:
        dicomet.pixel_array(Reads(None))
    assert error.value.errno == errno.EAGAIN
    with pytest.raises(dicomet.MissingElementError, match="not a DICOM file: it is empty"):
        dicomet.pixel_array(Reads(b""))
    # More than was requested.
    with pytest.raises(dicomet.PixelDataError, match="found more bytes"):
        dicomet.pixel_array(Reads(bytes(100)), max_bytes=10)


def test_errors_of_the_object_are_passed_on():
    class Broken:
        def read(self, _size):
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        dicomet.pixel_array(Broken())


def test_reading_begins_at_the_position():
    body = NotSeekable(b"rest" + DATA)
    body.read(4)
    assert np.array_equal(dicomet.pixel_array(body), EXPECTED)
