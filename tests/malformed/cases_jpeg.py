"""JPEG headers (ISO/IEC 10918-1 Annex B): segments that are cut, missing, repeated or contradictory.

The frames of `cases_jpeg_data.py` have defects in the entropy-coded data. Each frame is read in two ways, by turns: the
decoder is the same for all.
"""

import itertools
import re
from collections.abc import Iterator

import numpy as np
from build import JPEG_BASELINE, image, items
from build_jpeg import (
    EOI,
    ONES,
    SOI,
    Parts,
    baseline,
    color,
    lines,
    lossless,
    progressive,
    relength,
    samples,
)
from cases import WAYS, decoded, gray, refused, warned
from codestreams import JFIF, SHORT_ADOBE, adobe, frame_header, scan_header, segment

PROGRESSIVE, LOSSLESS = "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.70"
BLOCKS = np.array([[10, 200, 30], [140, 150, 60]], np.uint8)
GRAY, WORDS = samples(BLOCKS), gray()
YCBCR = np.stack([BLOCKS, np.full_like(BLOCKS, 128), np.full_like(BLOCKS, 128)], axis=-1)
EIGHT = {"rows": 16, "columns": 24, "bits_allocated": 8}
THREE = {**EIGHT, "samples": 3, "photometric": "YBR_FULL", "planar": 0}
SIZES = {PROGRESSIVE: EIGHT, LOSSLESS: {}}
BASE, INTERVALS, COLORS, PROGRESSION = baseline(BLOCKS), baseline(BLOCKS, 2), color(YCBCR), progressive(BLOCKS)
WHOLE = lossless(WORDS[0])
NOT_DECODED = "frame 0: .*(before the end marker|which dicomet does not decode)"
NO_HEADER = "frame 0: found no frame header, expected that of a JPEG"


def one(stream: bytes, syntax: str = JPEG_BASELINE, **given) -> bytes:
    """A file with one frame."""
    return image(items([stream]), syntax, **{**SIZES.get(syntax, EIGHT), **given})


LEFT = "the drop-in leaves JPEG to pydicom"
TURNS: Iterator[int] = itertools.count()


def some(ways: int = 2) -> dict:
    """Options of a case: this number of ways, by turns, without pydicom."""
    first = next(TURNS)
    return {"ways": tuple(WAYS[(first + 3 * number) % len(WAYS)] for number in range(ways)), "without": LEFT}


def stops(name: str, stream: bytes, offset: int | None, text: str, syntax: str = JPEG_BASELINE, **given) -> None:
    """Add a frame that is refused at this offset, with this text."""
    found = text if offset is None else f"offset {offset}: {text}"
    refused(f"JPEG, {name}", one(stream, syntax, **given), re.escape(found), frame=0, offset=offset, **some())


def is_whole(name: str, stream: bytes, syntax: str = JPEG_BASELINE, frames: np.ndarray = GRAY, **given) -> None:
    """Add a frame that is decoded."""
    decoded(f"JPEG, {name}", one(stream, syntax, **given), frames, **some())


def is_reported(name: str, stream: bytes, warning: str, syntax: str = JPEG_BASELINE, **given) -> None:
    """Add a frame that is decoded with a warning."""
    frames = WORDS if syntax == LOSSLESS else GRAY
    warned(f"JPEG, {name}", one(stream, syntax, **given), frames, warning, **some())


# Valid frames

decoded("JPEG, right", one(BASE.stream()), GRAY)
decoded("JPEG, right, restart intervals", one(INTERVALS.stream()), GRAY)
decoded("JPEG, right, progressive", one(PROGRESSION.stream(), PROGRESSIVE), GRAY)
decoded("JPEG, right, lossless", one(WHOLE.stream(), LOSSLESS), WORDS)
decoded("JPEG, right, colors", one(COLORS.stream(), **THREE), GRAY[..., None].repeat(3, axis=3))

# Cut in the marker, in the length, in the contents; and the length itself wrong


