"""Entropy-coded data of JPEG (ISO/IEC 10918-1 Annexes F, G, H): cut, invalid, in excess, or more work than bytes."""

import numpy as np
from build import JPEG_BASELINE
from build_jpeg import (
    EOI,
    ONES,
    SOI,
    Parts,
    restart,
    restart_interval,
)
from cases import decoded, refused
from cases_jpeg import (
    BASE,
    COLORS,
    INTERVALS,
    LEFT,
    LOSSLESS,
    NO_CODE,
    PROGRESSION,
    PROGRESSIVE,
    THREE,
    WHOLE,
    is_reported,
    is_whole,
    one,
    some,
    stops,
)
from codestreams import BitWriter, five_bit_table, frame_header, scan_header, segment

SCAN = "SOS, scan 0: "

# Data that ends early, with and without EOI


def ends_early(kind: str, parts: Parts, syntax: str, fewest: int, **given) -> None:
    """Add frames whose data end at each tenth, and without the last byte. `fewest`: bytes that the image needs."""
    data, start = parts["data"], parts.start("data")
    for length in sorted({len(data) * tenth // 10 for tenth in range(10)} | {len(data) - 1}):
        for end in (b"", EOI):
            stream = parts.until("data", length) + end
            found = length + len(end)
            if found < fewest:
                offset, says = start, f"`entropy-coded data`: found {found} bytes, expected at least {fewest}"
            else:
                marker = "EOI" if end else "the end of the data"
                says = rf"`(restart marker`: found {marker}|entropy-coded data`: found its end in row \d of MCUs)"
                offset = start + length
            name = f"JPEG, {kind}, {length} of {len(data)} bytes{', and EOI' if end else ''}"
            refused(
                name, one(stream, syntax, **given), f"offset {offset}: {SCAN}{says}", frame=0, offset=offset, **some(1)
            )


ends_early("baseline", BASE, JPEG_BASELINE, 2)
ends_early("restart intervals", INTERVALS, JPEG_BASELINE, 2)
ends_early("colors", COLORS, JPEG_BASELINE, 5, **THREE)
ends_early("progressive", PROGRESSION, PROGRESSIVE, 1)
ends_early("lossless", WHOLE, LOSSLESS, 3)
# Without EOI, a zero that makes the length of a fragment even may stand for a lost byte.
for kind, parts, syntax in [("baseline", BASE, JPEG_BASELINE), ("lossless", WHOLE, LOSSLESS)]:
    for zeros in (1, 2, 9):
        length = len(parts["data"]) - 1
        stops(f"{kind}, {zeros} zeros for the last byte", parts.until("data", length) + bytes(zeros),
              None, "found no end marker, and a last byte that may be padding", syntax)  # fmt: skip
for name, scan in [("low", 1), ("rest", 2)]:
    offset, stream = PROGRESSION.start(name), PROGRESSION.until(name, 0)
    text = f"SOS, scan {scan}: `entropy-coded data`: found its end in row 0 of MCUs, expected 2 rows"
    stops(f"progressive, no data of scan {scan}, and EOI", stream + EOI, offset, text, PROGRESSIVE)
stops("progressive, no data of scan 2", stream, PROGRESSION.start("rest"), text, PROGRESSIVE)

# Other data

DATA = BASE["data"]
stops("a marker within the data", BASE.stream(data=DATA[:5] + ONES + DATA[5:]), 154,
      f"{SCAN}`entropy-coded data`: found its end in row 0 of MCUs, expected 2 rows")  # fmt: skip
stops("data of ones", BASE.stream(data=b"\xff\0" * 12), 149, NO_CODE)
for name, excess in [("zeros", bytes(2)), ("FF", b"\xff\xff")]:
    is_whole(f"{name} after the data", BASE.with_after("data", excess))
is_reported("other bytes after the data", BASE.with_after("data", b"abc"),
            "scan 0, offset 164: found 3 other bytes after the last sample, expected none")  # fmt: skip

# Restart markers (B.2.1, E.2.4)

COUPLES = INTERVALS["data"]
FIRST, SECOND = COUPLES.index(restart(0)), COUPLES.index(restart(1))
START = INTERVALS.start("data")
RESTART = f"{SCAN}`restart marker`: found"
for name, data, offset, text in [
    (
        "the first restart marker lost",
        COUPLES[:FIRST] + COUPLES[FIRST + 2 :],
        START + SECOND - 2,
        "RST1, expected RST0",
    ),
    ("the second restart marker lost", COUPLES[:SECOND] + COUPLES[SECOND + 2 :], START + 15, "EOI, expected RST1"),
    (
        "restart markers in another order",
        COUPLES.replace(restart(0), restart(1), 1),
        START + FIRST,
        "RST1, expected RST0",
    ),
    ("a restart interval lost", COUPLES[:FIRST] + COUPLES[SECOND:], START + FIRST, "RST1, expected RST0"),
]:
    stops(name, INTERVALS.stream(data=data), offset, f"{RESTART} {text}")
for name, stream, offset in [
    ("a restart marker doubled", INTERVALS.stream(data=COUPLES[: FIRST + 2] + COUPLES[FIRST:]), START + FIRST + 2),
    ("a restart marker before the data", INTERVALS.stream(data=restart(7) + COUPLES), START),
]:
    stops(name, stream, offset, f"{SCAN}`entropy-coded data`: found its end in row 0 of MCUs, expected 2 rows")
stops("restart markers without DRI", INTERVALS.stream(dri=b""), 153, NO_CODE)
stops("restart markers with an interval of 0", INTERVALS.stream(dri=restart_interval(0)), 159, NO_CODE)
stops("restart interval too long", INTERVALS.stream(dri=restart_interval(3)), 159, NO_CODE)
stops("restart interval too short", INTERVALS.stream(dri=restart_interval(1)), 172, f"{RESTART} EOI, expected RST2")
stops("a restart interval, and no markers", BASE.stream(ac=BASE["ac"] + restart_interval(2)), 167,
      f"{RESTART} EOI, expected RST0")  # fmt: skip
is_whole("a restart interval longer than the image", BASE.stream(ac=BASE["ac"] + restart_interval(65535)))
is_reported("a restart marker after the last interval", INTERVALS.stream(data=COUPLES + restart(2)),
            "offset 172: found RST2 after the last sample of the scan, expected another marker")  # fmt: skip

# Progressions (G.1.1.1)


def scan(name: str) -> bytes:
    """The header and the data of a scan of `PROGRESSION`."""
    return PROGRESSION["sos" if name == "data" else f"{name}_sos"] + PROGRESSION[name]


for name, stream, offset, text in [
    ("DC coefficients twice", PROGRESSION.with_after("data", scan("data")), 161,
     "SOS, scan 1: `progression` of component 0, coefficient 0: found Ah = 0, expected the Al of the scan before"),
    ("refined twice", PROGRESSION.with_after("low", scan("low")), 172,
     "SOS, scan 2: `progression` of component 0, coefficient 0: found Ah = 1, expected the Al of the scan before"),
    ("AC coefficients twice", PROGRESSION.with_after("rest", scan("rest")), 183,
     "SOS, scan 3: `progression` of component 0, coefficient 1: found Ah = 0, expected the Al of the scan before"),
    ("refined first", PROGRESSION.stream(sos=b"", data=b""), 139,
     "SOS, scan 0: `progression` of component 0, coefficient 0: found Ah = 1, expected 0 in the first scan"),
    ("no DC coefficients", PROGRESSION.stream(sos=b"", data=b"", low_sos=b"", low=b""), 139,
     "SOS, scan 0: `progression` of component 0, coefficient 1: found Ah = 0, expected a scan of DC coefficients"),
    ("DC and AC in one scan", PROGRESSION.stream(sos=scan_header([1], b"\0\5\1")), 148,
     "SOS, scan 0: `end of spectral selection`: found 5, expected 0 in a DC scan, else Ss to 63"),
    ("a band from 9 to 3", PROGRESSION.stream(rest_sos=scan_header([1], b"\x09\3\0")), 181,
     "SOS, scan 2: `end of spectral selection`: found 3, expected 0 in a DC scan, else Ss to 63"),
    ("bit 14", PROGRESSION.stream(sos=scan_header([1], b"\0\0\x0e")), 148,
     "SOS, scan 0: `successive approximation low`: found 14, expected 0 to 13"),
    ("a bit left out", PROGRESSION.stream(low_sos=scan_header([1], b"\0\0\x20")), 170,
     "SOS, scan 1: `successive approximation high`: found 2, expected 0, or Al + 1"),
]:  # fmt: skip
    stops(f"progressive, {name}", stream, offset, text, PROGRESSIVE)
for name, changed, coefficient in [
    ("no scan of the lowest bits", {"low_sos": b"", "low": b""}, 0),
    ("no scan of AC coefficients", {"rest_sos": b"", "rest": b""}, 1),
]:
    is_reported(f"progressive, {name}", PROGRESSION.stream(**changed),
                rf"`component 0`: found no scan with the lowest bits "
                rf"of coefficient {coefficient}", PROGRESSIVE)  # fmt: skip

# More work than bytes

MANY_BLOCKS = 256 * 256
"""Of an image of 2048 x 2048 samples."""


def nothing(blocks: int) -> bytes:
    """The data of a scan in which no block has a coefficient: the longest runs of ends of band (G.1.2.2)."""
    writer = BitWriter()
    while blocks >= 1 << 14:
        run = min(blocks, (1 << 15) - 1)
        writer.put(0, 1)
        writer.put(run - (1 << 14), 14)
        blocks -= run
    while blocks:
        size = blocks.bit_length() - 1
        writer.put(16 + size, 5)
        writer.put(blocks - (1 << size), size)
        blocks = 0
    return writer.stuffed()


def many_scans() -> bytes:
    """Each bit of each coefficient in a scan of its own: 882 scans of about 20 bytes over 65,536 blocks."""
    runs = segment(0xC4, bytes([0x10, 1, 0, 0, 0, 14, *[0] * 11, 0xE0, *[size << 4 for size in range(14)]]))
    empty, scans = nothing(MANY_BLOCKS), []
    for coefficient in range(1, 64):
        for low in range(13, -1, -1):
            high = 0 if low == 13 else low + 1
            scans.append(scan_header([1], bytes([coefficient, coefficient, high << 4 | low])) + empty)
    header = frame_header(0xC2, 8, (2048, 2048), [1], [(1, 1)])
    first = scan_header([1], b"\0\0\0") + bytes(MANY_BLOCKS * 5 // 8)
    return b"".join([SOI, ONES, header, five_bit_table(0, 12), runs, first, *scans, EOI])


decoded("JPEG, progressive, 883 scans", one(many_scans(), PROGRESSIVE, rows=2048, columns=2048),
        np.full((1, 2048, 2048), 128, np.uint8), ways=("bytes",), without=LEFT)  # fmt: skip
