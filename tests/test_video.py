"""`dicomet convert --format video`: the stream of a video object, as it is, and what it is compared with."""

import io
import json
from pathlib import Path

import numpy as np
import oracle
import pydicom
import pytest
from pydicom.uid import UID
from small_images import DATA
from video_streams import (
    FRAGMENTABLE_H_264,
    FRAGMENTABLE_MPEG_2,
    H_264,
    HEVC,
    MPEG_2,
    PACK,
    PROGRAM_END,
    STREAMS,
    SYNTAXES,
    box,
    mp4,
    video_file,
)

import dicomet
from dicomet.__main__ import main
from dicomet.convert import stream_bytes
from dicomet.convert.formats import VIDEO
from dicomet.convert.video import Video
from dicomet.info import describe


def written(tmp_path: Path, data: bytes, name: str = "out.video") -> tuple[Path, bytes]:
    """The file of a video object, and its content."""
    done = dicomet.convert_file(data, tmp_path / "results" / name)
    assert done.status == "converted"
    (path,) = map(Path, done.outputs)
    assert [path] == list(path.parent.iterdir())
    return path, path.read_bytes()


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_is_written_as_it_is(tmp_path, name):
    coding, suffix, stream = STREAMS[name]
    path, content = written(tmp_path, video_file([stream], SYNTAXES[coding]))
    assert path.name == f"out{suffix}"
    assert content.startswith(stream)
    # A byte that makes the length even stays where it may belong to the stream.
    assert len(content) - len(stream) in (0, len(stream) % 2)


def test_the_suffixes_are_those_of_the_format():
    assert {suffix for _, suffix, _ in STREAMS.values()} | {".video", ".mpeg"} == set(VIDEO.suffixes)


@pytest.mark.parametrize("source", ["path", "file", "data set"])
def test_sources(tmp_path, source):
    _, suffix, stream = STREAMS["MP4 of H.264"]
    path = tmp_path / "video.dcm"
    path.write_bytes(video_file([stream], H_264, frames=12))
    given = {"path": path, "file": io.BytesIO(path.read_bytes()), "data set": pydicom.dcmread(path)}[source]
    done = dicomet.convert_file(given, tmp_path / f"out{suffix}")
    assert done.outputs == (str(tmp_path / "out.mp4"),)
    assert done.frames == 12
    assert (tmp_path / "out.mp4").read_bytes() == stream


@pytest.mark.parametrize("syntax", [FRAGMENTABLE_H_264, H_264])
@pytest.mark.parametrize("sizes", [(2, 2, 2), (10, 100, 2), (300,), (2,) * 60])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_fragments_are_joined(tmp_path, monkeypatch, syntax, sizes, chunk):
    monkeypatch.setattr(stream_bytes, "CHUNK", chunk)
    monkeypatch.setattr(stream_bytes, "_FRAGMENTS", 3)
    stream, parts, at = mp4(b"avc1", data=bytes(range(200))), [], 0
    for size in sizes:
        parts.append(stream[at : at + size])
        at += size
    parts.append(stream[at:])
    assert written(tmp_path, video_file(parts, syntax))[1] == stream


def odd(stream: bytes) -> bool:
    return len(stream) % 2 == 1


def test_provable_padding_is_left_out(tmp_path):
    stream = next(stream for stream in (mp4(b"avc1", data=bytes(n)) for n in (6, 7)) if odd(stream))
    assert written(tmp_path / "mp4", video_file([stream], H_264))[1] == stream
    # A size of 0: the box extends to the end of the file, of which the zero may be a part.
    open_end = box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov") + bytes(4) + b"mdat" + b"123"
    with pytest.warns(UserWarning, match="does not say how it is coded, expected H"):
        assert written(tmp_path / "open", video_file([open_end], H_264))[1] == open_end + b"\0"
    program = PACK + b"\1" * (1 - len(PACK + PROGRAM_END) % 2) + PROGRAM_END
    assert odd(program)
    assert written(tmp_path / "program", video_file([program], MPEG_2))[1] == program
    raw = STREAMS["H.264"][2] + b"\x80" * (1 - len(STREAMS["H.264"][2]) % 2)
    assert odd(raw)
    assert written(tmp_path / "kept", video_file([raw], H_264))[1] == raw + b"\0"
    assert written(tmp_path / "stated", video_file([raw], H_264, total=len(raw)))[1] == raw
    assert written(tmp_path / "wrong", video_file([raw], H_264, total=len(raw) - 1))[1] == raw + b"\0"