def cut(kind: str, parts: Parts, syntax: str, header: str) -> None:
    """Add frames that end within each of their segments."""
    names = [name for name in parts if parts[name][:1] == b"\xff" and name not in ("soi", "eoi", "data", "low", "rest")]
    for name in names:
        marker, start = _name_of(parts[name]), parts.start(name)
        after_scan = name.endswith("_sos")
        for length in (1, 3, len(parts[name]) - 1):
            stream = parts.until(name, length)
            if start < parts.start(header) + len(parts[header]):
                stops(f"{kind}, {name} cut after {length} bytes", stream, None, NO_HEADER, syntax)
            elif length == 1:
                rest = "EOI or the scans that complete the coefficients" if after_scan else "a scan"
                # The byte FF may be the beginning of a marker, or padding.
                at = start + after_scan
                stops(
                    f"{kind}, {name} cut after 1 byte",
                    stream,
                    at,
                    f"found the end of the data, expected {rest}",
                    syntax,
                )
            else:
                what = "the length" if length == 3 else "the rest"
                text = f"{marker}, found the end of the data, expected {what} of a segment"
                stops(f"{kind}, {name} cut after {length} bytes", stream, start + 2, text, syntax)


def _name_of(part: bytes) -> str:
    return {0xC4: "DHT", 0xDD: "DRI", 0xDA: "SOS"}.get(part[1], "another")


cut("baseline", INTERVALS, JPEG_BASELINE, "sof")
cut("progressive", PROGRESSION, PROGRESSIVE, "sof")
cut("lossless", WHOLE, LOSSLESS, "sof")
stops("nothing but SOI", SOI, None, NO_HEADER)
stops("nothing but SOI and EOI", SOI + EOI, None, NO_HEADER)
stops("the first byte only", b"\xff", None, NO_HEADER)

for name, length, offset, text in [
    ("dqt", 0, 4, "DQT, `segment length`: found 0, expected 2"),
    ("dqt", 1, 4, "DQT, `segment length`: found 1, expected 2"),
    ("dqt", 2, 6, "found the byte 00, expected a marker"),
    ("dqt", 66, 69, "DQT, `segment length`: found 0, expected 1"),
    ("dqt", 68, 71, "DQT, `quantization table precision`: found 15, expected 0 or 1"),
    ("dqt", 65535, None, NO_HEADER),
    ("sof", 0, None, NO_HEADER),
    ("sof", 1, None, NO_HEADER),
    ("sof", 2, None, NO_HEADER),
    ("sof", 10, None, NO_HEADER),
    ("sof", 12, 83, "SOF0, `segment length`: found 1, expected 0"),
    ("sof", 65535, None, NO_HEADER),
    ("dc", 0, 86, "DHT, `segment length`: found 0, expected 2"),
    ("dc", 1, 86, "DHT, `segment length`: found 1, expected 2"),
    ("dc", 2, 88, "found the byte 00, expected a marker"),
    ("dc", 30, 104, "DHT, `segment length`: found 11, expected 12"),
    ("dc", 32, 117, "DHT, `Huffman table class`: found 15, expected 0 or 1"),
    ("dc", 65535, 86, "DHT, found the end of the data, expected the rest of a segment"),
    ("ac", 19, 137, "DHT, `segment length`: found 0, expected 1"),
    ("dri", 0, 141, "DRI, `segment length`: found 0, expected 2"),
    ("dri", 3, 142, "DRI, `segment length`: found 1, expected 2"),
    ("dri", 5, 144, "DRI, `segment length`: found 1, expected 0"),
    ("dri", 65535, 141, "DRI, found the end of the data, expected the rest of a segment"),
    ("sos", 0, 147, "SOS, `segment length`: found 0, expected 2"),
    ("sos", 1, 147, "SOS, `segment length`: found 1, expected 2"),
    ("sos", 2, 148, "SOS, scan 0: `segment length`: found 0, expected 1"),
    ("sos", 7, 153, "SOS, scan 0: `segment length`: found 0, expected 1"),
    ("sos", 9, 154, "SOS, scan 0: `segment length`: found 1, expected 0"),
    ("sos", 65535, 147, "SOS, found the end of the data, expected the rest of a segment"),
]:
    stops(f"{name} of length {length}", INTERVALS.stream(**{name: relength(INTERVALS[name], length)}), offset, text)

