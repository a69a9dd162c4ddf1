"""Mutations of the description, the headers and the File Meta Information, and helpers for other mutations.

A mutation is a list of edits, whose offsets refer to the original file, so that several can be applied at once.
"""

import functools
import random
import struct
from typing import NamedTuple

from mutation_sources import ITEM, ITEM_END, PIXEL_TAGS, SEQUENCE_END, Element, File
from oracle import LONG_VRS, UNDEFINED_LENGTH


class Edit(NamedTuple):
    """Replaces the bytes from `start` to `end` by `value`."""

    start: int
    end: int
    value: bytes


Edits = list[Edit]


DESCRIBING = {
    0x00280002: "US",
    0x00280004: "CS",
    0x00280006: "US",
    0x00280008: "IS",
    0x00280010: "US",
    0x00280011: "US",
    0x00280100: "US",
    0x00280101: "US",
    0x00280102: "US",
    0x00280103: "US",
}
NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 127, 128, 255, 256, 257),
    *(4095, 32767, 32768, 65534, 65535),
)
LENGTHS = (0, 1, 2, 3, 4, 6, 8, 12, 64, 255, 65534, 65535, 2**31 - 1, 2**31, 2**32 - 8, 2**32 - 2, UNDEFINED_LENGTH)
COUNTS = (
    *(
        b"0",
        b"1",
        b"2",
        b"3",
        b"4",
        b"6",
        b"-1",
        b"",
        b"  ",
        b"1A",
        b"1.5",
        b"1e1",
        b"2147483647",
        b"2147483648",
        b"+2",
    ),
    *(b"99999999999999999999", b"2\\3", b"0x2", b" 2", b"2\0", b"\xb2", b"1_0", b"nan", b"\\", b"9" * 70),
)
TERMS = (
    *(b"MONOCHROME1", b"MONOCHROME2", b"RGB", b"YBR_FULL", b"YBR_FULL_422", b"PALETTE COLOR", b"YBR_RCT", b"YBR_ICT"),
    *(b"YBR_PARTIAL_420", b"HSV", b"", b"rgb", b"RGB\0", b" RGB", b"RGB\\MONOCHROME2", b"\xff\xfe", b"X" * 40, b"CMYK"),
)
SYNTAXES = (
    *(b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99"),
    *(b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.1.98", b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.90"),
    *(b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.4.95", b"1.2.840.10008.1.2.8.1", b"1.2.840.10008.5.1.4.1.1.2"),
    *(b"", b"1.2.3", b"not a uid", b"1.2.840.10008.1.2.5\\1.2.840.10008.1.2", b"\xff" * 8, b"1.2.840.10008.1.2 "),
)
VRS = (
    *(b"US", b"SS", b"UL", b"SL", b"IS", b"DS", b"CS", b"UI", b"AT", b"FL", b"FD", b"OB", b"OW", b"OF", b"OD", b"OL"),
    *(b"OV", b"SV", b"UV", b"UN", b"SQ", b"UT", b"UC", b"LO", b"PN", b"ZZ", b"\0\0", b"us", b"\xff\xff", b"O\0"),
)
TAGS = (
    *DESCRIBING,
    *PIXEL_TAGS,
    *(ITEM, ITEM_END, SEQUENCE_END, 0, 0x00020010, 0x00080005, 0x00080000, 0x00280000, 0x7FE00000, 0x7FE00001),
    *(0x7FE00002, 0x00281050, 0x00091010, 0xFFFCFFFC, 0x00189999, 0x60003000, 0x00020000, 0x00030000),
)


def encoded(file: File, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """An element in the encoding of this file's data set."""
    length = len(value) if length is None else length
    header = struct.pack(f"{file.order}HH", tag >> 16, tag & 0xFFFF)
    if file.implicit:
        return header + struct.pack(f"{file.order}L", length) + value
    if vr in LONG_VRS:
        return header + vr.encode("latin-1") + struct.pack(f"{file.order}HL", 0, length) + value
    return header + vr.encode("latin-1") + struct.pack(f"{file.order}H", length & 0xFFFF) + value


def even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


# The description


def _describing(rng: random.Random, file: File) -> Element | None:
    found = [at for at in file.elements if at.tag in DESCRIBING and at.depth == 0]
    return rng.choice(found) if found else None


def _number(rng: random.Random, was: int) -> int:
    if rng.random() < 0.4:
        return rng.choice((was - 1, was + 1, was * 2, was // 2, was * 256, rng.randrange(20))) % 65536
    return rng.choice(NUMBERS)


def _value_of(rng: random.Random, file: File, at: Element) -> bytes:
    """Another value of the same kind."""
    if at.tag == 0x00280004:
        return even(rng.choice(TERMS))
    if at.tag == 0x00280008:
        return even(rng.choice(COUNTS))
    size = at.end - at.value
    was = struct.unpack_from(f"{file.order}H", file.data, at.value)[0] if size >= 2 else 0
    return struct.pack(f"{file.order}H", _number(rng, was))


def change_value(rng: random.Random, file: File) -> Edits:
    at = _describing(rng, file)
    return [] if at is None else [rewritten(file, at, _value_of(rng, file, at))]


def rewritten(file: File, at: Element, value: bytes, vr: str | None = None) -> Edit:
    vr = vr or at.vr or DESCRIBING.get(at.tag, "UN")
    return Edit(at.start, at.end, encoded(file, at.tag, vr, value))


NUMERIC = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}


def change_type(rng: random.Random, file: File) -> Edits:
    """Another VR, which can represent the number or a larger range."""
    at = _describing(rng, file)
    if at is None or at.tag == 0x00280004:
        return []
    value = file.data[at.value : at.end]
    number = rng.choice(
        (
            int(value) if at.tag == 0x00280008 else struct.unpack(f"{file.order}H", value)[0],
            rng.choice(NUMBERS),
            -1,
            2**31,
        )
    )
    vr = rng.choice(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "IS", "DS", "UN", "OB", "OW", "LO", "AT", "SQ"))
    try:
        changed = struct.pack(file.order + NUMERIC.get(vr, "L"), number)
    except struct.error:
        return []
    if vr in ("IS", "DS", "LO") or (vr == "UN" and rng.random() < 0.5):
        changed = even(b"%d" % number)
    return [rewritten(file, at, changed, vr)]


def change_multiplicity(rng: random.Random, file: File) -> Edits:
    """No value, two values, padding, or a missing byte."""
    at = _describing(rng, file)
    if at is None:
        return []
    value = file.data[at.value : at.end]
    two = value + b"\\" + value if at.tag in (0x00280004, 0x00280008) else value + value
    changed = rng.choice(
        (b"", two, value[:-1], value + b"\0", value + b" ", value * 9, b"\0\0" + value, value + bytes(2))
    )
    return [rewritten(file, at, changed)]


def remove_element(rng: random.Random, file: File) -> Edits:
    at = _describing(rng, file)
    return [] if at is None else [Edit(at.start, at.end, b"")]


def double_element(rng: random.Random, file: File) -> Edits:
    """Repeat an element, directly after it or elsewhere, with the same or another value."""
    at = _describing(rng, file)
    if at is None:
        return []
    value = file.data[at.value : at.end] if rng.random() < 0.3 else _value_of(rng, file, at)
    changed = encoded(file, at.tag, at.vr or "UN", value)
    place = at.end if rng.random() < 0.5 else rng.choice(file.elements).start
    return [Edit(place, place, changed)]


# Headers


def change_length(rng: random.Random, file: File) -> Edits:
    at = _any(rng, file)
    return [_length(rng, file, at)]


def change_pixel_length(rng: random.Random, file: File) -> Edits:
    found = [at for at in file.elements if at.tag in PIXEL_TAGS and at.depth == 0]
    return [_length(rng, file, found[-1])] if found else []


def _length(rng: random.Random, file: File, at: Element) -> Edit:
    start, end = at.length_place
    was = at.end - at.value
    number = rng.choice((was - 2, was - 1, was + 1, was + 2, was * 2, was // 2, rng.randrange(200), *LENGTHS))
    order = "<" if at.end <= len(file.head) else file.order
    code, mask = ("H", 0xFFFF) if end - start == 2 else ("L", 0xFFFFFFFF)
    return Edit(start, end, struct.pack(order + code, number & mask))


def _any(rng: random.Random, file: File) -> Element:
    """An element, often one that describes the image."""
    if rng.random() < 0.5:
        return rng.choice(file.elements)
    return _describing(rng, file) or rng.choice(file.elements)


def change_vr(rng: random.Random, file: File) -> Edits:
    at = _any(rng, file) if rng.random() < 0.8 else file.elements[-1]
    return [Edit(at.start + 4, at.start + 6, rng.choice(VRS))] if at.vr else []


def change_tag(rng: random.Random, file: File) -> Edits:
    at, tag = _any(rng, file), rng.choice(TAGS)
    return [Edit(at.start, at.start + 4, struct.pack(f"{file.order}HH", tag >> 16, tag & 0xFFFF))]


def move_element(rng: random.Random, file: File) -> Edits:
    at, place = _any(rng, file), rng.choice(file.elements).start
    if at.start <= place < at.end:
        return []
    return [Edit(at.start, at.end, b""), Edit(place, place, file.data[at.start : at.end])]


def insert_element(rng: random.Random, file: File) -> Edits:
    """Insert an element before another one of the data set."""
    place = rng.choice([at for at in file.elements if at.start >= len(file.head)] or file.elements).start
    number = functools.partial(struct.pack, f"{file.order}H")
    changed = rng.choice(
        (
            lambda: encoded(file, 0x7FE00010, "OW", bytes(2 * rng.randrange(40))),
            lambda: encoded(file, 0x7FE00008, "OF", bytes(4 * rng.randrange(40))),
            lambda: encoded(file, 0x7FE00009, "OD", bytes(8 * rng.randrange(40))),
            lambda: encoded(file, 0x7FE00001, "OV", struct.pack("<2Q", 0, rng.choice((8, 2**62, 2**63)))),
            lambda: encoded(file, 0x7FE00002, "OV", struct.pack("<2Q", 8, rng.choice((8, 2**62, 2**63)))),
            lambda: encoded(file, 0x00280000, "UL", number(rng.choice(NUMBERS)) + b"\0\0"),
            lambda: encoded(
                file, 0x00080005, "CS", rng.choice((b"ISO_IR 192", b"GB18030\0", b"\\ISO 2022 IR 87", b"??"))
            ),
            lambda: encoded(file, rng.choice(TAGS), rng.choice(("UN", "SQ", "LO", "OB")), bytes(rng.randrange(12))),
            lambda: encoded(file, 0x00280006, "US", number(rng.randrange(3))),
            lambda: encoded(file, 0x00280102, "US", number(rng.randrange(20))),
            lambda: nested(rng, file),
            lambda: nested(rng, file),
        )
    )()
    return [Edit(place, place, changed)]


def nested(rng: random.Random, file: File) -> bytes:
    """Nested sequences, with or without delimiters, around an element of an image."""
    inner = encoded(file, 0x00280010, "US", struct.pack(f"{file.order}H", 99))
    for _ in range(rng.choice((1, 1, 2, 3, 8, 40, 200))):
        inner = delimited(rng, file, ITEM, inner, ITEM_END)
        inner = delimited(rng, file, 0x00081140, inner, SEQUENCE_END)
    return inner


def delimited(rng: random.Random, file: File, tag: int, inner: bytes, end: int) -> bytes:
    """A sequence or item of defined or undefined length, rarely a wrong one."""
    is_item, dice = tag == ITEM, rng.random()
    length = UNDEFINED_LENGTH if dice < 0.5 else len(inner)
    if dice > 0.97:
        length = rng.choice(LENGTHS)
    mark = struct.pack(f"{file.order}HHL", end >> 16, end & 0xFFFF, 0)
    after = mark if length == UNDEFINED_LENGTH and rng.random() < 0.97 else b""
    if is_item:
        return struct.pack(f"{file.order}HHL", tag >> 16, tag & 0xFFFF, length) + inner + after
    return encoded(file, tag, "UN" if dice > 0.9 else "SQ", inner, length) + after


def insert_delimiter(rng: random.Random, file: File) -> Edits:
    place = rng.choice(file.elements)
    tag, length = rng.choice((ITEM, ITEM_END, SEQUENCE_END)), rng.choice((0, 0, 0, 8, UNDEFINED_LENGTH))
    at = rng.choice((place.start, place.value, place.end))
    return [Edit(at, at, struct.pack(f"{file.order}HHL", tag >> 16, tag & 0xFFFF, length))]


# Preamble, file meta information, transfer syntax


def change_syntax(rng: random.Random, file: File) -> Edits:
    at = next((at for at in file.elements if at.tag == 0x00020010), None)
    if at is None:
        return []
    uid = rng.choice(SYNTAXES)
    uid += b"\0" * (len(uid) % 2)
    changed = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    edits = [Edit(at.start, at.end, changed)]
    size = file.elements[0]
    if size.tag == 0x00020000 and rng.random() < 0.8:
        was = struct.unpack_from("<L", file.data, size.value)[0]
        edits.append(Edit(size.value, size.value + 4, struct.pack("<L", was + len(changed) - (at.end - at.start))))
    return edits


def change_preamble(rng: random.Random, file: File) -> Edits:
    return [
        rng.choice(
            (
                Edit(0, 128, b""),
                Edit(0, 132, b""),
                Edit(128, 132, b"DCIM"),
                Edit(0, 2, b""),
                Edit(0, 0, bytes(2)),
                Edit(0, 128, rng.randbytes(128)),
                Edit(132, 132, b"DICM"),
                Edit(0, len(file.head), b""),
                Edit(132, len(file.head), b""),
            )
        )
    ]


def change_meta(rng: random.Random, file: File) -> Edits:
    found = [at for at in file.elements if at.end <= len(file.head)]
    if not found:
        return []
    at = rng.choice(found)
    kind = rng.randrange(5)
    if kind == 0:
        return [Edit(at.start, at.end, b"")]
    if kind == 1:
        return [Edit(at.end, at.end, file.data[at.start : at.end])]
    if kind == 2:
        return [_length(rng, file, at)]
    if kind == 3:
        return [Edit(at.value, at.value + 2, struct.pack("<H", rng.choice(NUMBERS)))]
    return [Edit(at.start + 4, at.start + 6, rng.choice(VRS))]


def change_group_length(rng: random.Random, file: File) -> Edits:
    at = file.elements[0]
    if at.tag != 0x00020000:
        return []
    was = len(file.head) - at.end
    number = rng.choice((was - 1, was + 1, was + 8, was - 8, *LENGTHS)) & 0xFFFFFFFF
    return [Edit(at.value, at.end, struct.pack("<L", number))]
