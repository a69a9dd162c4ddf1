"""JPEG-LS segments that change samples or sizes (ISO/IEC 14495-1 C.2.4, C.2.6): preset parameters, mapping tables, LSE
of type 4, and DNL.
"""

import numpy as np
from build_jpeg_ls import coded, lines, parameters, scan
from cases_jpeg_ls import (
    BY_LINE,
    BYTES,
    EIGHT,
    MAPPED,
    OF_DNL,
    OF_SEGMENT,
    SCAN,
    SMALL,
    TABLE,
    THREE,
    THREE_SCANS,
    WHOLE,
    WORDS,
    frame,
    is_whole,
    stops,
)
from codestreams import segment
from jpeg_ls_streams import Scan, mapping_table, oversize

# Preset parameters (C.2.4.1.1), of images of 8 bits

THRESHOLDS = "expected more than NEAR, not less than the one before, at most MAXVAL"
for name, given, text in [
    ("MAXVAL 256", (256,), "`MAXVAL`: found 256, expected less than 2 to the power of the precision"),
    ("MAXVAL 65535", (65535,), "`MAXVAL`: found 65535, expected less than 2 to the power of the precision"),
    ("T3 above 255", (0, (3, 7, 256)), f"`T1, T2 or T3`: found 256, {THRESHOLDS}"),
    ("T3 above MAXVAL", (100, (3, 7, 101)), f"`T1, T2 or T3`: found 101, {THRESHOLDS}"),
    ("T2 below T1", (0, (9, 8, 21)), f"`T1, T2 or T3`: found 8, {THRESHOLDS}"),
    ("T3 below T2", (0, (3, 7, 6)), f"`T1, T2 or T3`: found 6, {THRESHOLDS}"),
    ("T3 below the default T2", (0, (0, 0, 6)), f"`T1, T2 or T3`: found 6, {THRESHOLDS}"),
    ("RESET 1", (0, (0, 0, 0), 1), "`RESET`: found 1, expected 3 to the greater of 255 and MAXVAL"),
    ("RESET 2", (0, (0, 0, 0), 2), "`RESET`: found 2, expected 3 to the greater of 255 and MAXVAL"),
    ("RESET 256", (0, (0, 0, 0), 256), "`RESET`: found 256, expected 3 to the greater of 255 and MAXVAL"),
]:
    stops(name, SMALL.with_after("sof", parameters(*given)), 37, SCAN + text, **EIGHT)
for name, near, given, text in [
    ("NEAR 128", 128, (), "`NEAR`: found 128, expected at most 255 and half of MAXVAL"),
    ("NEAR 255", 255, (), "`NEAR`: found 255, expected at most 255 and half of MAXVAL"),
    ("NEAR above half of MAXVAL", 3, (5,), "`NEAR`: found 3, expected at most 255 and half of MAXVAL"),
    ("T1 that is NEAR", 2, (0, (2, 9, 31)), f"`T1, T2 or T3`: found 2, {THRESHOLDS}"),
]:
    before = parameters(*given) if given else b""
    stops(name, SMALL.stream(sos=before + scan(near=near)), 22 + len(before), SCAN + text, **EIGHT)
stops("samples above MAXVAL", SMALL.with_after("sof", parameters(5)), 45,
      f"{SCAN}`entropy-coded data`: found bits that are no code", **EIGHT)  # fmt: skip
LOW = BYTES // 2
for name, given, samples in [
    ("the defaults", {"maxval": 255, "thresholds": (3, 7, 21), "reset": 64}, BYTES),
    ("the greatest RESET", {"reset": 255}, BYTES),
    ("the least RESET", {"reset": 3}, BYTES),
    ("equal thresholds", {"thresholds": (9, 9, 9)}, BYTES),
    ("a low MAXVAL", {"maxval": 12}, LOW),
]:
    is_whole(name, coded(samples[0], 8, [Scan(**given)]).stream(), samples, **EIGHT)
is_whole("preset parameters after the scan", SMALL.with_after("data", parameters(5)), BYTES, **EIGHT)
is_whole("preset parameters twice, of which the last are right", SMALL.with_after("sof", parameters(5) + parameters()),
         BYTES, **EIGHT)  # fmt: skip