def test_only_a_zero_is_padding(tmp_path):
    stream = next(stream for stream in (mp4(b"avc1", data=bytes(n)) for n in (6, 7)) if odd(stream))
    assert written(tmp_path / "1", video_file([stream + b"\1"], H_264))[1] == stream + b"\1"
    whole = next(stream for stream in (mp4(b"avc1", data=bytes(n)) for n in (6, 7)) if not odd(stream))
    assert written(tmp_path / "2", video_file([whole + b"\0\0"], H_264))[1] == whole + b"\0\0"


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("name", STREAMS)
def test_the_coding_must_be_that_of_the_transfer_syntax(tmp_path, name, syntax):
    coding, _, stream = STREAMS[name]
    if coding == syntax:
        return
    with pytest.raises(dicomet.PixelDataError, match=rf"found an? .*{coding}.*, expected {syntax} as the transfer"):
        dicomet.convert_file(video_file([stream], SYNTAXES[syntax]), tmp_path / "out.video")
    assert not list(tmp_path.iterdir())


REFUSED = {
    "no fragment": (video_file([], H_264), "found 0 frames, expected 1"),
    "no stream": (video_file([b"RIFF1234AVI "], H_264), "begin with 52 49 46 46 31 32 33 34, expected a video stream"),
    "zeros": (video_file([bytes(400)], H_264), "expected a video stream"),
    "MPEG-2 of an unknown start code": (video_file([b"\0\0\1\xb8\0\0\0\0"], MPEG_2), "expected a video stream"),
    "cut": (video_file([STREAMS["H.264"][2]], H_264)[:-12], "found an item of|found the end of the data"),
    "an image": (DATA, "found Explicit VR Little Endian, expected one of video"),
    "JPIP": (
        oracle.dicom_file({0x00280010: ("US", b"\1\0")}, UID("1.2.840.10008.1.2.4.94")),
        "JPIP client",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_video(tmp_path, name):
    data, says = REFUSED[name]
    with pytest.raises(dicomet.PixelDataError, match=says):
        dicomet.convert_file(data, tmp_path / "out.video")
    assert not list(tmp_path.iterdir())


def test_a_name_of_another_stream(tmp_path):
    data = video_file([STREAMS["program stream"][2]], MPEG_2)
    with pytest.raises(ValueError, match=r"expected a name that ends in \.mpg or \.mpeg for an MPEG program stream"):
        dicomet.convert_file(data, tmp_path / "out.mp4")
    assert dicomet.convert_file(data, tmp_path / "out.MPEG").outputs == (str(tmp_path / "out.MPEG"),)


@pytest.mark.parametrize(
    "option",
    [
        {"window": (40, 400)},
        {"dtype": "uint8"},
        {"size": 64},
        {"frames": 0},
        {"channels": 1},
        {"values": "stored"},
        {"quality": 50},
        {"interpolation": "nearest"},
        {"values": "stored", "raw": True},
    ],
    ids=str,
)
def test_options_that_change_pixels(tmp_path, option):
    data = video_file([STREAMS["H.264"][2]], H_264)
    with pytest.raises(ValueError, match="does not go with video, which is written as it is"):
        dicomet.convert_file(data, tmp_path / "out.video", **option)


def test_other_formats_do_not_offer_video(tmp_path):
    with pytest.raises(ValueError, match="TIFF, NPY and NPZ can"):
        dicomet.convert_file(DATA, tmp_path / "out.jpg", values="modality")
    with pytest.raises(ValueError, match="cannot hold float32") as error:
        dicomet.convert_file(DATA, tmp_path / "out.png", dtype="float32")
    assert "VIDEO" not in str(error.value)


def convert(*arguments) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(video_file([STREAMS["MP4 of H.264"][2]], H_264, frames=5))
    (folder / "b.dcm").write_bytes(video_file([STREAMS["program stream"][2]], FRAGMENTABLE_MPEG_2))
    (folder / "ct.dcm").write_bytes(DATA)
    (folder / "notes.txt").write_text("no DICOM")
    return folder


def test_the_command(study, tmp_path, capsys):
    out, report = tmp_path / "out", tmp_path / "report.json"
    arguments = (study, "-o", out, "--format", "video", "--workers", 1, "--report", report)
    assert convert(*arguments) == 0
    assert capsys.readouterr().out == "2 converted, 0 existing, 2 skipped, 0 failed\n"
    assert sorted(path.name for path in out.iterdir()) == ["a.mp4", "b.mpg"]
    assert (out / "a.mp4").read_bytes() == STREAMS["MP4 of H.264"][2]
    rows = {Path(row["source"]).name: row for row in json.loads(report.read_text())}
    assert rows["a.dcm"]["outputs"] == [str(out / "a.mp4")]
    assert rows["a.dcm"]["frames"] == 5
    assert "expected one of video" in rows["ct.dcm"]["reason"]
    changed = (out / "a.mp4").stat().st_mtime_ns
    assert convert(*arguments, "--skip-existing") == 0
    assert capsys.readouterr().out == "0 converted, 2 existing, 2 skipped, 0 failed\n"
    assert (out / "a.mp4").stat().st_mtime_ns == changed


def test_the_command_for_one_file(study, tmp_path, capsys):
    assert convert(study / "a.dcm", "-o", tmp_path / "a.mp4") == 0
    assert (tmp_path / "a.mp4").read_bytes() == STREAMS["MP4 of H.264"][2]
    assert convert(study / "ct.dcm", "-o", tmp_path / "ct.video") == 1
    assert "expected one of video" in capsys.readouterr().err
    assert convert(study / "a.dcm", "-o", tmp_path / "out", "--format", "video", "--size", 64) == 2


def test_pictures_of_a_video_name_the_command(study, tmp_path, capsys):
    assert convert(study / "a.dcm", "-o", tmp_path / "a.png") == 1
    assert "dicomet convert --format video writes it to a file" in capsys.readouterr().err
    info = describe(study / "a.dcm")
    assert info["transfer_syntax"] == "MPEG-4 AVC/H.264 High Profile / Level 4.1"
    assert "dicomet convert --format video" in info["error"]


def test_no_source_is_replaced(study, capsys):
    """A DICOM file that has the name of a stream."""
    (study / "a.mp4").write_bytes((study / "a.dcm").read_bytes())
    before = (study / "a.mp4").read_bytes()
    assert convert(study / "a.dcm", study / "a.mp4", "-o", study, "--format", "video") == 2
    assert "would replace" in capsys.readouterr().err
    with pytest.raises(ValueError, match="would replace the source"):
        dicomet.convert_file(study / "a.mp4", study / "a.video")
    assert (study / "a.mp4").read_bytes() == before


def test_a_failure_leaves_nothing(study, tmp_path, monkeypatch):
    def fail(_self, file):
        file.write(b"partial")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dicomet.convert.video.Video.write", fail)
    with pytest.raises(OSError, match="No space"):
        dicomet.convert_file(study / "a.dcm", tmp_path / "out" / "a.video")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.filterwarnings("ignore")
def test_any_bytes_are_recognized_or_refused():
    """Damaged containers neither fail otherwise nor take long."""
    rng = np.random.default_rng(5)
    for coding, _, stream in STREAMS.values():
        for _ in range(60):
            damaged = bytearray(stream)
            for place in rng.integers(0, len(damaged), rng.integers(1, 4)):
                damaged[place] = rng.integers(0, 256)
            data = video_file([bytes(damaged[: rng.integers(1, len(damaged) + 1)])], SYNTAXES[coding])
            try:
                stream_of = Video(data)
            except dicomet.PixelDataError:
                continue
            file = io.BytesIO()
            stream_of.write(file)
            assert file.getvalue()


def test_nested_boxes_are_limited(monkeypatch):
    monkeypatch.setattr("dicomet.convert.mp4._MAX_BOXES", 500)
    many = box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", box(b"trak") * 5000) + box(b"free") * 5000
    reads = []
    original = stream_bytes.StreamBytes.read
    monkeypatch.setattr(stream_bytes.StreamBytes, "read", lambda self, *a: reads.append(a) or original(self, *a))
    with pytest.warns(UserWarning, match="does not say"):
        Video(video_file([many], HEVC))
    assert len(reads) < 1100
