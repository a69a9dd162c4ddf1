"""Mutations of encapsulation, of RLE Lossless, and of arbitrary bytes."""

import functools
import random
import struct

from mutation_sources import File
from mutations import LENGTHS, TAGS, Edit, Edits, rewritten
from oracle import UNDEFINED_LENGTH

# Encapsulation


def change_table(rng: random.Random, file: File) -> Edits:
    """Change an entry of the Basic Offset Table."""
    table = file.items[0]
    if table.end - table.value < 4:
        return []
    place = rng.randrange(table.value, table.end - 3, 4)
    was = struct.unpack_from("<L", file.data, place)[0]
    number = rng.choice((was + 1, was + 2, was + 8, was - 8, 0, 8, len(file.data), rng.randrange(500), *LENGTHS))
    return [Edit(place, place + 4, struct.pack("<L", number & 0xFFFFFFFF))]


def change_table_size(rng: random.Random, file: File) -> Edits:
    table = file.items[0]
    value = file.data[table.value : table.end]
    changed = rng.choice((b"", value[:-4], value[:-1], value + bytes(2), value + bytes(4), value + value, value[4:]))
    if rng.random() < 0.2:
        return [Edit(table.start, table.end, b"")]
    return [Edit(table.start, table.end, struct.pack("<HHL", 0xFFFE, 0xE000, len(changed)) + changed)]


def change_extended(rng: random.Random, file: File) -> Edits:
    found = [at for at in file.elements if at.tag in (0x7FE00001, 0x7FE00002)]
    if not found:
        return []
    at = rng.choice(found)
    value, kind = file.data[at.value : at.end], rng.randrange(4)
    if kind == 0 and value:
        place = rng.randrange(at.value, at.end - 7, 8)
        number = rng.choice((0, 1, 8, 2**31, 2**32, 2**62, 2**63, 2**64 - 8, 2**64 - 1, rng.randrange(500)))
        return [Edit(place, place + 8, struct.pack("<Q", number))]
    changed = rng.choice((value[:-8], value[:-1], value + bytes(8), b"", value[:-4]))
    return [Edit(at.start, at.end, b"") if kind == 1 else rewritten(file, at, changed)]


def change_item(rng: random.Random, file: File) -> Edits:
    """Change the length or the tag of an item, or of the delimiter."""
    at = rng.choice(file.items)
    if rng.random() < 0.65:
        was = at.end - at.value
        number = rng.choice((was - 2, was - 1, was + 1, was + 2, was + 8, rng.randrange(300), *LENGTHS))
        return [Edit(at.start + 4, at.start + 8, struct.pack("<L", number & 0xFFFFFFFF))]
    tag = rng.choice(TAGS)
    return [Edit(at.start, at.start + 4, struct.pack("<HH", tag >> 16, tag & 0xFFFF))]


def rearrange_items(rng: random.Random, file: File) -> Edits:
    """Remove, repeat, exchange or split an item, insert an empty one, or damage the delimiter."""
    at, other = rng.choice(file.items), rng.choice(file.items)
    whole, kind = file.data[at.start : at.end], rng.randrange(6)
    if kind == 0:
        return [Edit(at.start, at.end, b"")]
    if kind == 1:
        return [Edit(at.end, at.end, whole)]
    if kind == 2 and at != other:
        return [Edit(at.start, at.end, file.data[other.start : other.end]), Edit(other.start, other.end, whole)]
    if kind == 3:
        return [Edit(at.start, at.start, struct.pack("<HHL", 0xFFFE, 0xE000, 0))]
    if kind == 4 and at.end - at.value > 4:
        cut = rng.randrange(2, at.end - at.value, 2)
        first, second = whole[8 : 8 + cut], whole[8 + cut :]
        head = functools.partial(struct.pack, "<HHL", 0xFFFE, 0xE000)
        return [Edit(at.start, at.end, head(len(first)) + first + head(len(second)) + second)]
    last = file.items[-1]
    return [
        Edit(last.start, last.end, rng.choice((b"", b"\xfe\xff", bytes(8), struct.pack("<HHL", 0xFFFE, 0xE00D, 0))))
    ]


# RLE Lossless


def change_rle_header(rng: random.Random, file: File) -> Edits:
    frame = rng.choice(file.frames)
    count = struct.unpack_from("<L", file.data, frame)[0]
    if rng.random() < 0.25:
        number = rng.choice((0, 1, 2, 3, count - 1, count + 1, 15, 16, 255, 2**31, UNDEFINED_LENGTH))
        return [Edit(frame, frame + 4, struct.pack("<L", number & 0xFFFFFFFF))]
    place = frame + 4 * rng.randrange(1, min(count + 2, 16))
    was = struct.unpack_from("<L", file.data.ljust(place + 4, b"\0"), place)[0]
    number = rng.choice(
        (was - 1, was + 1, was - 2, was + 2, 0, 63, 64, 65, rng.randrange(400), 2**31, UNDEFINED_LENGTH)
    )
    return [Edit(place, place + 4, struct.pack("<L", number & 0xFFFFFFFF))]


def change_rle_bytes(rng: random.Random, file: File) -> Edits:
    """Change, insert or remove a byte of the runs, mostly as a control byte would be, whose places are unknown."""
    frame = rng.choice(file.frames)
    end = next((at.end for at in file.items if at.value <= frame <= at.end), frame) - 1
    if end <= frame + 64:
        return []
    place, kind = rng.randrange(frame + 64, end), rng.randrange(8)
    if kind == 0:
        return [Edit(place, place + 1, b"")]
    if kind == 1:
        return [Edit(place, place, bytes([rng.choice((0, 1, 127, 128, 129, 255))]))]
    return [Edit(place, place + 1, bytes([rng.choice((0, 1, 126, 127, 128, 129, 130, 254, 255, rng.randrange(256)))]))]


# Anywhere


def _place(rng: random.Random, file: File) -> int:
    """An offset, mostly in a header."""
    end = len(file.data)
    if rng.random() < 0.7:
        return rng.choice(file.elements).start + rng.randrange(12)
    return rng.randrange(min(132, end - 1), end)


def change_bits(rng: random.Random, file: File) -> Edits:
    place = min(_place(rng, file), len(file.data) - 1)
    return [Edit(place, place + 1, bytes([file.data[place] ^ 1 << rng.randrange(8)]))]


def change_bytes(rng: random.Random, file: File) -> Edits:
    place, size = _place(rng, file), rng.choice((1, 1, 1, 2, 4, 8, 64))
    value = rng.choice((rng.randbytes(size), bytes(size), b"\xff" * size))
    return [Edit(place, place + size, value)]


def cut_bytes(rng: random.Random, file: File) -> Edits:
    place = _place(rng, file)
    return [Edit(place, place + rng.choice((1, 2, 3, 4, 8, 12, 30)), b"")]


def insert_bytes(rng: random.Random, file: File) -> Edits:
    place = _place(rng, file)
    return [Edit(place, place, rng.choice((bytes(1), bytes(2), bytes(8), rng.randbytes(rng.randrange(1, 20)))))]


def double_block(rng: random.Random, file: File) -> Edits:
    place, other = _place(rng, file), _place(rng, file)
    return [Edit(place, place, file.data[other : other + rng.choice((2, 8, 10, 40, 200))])]
