"""JPEG images (PS3.5 A.4.1) whose frames have different headers, and large frames, on several threads."""

import signal
import threading
from functools import cache

import jpeg_streams as streams
import numpy as np
import oracle
import pytest
from jpeg_streams import (
    by_libjpeg,
    by_pillow,
    dicom,
    extended,
    images,
    lossless,
    lossless_by_libjpeg,
    quietly,
    raw,
    same,
    size,
    texture,
)
from open_images import Alarm

import dicomet


def mixed(kind: str) -> tuple[list[bytes], int, dict]:
    """Frames whose headers differ."""
    gray, color, deep = texture(30, 41), texture(30, 41, samples=3), texture(30, 41, 12)
    if kind == "quality":
        return [by_pillow(gray, quality=level) for level in (10, 50, 90, 90, 20)], 8, {}
    if kind == "restart interval":
        return (
            [by_pillow(gray, **more) for more in ({}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 2})],
            8,
            {},
        )
    if kind == "process":
        return [by_pillow(gray), by_pillow(gray, progressive=True), lossless(gray, 8, 6), by_pillow(gray)], 8, {}
    if kind == "sampling":
        return [by_pillow(color, subsampling=how) for how in (0, 1, 2, 2, 1, 0)], 8, {}
    return [extended(deep), by_pillow(gray), extended(deep), lossless(deep, 12), lossless(gray, 8)], 12, {}


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["quality", "restart interval", "process", "sampling", "precision"])
def test_frames_with_different_headers(kind, workers):
    frames, stored, form = mixed(kind)
    frames = frames * 4
    data = dicom(frames, stored, **form)
    expected = [by_libjpeg(frame) for frame in frames]
    for found in (quietly(raw, data, workers=workers), quietly(lambda: list(dicomet.iter_pixels(data, raw=True)))):
        assert len(found) == len(frames)
        for frame, right in zip(found, expected, strict=True):
            assert np.array_equal(frame, right)
    for index in (0, 1, 2, len(frames) - 1):
        assert np.array_equal(quietly(raw, data, index=index, workers=workers), expected[index])
    with dicomet.open(data, raw=True) as opened:
        assert np.array_equal(quietly(opened.frame, 2), expected[2])


def test_frames_with_different_statements_about_colors():
    """RGB and YCbCr in one image: each frame is converted by its own header."""
    color = texture(16, 24, samples=3)
    frames = [by_pillow(color, keep_rgb=True), by_pillow(color, subsampling=0)]
    rgb = streams.imagecodecs.jpeg8_decode(frames[0], colorspace="rgb", outcolorspace="rgb")
    found = quietly(dicomet.pixel_array, dicom(frames * 3, 8, photometric="RGB"))
    for number in range(0, 6, 2):
        assert np.array_equal(found[number], rgb)
        assert np.array_equal(found[number + 1], oracle.ybr_to_rgb(by_libjpeg(frames[1])))


@pytest.mark.parametrize("frame", [0, 1, 4])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_frame_that_contradicts_is_named(frame, workers):
    frames = [by_pillow(texture(30, 41, seed=seed)) for seed in range(6)]
    for other, says in [
        (by_pillow(texture(31, 41)), "the codestream has Rows 31, expected 30"),
        (by_pillow(texture(30, 40)), "the codestream has Columns 40, expected 41"),
        (by_pillow(texture(30, 41, samples=3)), "the codestream has components 3, expected 1"),
        (extended(texture(30, 41, 12)), "the codestream has sample bits 12, expected 8"),
    ]:
        wrong = [*frames[:frame], other, *frames[frame + 1 :]]
        data = oracle.dicom_file(
            oracle.elements(
                streams.described((6, 30, 41, 1), 8),
                oracle.encapsulated([oracle.fragments(stream, []) for stream in wrong], table=True),
                "OB",
            ),
            streams.JPEGExtended12Bit,
        )
        with pytest.raises(dicomet.PixelDataError, match=says) as error:
            dicomet.pixel_array(data, workers=workers)
        assert error.value.frame == frame


# Threads

LARGE = (1024, 1536)


