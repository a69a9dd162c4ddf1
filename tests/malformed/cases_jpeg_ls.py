"""JPEG-LS headers (ISO/IEC 14495-1 Annex C): segments that are cut, missing, repeated or contradictory.

The frames of `cases_jpeg_ls_data.py` have defects in the entropy-coded data. Each frame is read in two ways, by turns:
the decoder is the same for all.
"""

import itertools
import re
from collections.abc import Iterator

import numpy as np
from build import image, items
from build_jpeg import Parts, relength
from build_jpeg_ls import coded, frame, interval, lines, marker_of, of_no_lines, parameters, parts, scan
from cases import WAYS, bytes_of, color, decoded, gray, refused, warned
from codestreams import JFIF, hp_transform, segment
from jpeg_ls_streams import LINE, SAMPLE, Scan, mapping_table, oversize, transformed

SYNTAX, NEAR_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
WORDS, BYTES, COLORS = gray(), bytes_of(), color()
EIGHT = {"bits_allocated": 8}
THREE = {**EIGHT, "samples": 3, "photometric": "RGB", "planar": 0}
ALL = (0, 1, 2)
TABLE = np.arange(256, dtype=np.uint8)[::-1]

WHOLE, SMALL = coded(WORDS[0], 16), coded(BYTES[0], 8)
BY_LINE, BY_SAMPLE = coded(COLORS[0], 8, [Scan(ALL, LINE)]), coded(COLORS[0], 8, [Scan(ALL, SAMPLE)])
THREE_SCANS = coded(COLORS[0], 8, [Scan((number,)) for number in ALL])
INTERVALS = coded(WORDS[0], 16, [Scan(rows=1)])
MAPPED = coded(BYTES[0], 8, [Scan(table=1)], segments=mapping_table(1, TABLE, 100))
OF_SEGMENT = coded(WORDS[0], 16, segments=oversize(4, 6), frame=frame(rows=0, columns=0))
OF_DNL = of_no_lines(WORDS[0], 16)
TRANSFORMED = parts(transformed(COLORS[0], 1))
NO_HEADER = "frame 0: found no frame header, expected that of a JPEG"
SCAN = "SOS, scan 0: "


def one(stream: bytes, syntax: str = SYNTAX, **given: object) -> bytes:
    """A file with one frame."""
    return image(items([stream]), syntax, **given)


LEFT = "the drop-in leaves malformed frames to pydicom, and the time of CharLS for them is unbounded"
TURNS: Iterator[int] = itertools.count()


def some(ways: int = 2) -> dict:
    """Options of a case: this number of ways, by turns, without pydicom."""
    first = next(TURNS)
    return {"ways": tuple(WAYS[(first + 3 * number) % len(WAYS)] for number in range(ways)), "without": LEFT}


def stops(name: str, stream: bytes, offset: int | None, text: str, **given: object) -> None:
    """Add a frame that is refused at this offset, with this text."""
    found = text if offset is None else f"offset {offset}: {text}"
    refused(f"JPEG-LS, {name}", one(stream, **given), re.escape(found), frame=0, offset=offset, **some())


def is_whole(name: str, stream: bytes, frames: np.ndarray = WORDS, **given: object) -> None:
    """Add a frame that is decoded."""
    decoded(f"JPEG-LS, {name}", one(stream, **given), frames, **some())


def is_reported(name: str, stream: bytes, warning: str, frames: np.ndarray = WORDS, **given: object) -> None:
    """Add a frame that is decoded with a warning."""
    warned(f"JPEG-LS, {name}", one(stream, **given), frames, warning, **some())


# Valid frames

for name, found, frames, given in [
    ("right", WHOLE, WORDS, {}),
    ("right, 8 bits", SMALL, BYTES, EIGHT),
    ("right, restart intervals", INTERVALS, WORDS, {}),
    ("right, by line", BY_LINE, COLORS, THREE),
    ("right, by sample", BY_SAMPLE, COLORS, THREE),
    ("right, three scans", THREE_SCANS, COLORS, THREE),
    ("right, mapping table", MAPPED, TABLE[BYTES], EIGHT),
    ("right, size in LSE", OF_SEGMENT, WORDS, {}),
    ("right, size in DNL", OF_DNL, WORDS, {}),
    ("right, color transform", TRANSFORMED, COLORS, THREE),
    ("right, in the other syntax", WHOLE, WORDS, {"syntax": NEAR_LOSSLESS}),
]:
    decoded(f"JPEG-LS, {name}", one(found.stream(), **given), frames, without=LEFT)

# Every segment: cut in the marker, in the length, in the contents; and the length itself wrong