for kind in (0, 14, 255):
    stops(f"LSE of type {kind}", WHOLE.with_after("sof", segment(0xF8, bytes([kind, *[0] * 10]))), 19,
          f"LSE, `LSE type`: found {kind}, expected 1 to 4")  # fmt: skip
for kind in (5, 13):
    stops(f"LSE of type {kind}", WHOLE.with_after("sof", segment(0xF8, bytes([kind, *[0] * 10]))), 19,
          f"LSE, found an LSE segment of JPEG-LS extensions (type {kind})")  # fmt: skip
stops(
    "LSE without a type", WHOLE.with_after("sof", segment(0xF8, b"")), 18, "LSE, `segment length`: found 0, expected 1"
)

# Mapping tables (C.2.4.1.2, C.2.4.1.3)


def lse(*contents: int) -> bytes:
    """LSE with these bytes."""
    return segment(0xF8, bytes(contents))


MISSING = "`mapping table 1`: found none, expected its definition before the scan"
SHORT = "`mapping table 1`: found {} entries, expected one for sample {}"
for name, table, offset, text in [
    ("no table", b"", 21, SCAN + MISSING),
    ("another table", mapping_table(2, TABLE), 284, SCAN + MISSING),
    ("12 entries", mapping_table(1, TABLE[:12]), 44, SCAN + SHORT.format(12, 12)),
    ("24 entries", mapping_table(1, TABLE[:24]), 56, SCAN + SHORT.format(24, 24)),
    ("no entries", lse(2, 1, 1), 32, SCAN + SHORT.format(0, 1)),
    ("table 0", lse(2, 0, 1, 5), 7, "LSE, `mapping table identifier`: found 0, expected 1 to 255"),
    ("entries of no bytes", lse(2, 1, 0, 5), 8, "LSE, `width of table entries`: found 0, expected 1 to 255"),
    ("a table without width", lse(2, 1), 7, "LSE, `segment length`: found 0, expected 1"),
    ("a table without identifier", lse(2), 6, "LSE, `segment length`: found 0, expected 1"),
    ("entries of a table that is not there", lse(3, 1, 1, 5), 8, "LSE, " + MISSING),
    ("entries of two widths", lse(2, 1, 1, 5) + lse(3, 1, 2, 5, 5), 16,
     "LSE, `width of table entries`: found 2, expected that of the table's first segment"),
    ("two bytes for an entry of 8 bits", mapping_table(1, TABLE.astype(np.uint16)), None,
     "the codestream has sample bits 16, expected 8"),
    ("entries of three bytes", lse(2, 1, 3, 1, 2, 3), None, "the codestream has sample bits 24, expected 8"),
]:  # fmt: skip
    stops(f"mapping table, {name}", MAPPED.stream(lse=table, lse2=b""), offset, text, **EIGHT)
stops("mapping table, half an entry", MAPPED.stream(lse=lse(2, 1, 2, 1), lse2=b""), 9,
      "LSE, `segment length`: found 1, expected 2")  # fmt: skip
LATE = MAPPED.stream(lse=b"", lse2=b"", data=MAPPED["data"] + mapping_table(1, TABLE))
stops("mapping table after the scan", LATE, 21, SCAN + MISSING, **EIGHT)
WIDE = np.arange(256, dtype=np.uint16) * 257 + 1
is_whole("mapping table, entries of two bytes", MAPPED.stream(lse=mapping_table(1, WIDE), lse2=b""), WIDE[BYTES])
is_whole("mapping table, 25 entries", MAPPED.stream(lse=mapping_table(1, TABLE[:25]), lse2=b""), TABLE[BYTES], **EIGHT)
is_whole("mapping table that is replaced", MAPPED.stream(lse=mapping_table(1, TABLE[:3]) + mapping_table(1, TABLE),
         lse2=b""), TABLE[BYTES], **EIGHT)  # fmt: skip
SECOND = BY_LINE["sos"][:8] + b"\1" + BY_LINE["sos"][9:]
stops("mapping table, two bytes for one of three components", BY_LINE.stream(sos=mapping_table(1, WIDE) + SECOND), None,
      "the codestream has sample bytes 2, expected 1", **THREE)  # fmt: skip

# LSE of type 4 (C.2.4.1.4)

