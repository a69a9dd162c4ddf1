"""Mutations of JPEG codestreams: of marker segments, at the places where these lie, and of entropy-coded data."""

import random
import struct
from collections.abc import Callable
from typing import NamedTuple

from mutate import Mutated, mutated_file, named
from mutation_sources import File
from mutation_sources_jpeg import chosen_jpeg
from mutations import Edit, Edits

SOI, EOI, DNL = b"\xff\xd8", b"\xff\xd9", b"\xff\xdc\x00\x04"
STANDALONE = frozenset({0x01, *range(0xD0, 0xDA)})
MARKERS = (*range(0xC0, 0xD0), *range(0xD0, 0xE0), 0xE0, 0xEE, 0xFE, 0x01, 0x00, 0xFF)
IN_DATA = {True: (*range(0x80), *range(0xD0, 0xD8)), False: (0, *range(0xD0, 0xD8))}
"""What follows FF within the data of a scan, by whether it is JPEG-LS."""
BYTES = (0, 1, 2, 3, 4, 8, 12, 16, 17, 0x11, 0x22, 0x3F, 0x7F, 0x80, 0xFF)


def mutated_jpeg(seed: int) -> Mutated:
    """The JPEG file of this seed, mostly with a mutated codestream."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    return mutated_file(rng, chosen_jpeg(rng), CODESTREAM)


Change = Callable[[random.Random, bytes], bytes | None]


class Segment(NamedTuple):
    """A marker segment, or the entropy-coded data after a scan header, whose marker is None."""

    marker: int | None
    start: int
    end: int


def segments(stream: bytes) -> list[Segment]:
    """The segments of a codestream, without SOI and EOI, as far as it is valid."""
    found, at, is_jpeg_ls = [], 2, False
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] not in STANDALONE:
        marker, end = stream[at + 1], at + 2 + max(2, int.from_bytes(stream[at + 2 : at + 4], "big"))
        found.append(Segment(marker, at, end))
        at, is_jpeg_ls = end, is_jpeg_ls or marker == 0xF7
        if marker == 0xDA:
            while at + 1 < len(stream) and (stream[at] != 0xFF or stream[at + 1] in IN_DATA[is_jpeg_ls]):
                at += 1
            found.append(Segment(None, end, at))
    return found


def change_codestream(rng: random.Random, file: File) -> Edits:
    """Change the codestream of one fragment once or some times."""
    return changed_fragment(rng, file, CHANGES)


def changed_fragment(rng: random.Random, file: File, changes: tuple[Change, ...]) -> Edits:
    """Apply one or some of these changes to the codestream of one fragment."""
    found = [at for at in file.items if file.data[at.value : at.value + 2] == SOI]
    if not found:
        return []
    at = rng.choice(found)
    stream = changed_stream(rng, file.data[at.value : at.end], changes)
    stream += bytes(len(stream) % 2)
    return [Edit(at.start, at.end, struct.pack("<HHL", 0xFFFE, 0xE000, len(stream)) + stream)]


def changed_stream(rng: random.Random, stream: bytes, changes: tuple[Change, ...]) -> bytes:
    """Apply one or some of these changes to a codestream."""
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        changed = rng.choice(changes)(rng, stream)
        stream = changed if changed is not None else stream
    return stream


def _one(rng: random.Random, stream: bytes, *, data: bool = False) -> Segment | None:
    found = [part for part in segments(stream) if (part.marker is None) == data and part.end > part.start]
    return rng.choice(found) if found else None


def _header_byte(rng: random.Random, stream: bytes) -> bytes | None:
    """Change a byte of a marker segment: a field, a length, a code length or a symbol."""
    part = _one(rng, stream)
    if part is None:
        return None
    place = min(rng.randrange(part.start + 2 * (rng.random() < 0.9), part.end), len(stream) - 1)
    was = stream[place]
    value = rng.choice((*BYTES, was ^ 1 << rng.randrange(8), was + 1 & 255, was - 1 & 255, rng.randrange(256)))
    return stream[:place] + bytes([value]) + stream[place + 1 :]


def _header_word(rng: random.Random, stream: bytes) -> bytes | None:
    """Change two bytes: a length, a size or a restart interval."""
    part = _one(rng, stream)
    if part is None or part.end - part.start < 4:
        return None
    place = part.start + 2 if rng.random() < 0.3 else rng.randrange(part.start + 2, part.end - 1)
    was = int.from_bytes(stream[place : place + 2], "big")
    value = rng.choice((was + 1, was - 1, was + 8, was * 2, 0, 1, 2, 7, 8, 0x7FFF, 0xFFFF, rng.randrange(1 << 16)))
    return stream[:place] + struct.pack(">H", value & 0xFFFF) + stream[place + 2 :]


def _marker(rng: random.Random, stream: bytes) -> bytes | None:
    """Turn a segment into one of another kind."""
    part = _one(rng, stream)
    return part and stream[: part.start + 1] + bytes([rng.choice(MARKERS)]) + stream[part.start + 2 :]


def _without(_rng: random.Random, stream: bytes, part: Segment, _other: Segment) -> bytes:
    return stream[: part.start] + stream[part.end :]


def _repeated(_rng: random.Random, stream: bytes, part: Segment, other: Segment) -> bytes:
    return stream[: other.start] + stream[part.start : part.end] + stream[other.start :]


def _moved(rng: random.Random, stream: bytes, part: Segment, other: Segment) -> bytes:
    place = other.start if other.start < part.start else max(2, other.start - (part.end - part.start))
    without = _without(rng, stream, part, other)
    return without[:place] + stream[part.start : part.end] + without[place:]


def _cut(rng: random.Random, stream: bytes, part: Segment, _other: Segment) -> bytes:
    return stream[: rng.randrange(part.start, part.end + 1)] + stream[part.end :]


def _filled(rng: random.Random, stream: bytes, part: Segment, _other: Segment) -> bytes:
    return stream[: part.start] + b"\xff" * rng.choice((1, 1, 2, 9)) + stream[part.start :]


def _segment(rng: random.Random, stream: bytes) -> bytes | None:
    """Remove, repeat, move or cut a segment or the data of a scan, or insert fill bytes before it."""
    found = segments(stream)
    if not found:
        return None
    return rng.choice((_without, _repeated, _moved, _cut, _filled))(rng, stream, rng.choice(found), rng.choice(found))


def _data_byte(rng: random.Random, stream: bytes) -> bytes | None:
    """Change, insert or remove bytes of entropy-coded data."""
    part = _one(rng, stream, data=True)
    if part is None:
        return None
    place, kind, size = rng.randrange(part.start, part.end), rng.randrange(8), rng.choice((1, 1, 2, 5))
    if kind == 0:
        return stream[:place] + stream[place + size :]
    if kind == 1:
        return stream[:place] + rng.randbytes(size) + stream[place:]
    if kind == 2:
        return stream[:place] + bytes([rng.choice((0, 0xFF, 0x7F, 0x80))]) * size + stream[place + size :]
    return stream[:place] + bytes([stream[place] ^ 1 << rng.randrange(8)]) + stream[place + 1 :]


def _inserted_marker(rng: random.Random, stream: bytes) -> bytes | None:
    """Insert a marker into entropy-coded data, remove or renumber a restart marker, or add one."""
    part = _one(rng, stream, data=True)
    if part is None:
        return None
    restarts = [at for at in range(part.start, part.end - 1) if stream[at] == 0xFF and 0xD0 <= stream[at + 1] <= 0xD7]
    if not restarts or rng.random() < 0.4:
        place = rng.randrange(part.start, part.end + 1)
        return stream[:place] + bytes([0xFF, rng.choice(MARKERS)]) + stream[place:]
    at, kind = rng.choice(restarts), rng.randrange(3)
    if kind == 0:
        return stream[:at] + stream[at + 2 :]
    if kind == 1:
        return stream[:at] + stream[at : at + 2] + stream[at:]
    return stream[: at + 1] + bytes([0xD0 + rng.randrange(8)]) + stream[at + 2 :]


def _end(rng: random.Random, stream: bytes) -> bytes | None:
    """Cut the codestream anywhere, mostly near its end, with or without a following end marker, or append bytes."""
    if rng.random() < 0.2:
        return stream + rng.choice((bytes(1), bytes(2), EOI, SOI, b"\xff", b"\xff\xff\xff\xd9", rng.randbytes(7)))
    least = 0 if rng.random() < 0.2 else max(0, len(stream) - 40)
    end = rng.randrange(least, len(stream)) if stream else 0
    return stream[:end] + rng.choice((b"", b"", EOI, EOI, b"\0", DNL + b"\0\1", b"\xff"))


def _bytes(rng: random.Random, stream: bytes) -> bytes | None:
    """Change, cut or repeat bytes anywhere."""
    if len(stream) < 3:
        return None
    place, other, size = rng.randrange(len(stream)), rng.randrange(len(stream)), rng.choice((1, 1, 2, 4, 40))
    return rng.choice(
        (
            stream[:place] + rng.randbytes(1) + stream[place + 1 :],
            stream[:place] + stream[place + size :],
            stream[:place] + stream[other : other + size] + stream[place:],
        )
    )


CHANGES: tuple[Change, ...] = (
    *(_header_byte, _header_byte, _header_byte, _header_word, _marker, _segment, _segment),
    *(_data_byte, _data_byte, _data_byte, _inserted_marker, _inserted_marker, _end, _end, _bytes),
)
CODESTREAM = named((change_codestream, 500))