# Tables

NO_CODE = "SOS, scan 0: `entropy-coded data`: found bits that are no code of this scan, expected a Huffman code"


def huffman(kind: int, counts: dict[int, int]) -> bytes:
    """A table with these counts of codes by length; their categories are 0, 1, 2 ..."""
    codes = [counts.get(length, 0) for length in range(1, 17)]
    return segment(0xC4, bytes([kind, *codes, *range(sum(codes))]))


for name, changed, offset, text in [
    ("no quantization table", {"dqt": b""}, 70,
     "SOS, scan 0: `quantization table 0`: found none, expected its definition before the scan"),
    ("another quantization table", {"dqt": segment(0xDB, bytes([1, *[1] * 64]))}, 139,
     "SOS, scan 0: `quantization table 0`: found none"),
    ("quantization table 4", {"dqt": segment(0xDB, bytes([4, *[1] * 64]))}, 6,
     "DQT, `quantization table`: found 4, expected 0 to 3"),
    ("quantization of other precision", {"dqt": segment(0xDB, bytes([0x20, *[1] * 64]))}, 6,
     "DQT, `quantization table precision`: found 2, expected 0 or 1"),
    ("no DC table", {"dc": b""}, 106, "SOS, scan 0: `DC Huffman table 0`: found none, expected its definition"),
    ("no AC table", {"ac": b""}, 117, "SOS, scan 0: `AC Huffman table 0`: found none, expected its definition"),
    ("scan with another table", {"sos": segment(0xDA, b"\x01\x01\x20\x00\x3f\x00")}, 139,
     "SOS, scan 0: `DC Huffman table 2`: found none"),
    ("Huffman table of class 2", {"dc": b"\xff\xc4\x00\x1f\x20" + BASE["dc"][5:]}, 88,
     "DHT, `Huffman table class`: found 2, expected 0 or 1"),
    ("Huffman table 4", {"dc": b"\xff\xc4\x00\x1f\x04" + BASE["dc"][5:]}, 88,
     "DHT, `Huffman table`: found 4, expected 0 to 3"),
    ("three codes of one bit", {"dc": huffman(0, {1: 3})}, 104,
     "DHT, `Huffman table`: found too many codes of 1 bits, expected a prefix code"),
    ("a table over-subscribed by one code", {"dc": huffman(0, {1: 1, 2: 1, 3: 3})}, 104,
     "DHT, `Huffman table`: found too many codes of 3 bits, expected a prefix code"),
    ("a table of 4080 codes", {"dc": segment(0xC4, bytes([0, *[255] * 16]))}, 104,
     "DHT, `Huffman codes`: found 4080, expected at most 256"),
    ("a table without codes", {"ac": segment(0xC4, bytes([0x10, *[0] * 16]))}, 149, NO_CODE),
    ("an incomplete table, and a code that is not in it", {"dc": huffman(0, {2: 1})}, 138, NO_CODE),
    ("a run beyond the block", {"ac": segment(0xC4, bytes([0x10, 1, *[0] * 15, 0xF0]))}, 151, NO_CODE),
]:  # fmt: skip
    stops(name, BASE.stream(**changed), offset, text)
stops("lossless, no table", WHOLE.stream(dc=b""), 15, "SOS, scan 0: `DC Huffman table 0`: found none", LOSSLESS)

# The frame header


def frame(**changed) -> bytes:
    """The frame header of the gray image, changed."""
    values = {"marker": 0xC0, "precision": 8, "size": (16, 24), "ids": [1], "sampling": [(1, 1)], **changed}
    return frame_header(*values.values())