FULL = Parts(
    soi=WHOLE["soi"],
    sof=WHOLE["sof"],
    app8=hp_transform(0),
    com=segment(0xFE, b"x" * 9),
    lse=parameters(65535, (18, 67, 276), 64),
    lse2=segment(0xF8, b"\2\7\1" + bytes(9)),
    lse3=segment(0xF8, b"\3\7\1" + bytes(5)),
    lse4=oversize(4, 6),
    dri=interval(0),
    sos=WHOLE["sos"],
    data=WHOLE["data"],
    dnl=lines(4),
    eoi=WHOLE["eoi"],
)
"""All kinds of segments, of which none changes a sample."""
SEGMENTS = [name for name in FULL if name not in ("soi", "sof", "data", "eoi")]
is_whole("all segments", FULL.stream())
for length in (1, 3, 12):
    stops(f"sof cut after {length} bytes", FULL.until("sof", length), None, NO_HEADER)
for name in SEGMENTS:
    marker, at = marker_of(name), FULL.start(name) + 2
    if name == "dnl":
        # The byte FF may be padding.
        is_reported("dnl cut after 1 byte", FULL.until(name, 1), "frame 0: the codestream has no end marker")
    else:
        stops(f"{name} cut after 1 byte", FULL.until(name, 1), at - 2, "found the end of the data, expected a scan")
    for length, what in [(3, "the length"), (len(FULL[name]) - 1, "the rest")]:
        stops(f"{name} cut after {length} bytes", FULL.until(name, length), at,
              f"{marker}, found the end of the data, expected {what} of a segment")  # fmt: skip
    for length, text in [
        (0, "`segment length`: found 0, expected 2"),
        (1, "`segment length`: found 1, expected 2"),
        (65535, "found the end of the data, expected the rest of a segment"),
    ]:
        stops(
            f"{name} of length {length}", FULL.stream(**{name: relength(FULL[name], length)}), at, f"{marker}, {text}"
        )

for name, length, offset, text in [
    ("sof", 0, None, NO_HEADER),
    ("sof", 1, None, NO_HEADER),
    ("sof", 2, None, NO_HEADER),
    ("sof", 10, None, NO_HEADER),
    ("sof", 12, 14, "SOF55, `segment length`: found 1, expected 0"),
    ("sof", 65535, None, NO_HEADER),
    ("app8", 2, 19, "found the byte 6D, expected a marker"),
    ("app8", 8, 25, "found the byte FE, expected a marker"),
    ("com", 10, 36, "found the byte 78, expected a marker"),
    ("com", 12, 38, "found the byte F8, expected a marker"),
    ("lse", 2, 40, "LSE, `segment length`: found 0, expected 1"),
    ("lse", 12, 49, "LSE, `segment length`: found 1, expected 2"),
    ("lse", 14, 51, "LSE, `segment length`: found 1, expected 0"),
    ("lse2", 2, 55, "LSE, `segment length`: found 0, expected 1"),
    ("lse2", 13, 67, "found the byte 00, expected a marker"),
    ("lse2", 15, 69, "found the byte F8, expected a marker"),
    ("lse3", 3, 72, "LSE, `segment length`: found 0, expected 1"),
    ("lse3", 9, 79, "found the byte 00, expected a marker"),
    ("lse4", 3, 84, "LSE, `segment length`: found 0, expected 1"),
    ("lse4", 11, 89, "LSE, `segment length`: found 3, expected 4"),
    ("lse4", 13, 93, "LSE, `segment length`: found 1, expected 0"),
    ("dri", 2, 97, "DRI, `segment length`: found 0, expected 2"),
    ("dri", 3, 97, "DRI, `segment length`: found 1, expected 2"),
    ("dri", 5, 101, "found the byte DA, expected a marker"),
    ("sos", 2, 103, f"{SCAN}`segment length`: found 0, expected 1"),
    ("sos", 7, 108, f"{SCAN}`segment length`: found 0, expected 1"),
    ("sos", 9, 109, f"{SCAN}`segment length`: found 1, expected 0"),
    ("dnl", 2, 146, "DNL, `segment length`: found 0, expected 2"),
    ("dnl", 3, 146, "DNL, `segment length`: found 1, expected 2"),
    ("dnl", 5, 149, "DNL, `number of lines`: found 1279, expected that of the frame, after the first scan"),
]:
    stops(f"{name} of length {length}", FULL.stream(**{name: relength(FULL[name], length)}), offset, text)

# The frame header (C.2.2)