UNLESS = "expected that of the frame header, unless it is 0"
for name, size, offset, text in [
    ("other rows", oversize(5, 6), 39, f"LSE, `lines`: found 5, {UNLESS}"),
    ("other columns", oversize(4, 7), 39, f"LSE, `samples per line`: found 7, {UNLESS}"),
    ("2^32 - 1 rows", oversize(2**32 - 1, 2**32 - 1), 39, f"LSE, `lines`: found 4294967295, {UNLESS}"),
    ("numbers of one byte", oversize(4, 6, 1), 20, "LSE, `bytes of a dimension`: found 1, expected 2 to 4"),
    ("numbers of five bytes", oversize(4, 6, 5), 20, "LSE, `bytes of a dimension`: found 5, expected 2 to 4"),
    ("twice", oversize(4, 6) * 2, 42, "LSE, found an image size, expected one, before the first scan"),
]:
    stops(f"LSE of type 4, {name}", WHOLE.with_after("sof", size), offset, text)
stops("LSE of type 4 after the scan", WHOLE.with_after("data", oversize(4, 6)), 71,
      "LSE, found an image size, expected one, before the first scan")  # fmt: skip
for name, size, text in [
    ("other rows", oversize(5, 6), "Rows 5, expected 4"), ("other columns", oversize(4, 7), "Columns 7, expected 6"),
    ("zeros", oversize(0, 0), "Rows 0, expected 4"), ("numbers of one byte", oversize(4, 6, 1), "Rows 0, expected 4"),
    ("2^32 - 1 rows", oversize(2**32 - 1, 2**32 - 1), "Rows 0, expected 4"), ("none", b"", "Rows 0, expected 4"),
]:  # fmt: skip
    stops(f"LSE of type 4 alone, {name}", OF_SEGMENT.stream(lse=size), None, f"the codestream has {text}")
stops("LSE of type 4 alone, after the scan", OF_SEGMENT.stream(lse=b"", data=OF_SEGMENT["data"] + oversize(4, 6)), None,
      "the codestream has Rows 0, expected 4")  # fmt: skip
for size in (2, 3, 4):
    is_whole(f"LSE of type 4 alone, numbers of {size} bytes", OF_SEGMENT.stream(lse=oversize(4, 6, size)))
    is_whole(f"LSE of type 4 that agrees, numbers of {size} bytes", WHOLE.with_after("sof", oversize(4, 6, size)))
is_whole("LSE of type 4 of the columns alone", OF_SEGMENT.stream(lse=oversize(0, 6), sof=frame(columns=0)))

# DNL (C.2.6)

for name, contents, offset, text in [
    ("of other rows", b"\0\5", 63, "`number of lines`: found 5, expected that of the frame, after the first scan"),
    ("of no rows", b"\0\0", 63, "`number of lines`: found 0, expected at least 1"),
    ("without contents", b"", 61, "`segment length`: found 0, expected 2"),
    ("of one byte", b"\4", 61, "`segment length`: found 1, expected 2"),
    ("of five bytes", b"\0\0\0\0\4", 61, "`segment length`: found 5, expected 4"),
]:
    stops(f"DNL {name}", WHOLE.with_after("data", segment(0xDC, contents)), offset, f"DNL, {text}")
stops("DNL before the scan", WHOLE.with_after("sof", lines(4)), 20,
      "DNL, `number of lines`: found 4, expected that of the frame, after the first scan")  # fmt: skip
stops("DNL after the second scan", THREE_SCANS.with_after("data2", lines(4)), 70,
      "DNL, `number of lines`: found 4, expected that of the frame, after the first scan", **THREE)  # fmt: skip
for name, contents, rows in [
    ("of other rows", b"\0\5", 5), ("of no rows", b"\0\0", 0), ("of one byte", b"\4", 0), ("without contents", b"", 0),
]:  # fmt: skip
    stops(f"DNL alone, {name}", OF_DNL.stream(dnl=segment(0xDC, contents)), None,
          f"the codestream has Rows {rows}, expected 4")  # fmt: skip
stops("DNL alone, lost", OF_DNL.stream(dnl=b""), None, "the codestream has Rows 0, expected 4")
for size in (2, 3, 4):
    number = segment(0xDC, (4).to_bytes(size, "big"))
    is_whole(f"DNL of {size} bytes, alone", OF_DNL.stream(dnl=number), WORDS)
    is_whole(f"DNL of {size} bytes that agrees", WHOLE.with_after("data", number), WORDS)