for name, changed, offset, text in [
    ("other rows", {"size": (17, 24)}, None, "the codestream has Rows 17, expected 16"),
    ("no rows and no DNL", {"size": (0, 24)}, None, "the codestream has Rows 0, expected 16"),
    ("no columns", {"size": (16, 0)}, None, "the codestream has Columns 0, expected 24"),
    ("no components", {"ids": [], "sampling": []}, None, "the codestream has components 0, expected 1"),
    ("four components", {"ids": [1, 2, 3, 4], "sampling": [(1, 1)] * 4}, None, "has components 4, expected 1"),
    ("precision 0", {"precision": 0}, 75, "SOF0, `sample precision`: found 0, expected 8"),
    ("precision 7", {"precision": 7}, 75, "SOF0, `sample precision`: found 7, expected 8"),
    ("precision 12, in 8 bits", {"precision": 12}, None, "the codestream has sample bits 12, expected 8"),
    ("horizontal sampling 0", {"sampling": [(0, 1)]}, 82, "SOF0, `sampling factor`: found 0, expected 1 to 4"),
    ("vertical sampling 0", {"sampling": [(1, 0)]}, 82, "SOF0, `sampling factor`: found 0, expected 1 to 4"),
    ("sampling 5", {"sampling": [(5, 1)]}, 82, "SOF0, `sampling factor`: found 5, expected 1 to 4"),
]:
    stops(name, BASE.stream(sof=frame(**changed)), offset, text)
stops("precision 12, in a baseline frame", BASE.stream(sof=frame(precision=12)), 75,
      "SOF0, `sample precision`: found 12, expected 8", bits_allocated=16)  # fmt: skip
stops("lossless, precision 1", WHOLE.stream(sof=frame(marker=0xC3, precision=1, size=(4, 6))), 6,
      "SOF3, `sample precision`: found 1, expected 2 to 16", LOSSLESS)  # fmt: skip
stops("lossless, precision 17", WHOLE.stream(sof=frame(marker=0xC3, precision=17, size=(4, 6))), 6,
      "SOF3, `sample precision`: found 17, expected 2 to 16", LOSSLESS, bits_allocated=32)  # fmt: skip
stops("three components for one", COLORS.stream(), None, "the codestream has components 3, expected 1")
stops("one component for three", BASE.stream(), None, "the codestream has components 1, expected 3", **THREE)
stops("more rows than are coded", BASE.stream(sof=frame(size=(24, 24))), 160, NO_CODE, rows=24)
stops("quantization table 4 of a component", BASE.stream(sof=BASE["sof"][:-1] + b"\4"), 83,
      "SOF0, `quantization table`: found 4, expected 0 to 3")  # fmt: skip
stops("the same component twice", COLORS.stream(sof=frame(ids=[1, 1, 3], sampling=[(1, 1)] * 3)), 86,
      "SOF0, `component identifier`: found 1, expected one that is not yet used", **THREE)  # fmt: skip
stops("an MCU of eleven blocks", COLORS.stream(sof=frame(ids=[1, 2, 3], sampling=[(4, 2), (2, 1), (1, 1)])), 158,
      "SOS, scan 0: `data units of an MCU`: found 11, expected 1 to 10", **THREE)  # fmt: skip
for name, stream, offset in [
    ("frame header twice", BASE.with_after("sof", BASE["sof"]), 84),
    ("frame header after the scan", BASE.with_after("data", BASE["sof"]), 161),
]:
    stops(name, stream, offset, "SOF0, found another one, SOF0, expected one frame header, before the first scan")
stops("frame header twice, of arithmetic coding", BASE.with_after("sof", frame(marker=0xC9)), 84,
      "SOF9, found another one, SOF9, expected one frame header, before the first scan")  # fmt: skip
stops("no frame header", BASE.stream(sof=b""), None, NO_HEADER)
stops("the scan before the frame header", b"".join([SOI, ONES, BASE["dc"], BASE["ac"], BASE["sos"], BASE["sof"],
      BASE["data"], EOI]), None, NO_HEADER)  # fmt: skip