for name, header, offset, text in [
    ("other rows", frame(rows=5), None, "the codestream has Rows 5, expected 4"),
    ("no rows and no DNL", frame(rows=0), None, "the codestream has Rows 0, expected 4"),
    ("no columns", frame(columns=0), None, "the codestream has Columns 0, expected 6"),
    ("no components", frame(components=0), None, "the codestream has components 0, expected 1"),
    ("four components", frame(components=4), None, "the codestream has components 4, expected 1"),
    ("255 components", frame(components=255), None, "the codestream has components 255, expected 1"),
    ("precision 0", frame(0), 6, "SOF55, `sample precision`: found 0, expected 2 to 16"),
    ("precision 1", frame(1), 6, "SOF55, `sample precision`: found 1, expected 2 to 16"),
    ("precision 17", frame(17), None, "the codestream has sample bits 17, expected 16"),
    ("horizontal sampling 0", frame()[:-2] + b"\x01\0", 13, "SOF55, `sampling factor`: found 0, expected 1 to 4"),
    ("vertical sampling 0", frame()[:-2] + b"\x10\0", 13, "SOF55, `sampling factor`: found 0, expected 1 to 4"),
    ("sampling 5", frame()[:-2] + b"\x51\0", 13, "SOF55, `sampling factor`: found 5, expected 1 to 4"),
]:
    stops(name, WHOLE.stream(sof=header), offset, text)
stops("precision 17 in 32 bits", WHOLE.stream(sof=frame(17)), 6,
      "SOF55, `sample precision`: found 17, expected 2 to 16", bits_allocated=32)  # fmt: skip
stops("precision 16 in 8 bits", WHOLE.stream(), None, "the codestream has sample bits 16, expected 8", **EIGHT)
stops("three components for one", BY_LINE.stream(), None, "the codestream has components 3, expected 1", **EIGHT)
stops("one component for three", SMALL.stream(), None, "the codestream has components 1, expected 3", **THREE)
stops("the same component twice", BY_LINE.stream(sof=frame(8, components=3)[:-3] + b"\1\x11\0"), 20,
      "SOF55, `component identifier`: found 1, expected one that is not yet used", **THREE)  # fmt: skip
stops("samples of components of different sizes", BY_SAMPLE.stream(sof=frame(8, components=3)[:-2] + b"\x22\0"), 33,
      f"{SCAN}`interleave mode`: found 2, expected 0 or 1 for components of different sizes", **THREE)  # fmt: skip
for name, stream, offset in [("twice", WHOLE.with_after("sof", WHOLE["sof"]), 15),
                             ("after the scan", WHOLE.with_after("data", WHOLE["sof"]), 58)]:  # fmt: skip
    stops(f"frame header {name}", stream, offset,
          "SOF55, found another one, expected one frame header, before the first scan")  # fmt: skip
for marker, process in {0xC0: "SOF0", 0xC3: "SOF3", 0xC9: "SOF9", 0xF9: "FFF9"}.items():
    second = b"\xff" + bytes([marker]) + WHOLE["sof"][2:]
    stops(f"frame header twice, the second of {process}", WHOLE.with_after("sof", second), 15,
          f"{process}, found another one, expected one frame header, before the first scan")  # fmt: skip
stops("no frame header", WHOLE.stream(sof=b""), None, NO_HEADER)
stops("the scan before the frame header", b"".join(WHOLE[name] for name in ("soi", "sos", "sof", "data", "eoi")), None,
      NO_HEADER)  # fmt: skip
for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCB, 0xDE):
    stops(f"a frame of JPEG, FF{marker:02X}", WHOLE.stream(sof=b"\xff" + bytes([marker]) + frame()[2:]), None,
          "found a codestream of JPEG, expected one of JPEG-LS")  # fmt: skip
stops("a frame of JPEG-LS extensions", WHOLE.stream(sof=b"\xff\xf9" + frame()[2:]), None, NO_HEADER)
is_whole("sampling factors of one component", WHOLE.stream(sof=frame()[:-2] + b"\x22\0"))

# The scan header (C.2.3)

MODES = "expected 0 for one component, 1 or 2 for several"
for name, header, offset, text in [
    ("a component that the frame does not have", scan((8,)), 20, "`component selector`: found 9, expected a component"),
    ("no components in a scan", scan(()), 19, "`components of the scan`: found 0, expected 1 to 4"),
    ("five components in a scan", scan((0,) * 5), 19, "`components of the scan`: found 5, expected 1 to 4"),
    ("one component by line", scan(interleave=1), 23, f"`interleave mode`: found 1, {MODES}"),
    ("one component by sample", scan(interleave=2), 23, f"`interleave mode`: found 2, {MODES}"),
    ("interleave mode 3", scan(interleave=3), 23, f"`interleave mode`: found 3, {MODES}"),
    ("no mapping table", scan(table=1), 21, "`mapping table 1`: found none, expected its definition before the scan"),
]:
    stops(name, WHOLE.stream(sos=header), offset, SCAN + text)
for mode in (0, 3):
    stops(f"three components, interleave mode {mode}", BY_LINE.stream(sos=scan(ALL, interleave=mode)), 33,
          f"{SCAN}`interleave mode`: found {mode}, {MODES}", **THREE)  # fmt: skip
