"""`frame_parts`: multipart bodies, from independent writers and over HTTP, hostile ones among them."""

import email
import email.policy
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pydicom
import pytest
from files import ROOTS
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames
from random_images import PROPERTY

import dicomet
from dicomet._parsing.multipart import MAX_HEADERS

RELATED = 'multipart/related; type="image/jls"; boundary={}'


def body(parts, boundary=b"b", preamble=b"", epilogue=b"\r\n") -> bytes:
    """Write a multipart body by RFC 2046 5.1.1: `parts` are headers and content."""
    written = b"".join(b"--" + boundary + b"\r\n" + head + b"\r\n" + data + b"\r\n" for head, data in parts)
    return preamble + written + b"--" + boundary + b"--" + epilogue


def header(media_type: str) -> bytes:
    return f"Content-Type: {media_type}\r\n".encode()


JLS, JP2 = header("image/jls"), header("image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91")
# Everything that could be taken for a delimiter, but is none.
NASTY = (
    b"\r\n--bb\r\n",
    b"--bb\r\n",
    b"\n--b\n",
    b"\r\n-b\r\n",
    b"\r\n\r\n--",
    b"\r\n--bx--",
    b"\r\n--b -- \r\n",
    b"\r",
)


def parts_of(content: bytes, content_type: str = RELATED.format("b")) -> list[tuple[str, bytes]]:
    return [(part.media_type, bytes(part.data)) for part in dicomet.frame_parts(content, content_type)]


@PROPERTY
@given(
    st.lists(st.tuples(st.sampled_from([JLS, JP2, b""]), st.binary(max_size=30) | st.sampled_from(NASTY)), min_size=1)
)
@example([(b"", b"")])
@example([(JLS, data) for data in NASTY])
def test_parts_are_as_they_were_written(parts):
    parts = [(head, data) for head, data in parts if b"\r\n--b" not in data or data in NASTY]
    if not parts:
        return
    types = {JLS: "image/jls", JP2: JP2[14:-2].decode(), b"": "image/jls"}
    expected = [(types[head], data) for head, data in parts]
    for preamble, epilogue in ((b"", b""), (b"", b"\r\n"), (b"see below\r\n", b"\r\nmore\r\n--b\r\n")):
        assert parts_of(body(parts, preamble=preamble, epilogue=epilogue)) == expected


@PROPERTY
@given(st.lists(st.binary(max_size=30).map(lambda data: data.replace(b"\r", b"x").replace(b"\n", b"y")), min_size=1))
def test_parts_are_those_of_the_email_package(contents):
    """An independent reader, which takes the lines of a content for text."""
    written = body([(JLS, data) for data in contents], b"=_b'()+_,-./:=?")
    content_type = RELATED.format('"=_b\'()+_,-./:=?"')
    message = email.message_from_bytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + written, policy=email.policy.HTTP
    )
    expected = [(part["Content-Type"], part.get_payload(decode=True)) for part in message.iter_parts()]
    assert parts_of(written, content_type) == expected


def test_lines_of_the_boundary():
    written = body([(JLS, b"one"), (JLS, b"two")]).replace(b"--b\r\n", b"--b \t \r\n")
    assert [data for _, data in parts_of(written)] == [b"one", b"two"]
    for boundary in (b"a" * 70, b"(.*)+[", b"two words"):
        content_type = f'Multipart/Related; BOUNDARY="{boundary.decode()}"'
        assert parts_of(body([(JLS, b"one")], boundary), content_type) == [("image/jls", b"one")]