# A plugin may decode them, but only if the end marker is present.
for marker in (0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF):
    refused(f"JPEG, hierarchical or arithmetic, SOF{marker - 0xC0}",
            one(BASE.stream(sof=frame(marker=marker), eoi=b"")), NOT_DECODED, frame=0, **some())  # fmt: skip
stops("JPEG-LS", BASE.stream(sof=frame(marker=0xF7)), None, "found a codestream of JPEG-LS, expected one of JPEG")
refused("JPEG, DHP", one(BASE.with_after("soi", segment(0xDE, BASE["sof"][4:]))[:-2]), NOT_DECODED, frame=0, **some())
refused("JPEG, EXP", one(BASE.with_after("sof", segment(0xDF, b"\x11"))[:-2]), NOT_DECODED, frame=0, **some())

# The scan header

for name, changed, offset, text in [
    ("a component that the frame does not have", scan_header([9], b"\0\x3f\0"), 144,
     "SOS, scan 0: `component selector`: found 9, expected a component of the frame"),
    ("no components in a scan", segment(0xDA, b"\0\0\x3f\0"), 143,
     "SOS, scan 0: `components of the scan`: found 0, expected 1 to 4"),
    ("five components in a scan", segment(0xDA, b"\5" + b"\1\0" * 5 + b"\0\x3f\0"), 143,
     "SOS, scan 0: `components of the scan`: found 5, expected 1 to 4"),
]:  # fmt: skip
    stops(name, BASE.stream(sos=changed), offset, text)
for name, ids in [("a component twice in a scan", [1, 1, 3]), ("components in another order", [2, 1, 3])]:
    stops(name, COLORS.stream(sos=scan_header(ids, b"\0\x3f\0")), 153,
          "SOS, scan 0: `component selector`: found 1, expected one that follows", **THREE)  # fmt: skip
stops("no scan of a component", COLORS.stream(sos=scan_header([1], b"\0\x3f\0")),
      COLORS.start("eoi") - 2, "`component 1`: found no scan with its samples, expected one", **THREE)  # fmt: skip
stops("no scan", BASE.stream(sos=b"", data=b""), 141, "found the end of the data, expected a scan")
for predictor in (0, 8, 255):
    stops(f"lossless, predictor {predictor}", WHOLE.stream(sos=scan_header([1], bytes([predictor, 0, 0]))), 62,
          f"SOS, scan 0: `predictor selection`: found {predictor}, expected 1 to 7", LOSSLESS)  # fmt: skip
bytes_of = np.arange(1, 25, dtype=np.uint8).reshape(4, 6)
stops("lossless, point transform 8 of 8 bits", lossless(bytes_of, 8).stream(sos=scan_header([1], b"\1\0\x08")), 62,
      "SOS, scan 0: `point transform`: found 8, expected less than the sample", LOSSLESS, bits_allocated=8)  # fmt: skip
is_whole("sequential with Se = 0, as real files have it", BASE.stream(sos=scan_header([1], b"\0\0\0")))

# Markers elsewhere

stops("no SOI", BASE.stream(soi=b""), None, NO_HEADER)
stops("SOI twice", BASE.stream(soi=SOI * 2), 2, "found SOI, expected a segment or EOI")
stops("SOI between segments", BASE.with_after("dc", SOI), 117, "found SOI, expected a segment or EOI")
stops("bytes between segments", BASE.with_after("dqt", b"\0\1\2"), None, NO_HEADER)
stops("bytes before the scan", BASE.with_after("ac", b"\0\1\2"), 139, "found the byte 00, expected a marker")
is_whole("fill bytes", BASE.stream(dc=b"\xff" * 9 + BASE["dc"], eoi=b"\xff" * 5 + EOI))

# DNL

for name, place, rows, offset, found in [
    ("of other rows", "data", 8, 164, 8),
    ("before the scan", "sof", 16, 87, 16),
]:
    stops(f"DNL {name}", BASE.with_after(place, lines(rows)), offset,
          f"DNL, `number of lines`: found {found}, expected that of the frame, after the first scan")  # fmt: skip