@cache
def large(kind: str) -> bytes:
    """One frame that is worth several threads."""
    samples = np.tile(
        texture(256, 256, 12 if "12" in kind else 8, 3 if "color" in kind else 1), (4, 6, 1)[: 2 + ("color" in kind)]
    )
    if kind == "gray, restarts in rows":
        return by_pillow(samples, restart_marker_blocks=17)
    if kind.startswith("lossless, 12"):
        return lossless_by_libjpeg(samples, 12)
    return by_pillow(samples, **({} if "no" in kind else {"restart_marker_rows": 1}))


KINDS = (*("gray, restarts", "color, restarts", "gray, restarts in rows", "gray, no restarts", "lossless, 12 bits"),)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_frame_on_several_workers(kind):
    stream = large(kind)
    assert size(stream) == LARGE
    bits = 12 if "12" in kind else 8
    data = dicom([stream], bits)
    expected = by_libjpeg(stream)
    for workers in (1, 2, 3, 8):
        assert same(raw(data, workers=workers), expected)
    expected = oracle.ybr_to_rgb(expected) if "color" in kind else expected
    assert same(dicomet.pixel_array(data, workers=3), expected)
    assert same(dicomet.to_display(data, workers=1), dicomet.to_display(data, workers=3))


def test_a_large_frame_with_a_defect_fails_on_several_workers():
    """The same error, whichever thread finds it."""
    stream = large("gray, restarts")
    markers = [at for at in range(len(stream) - 1) if stream[at] == 0xFF and 0xD0 <= stream[at + 1] <= 0xD7]
    for number in (3, 60, len(markers) - 1):
        at = markers[number]
        for wrong in (stream[:at] + stream[at + 2 :], stream[: at - 2] + stream[at:]):
            said = set()
            for workers in (1, 2, 3):
                with pytest.raises(dicomet.PixelDataError, match="frame 0") as error:
                    dicomet.pixel_array(dicom([wrong], 8), workers=workers)
                said.add((str(error.value), error.value.offset))
            assert len(said) == 1, said


def test_python_runs_while_a_frame_is_decoded():
    """Another thread sees the first row of a result that has no last row yet."""
    data = dicom([large("color, restarts")], 8)
    expected = dicomet.pixel_array(data)
    poison = next(byte for byte in range(256) if byte not in (*expected[0, 0], *expected[-1, -1]))
    out = np.empty_like(expected)
    observed, ready, done = threading.Event(), threading.Event(), threading.Event()

    def watch():
        ready.set()
        while not done.is_set():
            if (out[0, 0] != poison).any() and (out[-1, -1] == poison).all():
                observed.set()
                return

    for _ in range(200):
        out[:] = poison
        ready.clear()
        done.clear()
        thread = threading.Thread(target=watch)
        thread.start()
        ready.wait()
        dicomet.pixel_array(data, out=out, workers=1)
        done.set()
        thread.join()
        if observed.is_set():
            return
    pytest.fail("no other thread has run meanwhile")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
@pytest.mark.parametrize("process", ["baseline", "progressive", "lossless"])
def test_a_signal_ends_a_large_frame(process):
    """Long before its last row."""

    def ring(*_):
        raise Alarm

    # Ten thousand rows: signals are checked every 50 ms.
    samples = np.tile(texture(256, 256), (40, 40))
    if process == "lossless":
        stream = lossless_by_libjpeg(samples, 8)
    else:
        stream = by_pillow(samples, progressive=process == "progressive")
    data, out = dicom([stream], 8), np.full(samples.shape, 0xA5, np.uint8)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Alarm):
            dicomet.pixel_array(data, out=out, workers=1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (out[-1] == 0xA5).all()


def test_many_threads_of_python():
    """The same open image, from threads of the caller's."""
    frames, stored, form = images()["4:2:0"]
    data = dicom(frames * 4, stored, **form)
    expected = dicomet.pixel_array(data)
    wrong = []
    with dicomet.open(data) as opened:

        def read(seed: int) -> None:
            order = np.random.default_rng(seed).permutation(len(opened)).tolist()
            wrong.extend(index for index in order if not np.array_equal(opened.frame(index), expected[index]))

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