stops("a component twice in a scan", BY_LINE.stream(sos=scan((0, 0, 2), interleave=1)), 28,
      f"{SCAN}`component selector`: found 1, expected each component once", **THREE)  # fmt: skip
for number, components in [(2, (0, 1)), (1, (0, 2))]:
    stops(f"no scan of component {number}", BY_LINE.stream(sos=scan(components, interleave=1)), 62,
          f"`component {number}`: found no scan with its samples, expected one", **THREE)  # fmt: skip
stops("no third scan", THREE_SCANS.stream(sos3=b"", data3=b""), 67,
      "`component 2`: found no scan with its samples, expected one", **THREE)  # fmt: skip
AGAIN = "found a second scan of a component, expected one scan of each component"
stops("a scan in place of another", THREE_SCANS.stream(sos3=THREE_SCANS["sos"]), 65, f"SOS, scan 2: {AGAIN}", **THREE)
stops("a scan after the last", THREE_SCANS.with_after("data3", THREE_SCANS["sos"] + THREE_SCANS["data"]), 87,
      f"SOS, scan 3: {AGAIN}", **THREE)  # fmt: skip
stops("no scan", WHOLE.stream(sos=b"", data=b""), 17, "found the end of the data, expected a scan")
is_whole("components in another order", THREE_SCANS.stream(sos=THREE_SCANS["sos3"], sos3=THREE_SCANS["sos"]),
         COLORS[..., ::-1], **THREE)  # fmt: skip

# Markers elsewhere

SEGMENT = "expected a segment of JPEG-LS or EOI"
for name, stream, offset, text in [
    ("no SOI", WHOLE.stream(soi=b""), None, NO_HEADER),
    ("the first byte only", b"\xff", None, NO_HEADER),
    ("nothing but SOI", b"\xff\xd8", None, NO_HEADER),
    ("nothing but SOI and EOI", b"\xff\xd8\xff\xd9", None, NO_HEADER),
    ("SOI twice", WHOLE.stream(soi=b"\xff\xd8" * 2), 2, f"found SOI, {SEGMENT}"),
    ("SOI between segments", WHOLE.with_after("sof", b"\xff\xd8"), 15, f"found SOI, {SEGMENT}"),
    ("a restart marker between segments", WHOLE.with_after("sof", b"\xff\xd0"), 15, f"found RST0, {SEGMENT}"),
    ("a Huffman table", WHOLE.with_after("sof", segment(0xC4, bytes(17))), 15, f"found DHT, {SEGMENT}"),
    ("a quantization table", WHOLE.with_after("sof", segment(0xDB, bytes(65))), 15, f"found DQT, {SEGMENT}"),
    ("bytes between segments", WHOLE.with_after("soi", b"\0\1\2"), None, NO_HEADER),
    ("bytes before the scan", WHOLE.with_after("sof", b"\0\1\2"), 15, "found the byte 00, expected a marker"),
    ("EOI before the scan", WHOLE.with_after("sof", b"\xff\xd9"), 17, "found the end of the data, expected a scan"),
]:
    stops(name, stream, offset, text)
is_whole("fill bytes", WHOLE.stream(sos=b"\xff" * 9 + WHOLE["sos"], eoi=b"\xff" * 5 + b"\xff\xd9"))
for name, app in [("JFIF", JFIF), ("SPIFF", segment(0xE8, b"SPIFF\0")), ("COM", segment(0xFE, b"x" * 100)),
                  ("APP0 to APP15, empty", b"".join(segment(0xE0 + n, b"") for n in range(16)))]:  # fmt: skip
    is_whole(name, WHOLE.with_after("soi", app))

# Color transforms (APP8 "mrfx")

stops("a color transform after the scan", BY_LINE.with_after("data", hp_transform(1)), 70,
      "APP8, found a color transform, expected none after the first scan", **THREE)  # fmt: skip
for name, contents in [("without a number", b"mrfx"), ("too long", b"mrfx\1\0"), ("0", b"mrfx\0")]:
    is_whole(f"color transform {name}", BY_LINE.with_after("soi", segment(0xE8, contents)), COLORS, **THREE)
for name, stream, given in [
    ("4", TRANSFORMED.stream(app8=hp_transform(4)), THREE),
    ("1 of one component", WHOLE.with_after("sof", hp_transform(1)), {}),
    ("1 of three scans", THREE_SCANS.with_after("sof", hp_transform(1)), THREE),
    ("1 with another MAXVAL", TRANSFORMED.with_after("app8", parameters(254)), THREE),
]:
    # No plugin decodes them either. What the message says depends on the plugins that are installed.
    refused(f"JPEG-LS, color transform {name}", one(stream, **given),
            "frame 0: .*(color transform|which dicomet does not decode)", frame=0, **some())  # fmt: skip