stops("DNL of no rows", BASE.with_after("data", lines(0)), 166, "DNL, `number of lines`: found 0, expected 1 to 65535")
stops("DNL alone, of other rows", BASE.stream(sof=frame(size=(0, 24)), data=BASE["data"] + lines(24)), None,
      "the codestream has Rows 24, expected 16")  # fmt: skip
is_whole("DNL that agrees", BASE.with_after("data", lines(16)))

# Application segments

for name, app, offset, text in [
    ("of length 0", b"\xff\xe0\0\0", 4, "APP0, `segment length`: found 0, expected 2"),
    ("of length 1", b"\xff\xe0\0\1abc", None, NO_HEADER),
    ("too long", b"\xff\xe0\xff\xffabc", None, NO_HEADER),
    ("that covers part of the next one", b"\xff\xe0\0\x20abc", 36, "found the byte 01, expected a marker"),
    ("too short", b"\xff\xee\0\4Adobe", None, NO_HEADER),
]:
    stops(f"application segment {name}", BASE.stream(app=app), offset, text)
for name, app in [
    ("JFIF", JFIF), ("JFIF, short", segment(0xE0, b"JFIF")), ("Adobe, short", SHORT_ADOBE), ("Adobe", adobe(1)),
    ("COM", segment(0xFE, b"x" * 100)), ("APP0 to APP15, empty", b"".join(segment(0xE0 + n, b"") for n in range(16))),
]:  # fmt: skip
    is_whole(name, BASE.stream(app=app))
warned("JPEG, undefined Adobe transform", one(COLORS.stream(app=adobe(7)), **THREE), GRAY[..., None].repeat(3, axis=3),
       r"found YBR_FULL, expected a term for YCbCr components by the Adobe marker .*transform 7", **some())  # fmt: skip

# The end

END = "frame 0: the codestream has no end marker after its last sample"
for kind, parts, syntax in [
    ("baseline", BASE, JPEG_BASELINE), ("restart intervals", INTERVALS, JPEG_BASELINE),
    ("progressive", PROGRESSION, PROGRESSIVE), ("lossless", WHOLE, LOSSLESS),
]:  # fmt: skip
    for name, eoi in [
        ("no EOI", b""),
        ("half of EOI", b"\xff"),
        ("zeros for EOI", bytes(9)),
        ("FF for EOI", b"\xff" * 4),
    ]:
        is_reported(f"{kind}, {name}", parts.stream(eoi=eoi), END, syntax)
    frames = WORDS if syntax == LOSSLESS else GRAY
    is_whole(f"{kind}, padding after EOI", parts.stream() + bytes(5), syntax, frames)
    is_whole(f"{kind}, FF after EOI", parts.stream() + b"\xff" * 4, syntax, frames)
    is_reported(f"{kind}, twice", parts.stream() * 2, f"found {len(parts.stream())} bytes after the codestream", syntax)
    is_reported(f"{kind}, other bytes after EOI", parts.stream() + b"garbage!", "found 8 bytes after the codestream",
                syntax)  # fmt: skip

# Sizes that so few bytes cannot hold, under three processes

HUGE = {"rows": 65535, "columns": 65535}
for kind, parts, syntax, marker in [
    ("baseline", BASE, JPEG_BASELINE, 0xC0), ("progressive", PROGRESSION, PROGRESSIVE, 0xC2),
    ("lossless", WHOLE, LOSSLESS, 0xC3),
]:  # fmt: skip
    header = frame(marker=marker, size=(65535, 65535), precision=16 if syntax == LOSSLESS else 8)
    refused(f"JPEG, {kind}, 65535 x 65535", one(parts.stream(sof=header), syntax, **HUGE),
            r"found \d+ compressed bytes, which cannot hold 4294836225 samples", frame=0, **some())  # fmt: skip