def test_a_body_of_another_type_is_one_part():
    for content_type in ("image/jls", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80"):
        assert parts_of(b"frame", content_type) == [(content_type, b"frame")]


@pytest.mark.parametrize(
    "content_type", ["multipart/related", RELATED.format(""), RELATED.format("x" * 71), RELATED.format("é")]
)
def test_boundaries(content_type):
    with pytest.raises(dicomet.PixelDataError, match=r"'content_type': found .* expected a boundary of 1 to 70"):
        parts_of(body([(JLS, b"one")]), content_type)


@pytest.mark.parametrize("written", [b"", b"--c\r\n", b"--b", b"x--b\r\n\r\n--b--", b"--bx\r\n"])
def test_bodies_without_parts(written):
    with pytest.raises(dicomet.PixelDataError, match=r"multipart body(, part 0)?: found "):
        parts_of(written)


def test_a_body_that_ends_early():
    written = body([(JLS, b"one"), (JLS, b"two")])
    whole = [b"one", b"two"]
    for end in range(1, len(written)):
        found, error = parts_and_error(written[:end])
        assert found == whole[: len(found)]
        # Only the epilogue may be missing.
        assert (error is None) == (end >= len(written) - 2)


def parts_and_error(content):
    """Return the parts before the defect, and the error, if there is one."""
    found = []
    try:
        for part in dicomet.frame_parts(content, RELATED.format("b")):
            found += [bytes(part.data)]
    except dicomet.PixelDataError as raised:
        return found, raised
    return found, None


@pytest.mark.parametrize(
    "head", [b"Content-Type: image/jls", b"X: " + b"y" * MAX_HEADERS + b"\r\n"], ids=["none", "long"]
)
def test_headers_without_an_end(head):
    with pytest.raises(dicomet.PixelDataError, match="found no empty line after the headers of"):
        parts_of(b"--b\r\n" + head + b"\r\n--b--")


@PROPERTY
@given(
    st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"\n", b" ", b"b", b"Content-Type:", b"\0", b"=?x?", b"\xff"]))
)
def test_any_body(pieces):
    found, error = parts_and_error(b"".join(pieces))
    assert found or error
    assert error is None or str(error).isprintable()


def test_time_grows_with_the_body():
    """Many lines that almost are delimiters, and parts without content: each byte is read a few times."""
    count = 100_000
    with pytest.raises(dicomet.PixelDataError, match="found the end"):
        parts_of(b"--b\r\n\r\n" + b"\r\n--b" + b" " * count + b"x" + b"\r\n--bx" * count)
    assert len(parts_of(b"--b\r\n" + b"\r\n\r\n\r\n--b" * count + b"--")) == count


def test_other_types():
    with pytest.raises(TypeError, match="'content_type': found NoneType, expected the text of a Content-Type"):
        next(dicomet.frame_parts(b"", None))
    with pytest.raises(TypeError, match="'src': found int"):
        next(dicomet.frame_parts(3, "image/jls"))


@pytest.fixture
def server():
    """A server of one instance, as a DICOMweb origin server answers (PS3.18 10.4.1.1.5, 10.4.1.1.6)."""
    dataset = pydicom.dcmread(ROOTS["pydicom"] / "SC_rgb_rle_2frame.dcm")
    frames = list(generate_frames(dataset.PixelData, number_of_frames=2))
    rle = header("image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5")
    answers = {
        "/metadata": ("application/dicom+json", f"[{dataset.to_json()}]".encode()),
        "/frames/1,2": (RELATED.format('"x=y"'), body([(rle, frame) for frame in frames], b"x=y")),
    }

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            content_type, content = answers[self.path]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running.server_address
        running.shutdown()
        thread.join()


def test_frames_over_http(server):
    def get(path):
        connection = http.client.HTTPConnection(*server)
        connection.request("GET", path)
        return connection.getresponse()

    with get("/metadata") as response:
        metadata = json.load(response)
    with get("/frames/1,2") as response:
        parts = list(dicomet.frame_parts(response, response.headers["Content-Type"]))
    frames = [dicomet.decode_frame(part.data, metadata, media_type=part.media_type) for part in parts]
    assert np.array_equal(frames, dicomet.pixel_array(ROOTS["pydicom"] / "SC_rgb_rle_2frame.dcm"))
    with get("/frames/1,2") as response, pytest.raises(dicomet.PixelDataError, match="at most the 1000 of 'max_bytes'"):
        next(dicomet.frame_parts(response, response.headers["Content-Type"], max_bytes=1000))
