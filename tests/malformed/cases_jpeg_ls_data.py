"""Entropy-coded data of JPEG-LS (ISO/IEC 14495-1 Annex A, C.2.5): cut, invalid, in excess, or more work than bytes."""

import numpy as np
from build_jpeg import EOI, Parts, restart
from build_jpeg_ls import frame, interval, lines, parameters, scan
from cases import refused
from cases_jpeg_ls import (
    BY_LINE,
    BY_SAMPLE,
    COLORS,
    EIGHT,
    INTERVALS,
    OF_DNL,
    SCAN,
    SMALL,
    THREE,
    THREE_SCANS,
    WHOLE,
    WORDS,
    is_reported,
    is_whole,
    one,
    some,
    stops,
)
from codestreams import segment

ENDS = "`entropy-coded data`: found its end in line"
CUT_MARKER = "`restart marker`: found (EOI|the end of the data), expected RST1"
KINDS = [
    ("gray", WHOLE, WORDS, {}),
    ("restart intervals", INTERVALS, WORDS, {}),
    ("by line", BY_LINE, COLORS, THREE),
    ("by sample", BY_SAMPLE, COLORS, THREE),
    ("three scans", THREE_SCANS, COLORS, THREE),
]

# Data that ends early, with and without EOI


def ends_early(kind: str, parts: Parts, name: str, **given: object) -> None:
    """Add frames whose scan ends at each tenth, and without the last byte."""
    data, start = parts[name], parts.start(name)
    number = {"data": 0, "data2": 1, "data3": 2}[name]
    is_last = kind != "three scans" or number == 2
    for length in sorted({len(data) * tenth // 10 for tenth in range(10)} | {len(data) - 1}):
        for end in (b"", EOI):
            offset, says = start + length, rf"SOS, scan {number}: ({ENDS} \d, expected 4 lines|{CUT_MARKER})"
            if not is_last:
                offset, says = offset + len(end), f"`component {number + 1}`: found no scan with its samples"
            elif length + len(end) < (2 if kind == "by line" else 1):
                says = f"SOS, scan {number}: `entropy-coded data`: found 0 bytes, expected at least"
            stream = parts.until(name, length) + end
            refused(f"JPEG-LS, {kind}, {length} of {len(data)} bytes of {name}{', and EOI' if end else ''}",
                    one(stream, **given), f"offset {offset}: {says}", frame=0, offset=offset, **some(1))  # fmt: skip


for kind, parts, _, given in KINDS:
    for name in parts:
        if name.startswith("data"):
            ends_early(kind, parts, name, **given)
# Without EOI, a zero that makes the length of a fragment even may stand for a lost byte.
for kind, parts in [("gray", WHOLE), ("restart intervals", INTERVALS)]:
    for zeros in (1, 2, 9):
        stops(f"{kind}, {zeros} zeros for the last byte", parts.until("data", len(parts["data"]) - 1) + bytes(zeros),
              None, "found no end marker, and a last byte that may be padding")  # fmt: skip
for name, text in [
    ("data", f"SOS, scan 0: {ENDS} 3, expected 4 lines"),
    ("data2", f"SOS, scan 1: {ENDS} 3, expected 4 lines"),
]:
    data, start = THREE_SCANS[name], THREE_SCANS.start(name)
    stops(f"three scans, no last byte of {name}", THREE_SCANS.stream(**{name: data[:-1]}), start + len(data) - 1, text,
          **THREE)  # fmt: skip
stops("three scans, no second data", THREE_SCANS.stream(data2=b""), 53,
      "SOS, scan 1: `entropy-coded data`: found 0 bytes, expected at least 1", **THREE)  # fmt: skip
stops("DNL alone, within the data", OF_DNL.stream(data=OF_DNL["data"][:20], dnl=lines(4)), 45,
      f"{SCAN}{ENDS} 2, expected 4 lines")  # fmt: skip

# Data of another image

for name, stream, offset, text, given in [
    ("more rows than are coded", WHOLE.stream(sof=frame(rows=5)), 58, f"{ENDS} 4, expected 5 lines", {"rows": 5}),
    ("more columns than are coded", WHOLE.stream(sof=frame(columns=7)), 58, f"{ENDS} 3, expected 4", {"columns": 7}),
    ("fewer bits than are coded", WHOLE.stream(sof=frame(15)), 58, f"{ENDS} 3, expected 4 lines", {}),
    ("near-lossless, and lossless data", WHOLE.stream(sos=scan(near=1)), 58, f"{ENDS} 3, expected 4 lines", {}),
    ("by sample, and data by line", BY_LINE.stream(sos=BY_SAMPLE["sos"]), 62, f"{ENDS} 2, expected 4 lines", THREE),
    ("by line, and data by sample", BY_SAMPLE.stream(sos=BY_LINE["sos"]), 62, f"{ENDS} 3, expected 4 lines", THREE),
    ("a segment within the data", WHOLE.stream(data=WHOLE["data"][:9] + segment(0xFE, b"x") + WHOLE["data"][9:]), 34,
     f"{ENDS} 1, expected 4 lines", {}),
]:  # fmt: skip
    stops(name, stream, offset, SCAN + text, **given)
is_reported("fewer rows than are coded", WHOLE.stream(sof=frame(rows=3)),
            "scan 0, offset 58: found 8 other bytes after the last sample, expected none", WORDS[:, :3],
            rows=3)  # fmt: skip

# Codes and runs (A.5.3, A.7.1)

NO_CODE = "`entropy-coded data`: found bits that are no code, expected a code of limited length for an error in RANGE"
LONG_RUN = "`entropy-coded data`: found a run that passes the end of its line, expected a shorter one"


def line(columns: int, bits: str) -> dict:
    """A frame of one line, and its description. Zeros follow the bits."""
    data = int(bits.ljust(80, "0"), 2).to_bytes(10, "big")
    return {
        "stream": b"".join([WHOLE["soi"], frame(8, 1, columns), scan(), data, EOI]),
        **EIGHT,
        "rows": 1,
        "columns": columns,
    }


ESCAPE = 32 - 1 - 8 - 1
"""Zeros of the longest code of the sample that interrupts a run at once."""
for name, columns, bits, offset, text in [
    ("data of zeros", 1, "", 28, NO_CODE),
    ("a code longer than LIMIT", 1, "0" + "0" * (ESCAPE + 1) + "1", 28, NO_CODE),
    ("a run longer than the line", 7, "11111" + "0" + "1", 25, LONG_RUN),
]:  # fmt: skip
    stops(name, offset=offset, text=SCAN + text, **line(columns, bits))
stops("zeros in place of the data", WHOLE.stream(data=bytes(40)), 31, SCAN + NO_CODE)
ZERO = np.zeros((1, 1, 7), np.uint8)
is_whole("a run to the end of the line, of which the last code says more", frames=ZERO, **line(7, "111111"))

# Bytes after the data, and the end

END = "frame 0: the codestream has no end marker after its last sample"
for kind, parts, frames, given in KINDS:
    whole = parts.stream()
    for name, eoi in [
        ("no EOI", b""),
        ("half of EOI", b"\xff"),
        ("zeros for EOI", bytes(9)),
        ("FF for EOI", b"\xff" * 4),
    ]:
        is_reported(f"{kind}, {name}", parts.stream(eoi=eoi), END, frames, **given)
    is_whole(f"{kind}, padding after EOI", whole + bytes(5), frames, **given)
    is_whole(f"{kind}, FF after EOI", whole + b"\xff" * 4, frames, **given)
    is_reported(f"{kind}, twice", whole * 2, f"found {len(whole)} bytes after the codestream", frames, **given)
    is_reported(
        f"{kind}, other bytes after EOI", whole + b"garbage!", "found 8 bytes after the codestream", frames, **given
    )
    is_whole(f"{kind}, zeros after the data", parts.stream(eoi=bytes(2) + EOI), frames, **given)
    is_whole(f"{kind}, FF after the data", parts.stream(eoi=b"\xff\xff" + EOI), frames, **given)
    offset = len(whole) + 1
    is_reported(f"{kind}, other bytes after the data", parts.stream(eoi=b"abc" + EOI),
                rf"scan \d, offset {offset}: found 3 other bytes after the last sample", frames, **given)  # fmt: skip

# Restart markers (C.2.5)

DATA, START = INTERVALS["data"], INTERVALS.start("data")
FIRST, SECOND, THIRD = (DATA.index(restart(number)) for number in range(3))
RESTART = f"{SCAN}`restart marker`: found"
for name, data, offset, text in [
    ("the first restart marker lost", DATA[:FIRST] + DATA[FIRST + 2 :], START + SECOND - 2, "RST1, expected RST0"),
    ("the second restart marker lost", DATA[:SECOND] + DATA[SECOND + 2 :], START + THIRD - 2, "RST2, expected RST1"),
    ("the last restart marker lost", DATA[:THIRD] + DATA[THIRD + 2 :], START + len(DATA) - 2, "EOI, expected RST2"),
    ("a restart interval lost", DATA[:FIRST] + DATA[SECOND:], START + FIRST, "RST1, expected RST0"),
    ("a restart marker of another number", DATA.replace(restart(0), restart(5)), START + FIRST, "RST5, expected RST0"),
    ("restart markers in another order", DATA.replace(restart(1), restart(0)).replace(restart(0), restart(1), 1),
     START + FIRST, "RST1, expected RST0"),
]:  # fmt: skip
    stops(name, INTERVALS.stream(data=data), offset, f"{RESTART} {text}")
for name, data, offset, row in [
    ("a restart marker doubled", DATA[: FIRST + 2] + DATA[FIRST:], START + FIRST + 2, 1),
    ("a restart marker before the data", restart(7) + DATA, START, 0),
    ("an empty restart interval", DATA[: FIRST + 2] + DATA[SECOND:], START + FIRST + 2, 1),
]:
    stops(name, INTERVALS.stream(data=data), offset, f"{SCAN}{ENDS} {row}, expected 4 lines")
for rows in (0, 2, 3, 4, 65535):
    stops(f"restart markers with an interval of {rows}", INTERVALS.stream(dri=interval(rows)), START + FIRST,
          f"{SCAN}{ENDS} 1, expected 4 lines")  # fmt: skip
stops("restart markers without DRI", INTERVALS.stream(dri=b""), START + FIRST - 6, f"{SCAN}{ENDS} 1, expected 4 lines")
for rows in (1, 2, 3):
    stops(f"a restart interval of {rows}, and no markers", WHOLE.with_after("sof", interval(rows)), 64,
          f"{RESTART} EOI, expected RST0")  # fmt: skip
for rows, size in [(0, 4), (4, 2), (65535, 2), (2**24 - 1, 3), (2**32 - 1, 4)]:
    is_whole(f"a restart interval of {rows} in {size} bytes", WHOLE.with_after("sof", interval(rows, size)))
is_whole("a restart interval twice, of which the last is right", INTERVALS.with_after("sof", interval(3)))
is_whole("a restart interval after the scan", WHOLE.with_after("data", interval(1)))
is_whole("fill bytes before a restart marker", INTERVALS.stream(data=DATA[:FIRST] + b"\xff\xff" + DATA[FIRST:]))
is_reported("other bytes before a restart marker", INTERVALS.stream(data=DATA[:FIRST] + b"\1\2" + DATA[FIRST:]),
            "scan 0, offset 42: found 2 other bytes after the last sample, expected none")  # fmt: skip
is_reported("a restart marker after the last interval", INTERVALS.stream(data=DATA + restart(3)),
            "offset 74: found RST3 after the last sample of the scan, expected another marker")  # fmt: skip
stops("another restart marker after the last interval", INTERVALS.stream(data=DATA + restart(0)), 74,
      f"{SCAN}found RST0, expected the end of the scan")  # fmt: skip

# More work than bytes

HUGE = {"rows": 65535, "columns": 65535}


def huge(size: int, near: int = 0) -> bytes:
    """65535 x 65535 samples of 16 bits in `size` bytes."""
    return b"".join([WHOLE["soi"], frame(16, 65535, 65535), scan(near=near), bytes(size), EOI])


for size in (2, 5400):
    refused(f"JPEG-LS, 65535 x 65535 in {size} bytes", one(huge(size), **HUGE),
            r"found \d+ compressed bytes, which cannot hold 4294836225 samples", frame=0, **some())  # fmt: skip
stops("65535 x 65535 in LSE of type 4", OF_DNL.stream(sof=frame(rows=0, columns=0), dnl=b"", sos=parameters() + scan()),
      None, "the codestream has Rows 0, expected 65535", **HUGE)  # fmt: skip
stops("60000 restart intervals in four bytes", b"".join([WHOLE["soi"], frame(8, 60000, 1), interval(1), scan(),
      bytes(4), EOI]), 31, f"{SCAN}`entropy-coded data`: found 6 bytes, expected at least 7500", **EIGHT, rows=60000,
      columns=1)  # fmt: skip
is_whole("100,000 empty segments", WHOLE.with_after("sof", segment(0xFE, b"") * 100_000))
is_whole("10,000 segments of preset parameters", WHOLE.with_after("sof", parameters() * 10_000))
is_whole("30,000 mapping tables", WHOLE.with_after("sof", b"".join(segment(0xF8, bytes([2, number % 255 + 1, 1]))
         for number in range(30_000))))  # fmt: skip
is_whole("60,000 parts of a mapping table", WHOLE.with_after("sof", segment(0xF8, b"\2\1\2") + segment(
         0xF8, b"\3\1\2\0\0") * 60_000))  # fmt: skip
AGAIN = "found a second scan of a component, expected one scan of each component"
stops("3001 scans", SMALL.stream(eoi=(SMALL["sos"] + SMALL["data"]) * 3000 + EOI), 33, f"SOS, scan 1: {AGAIN}", **EIGHT)
MORE = (THREE_SCANS["sos"] + THREE_SCANS["data"]) * 3000
stops("3003 scans of three components", THREE_SCANS.stream(eoi=MORE + EOI), 87, f"SOS, scan 3: {AGAIN}", **THREE)
