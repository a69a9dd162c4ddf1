"""Mutations of JPEG 2000 codestreams: of marker segments, tile-parts, packet headers and the data of code-blocks."""

import random
import struct
from typing import NamedTuple

from codestreams import segment
from mutate import Mutated, mutated_file, named
from mutation_sources import File
from mutation_sources_jpeg_2000 import chosen_jpeg_2000
from mutations import Edit, Edits
from mutations_jpeg import Change, changed_stream

EOC = b"\xff\xd9"
SOT, SOD, CAP, COD, COC, QCD, QCC, RGN, POC = 0x90, 0x93, 0x50, 0x52, 0x53, 0x5C, 0x5D, 0x5E, 0x5F
MARKERS = (*range(0x4F, 0x68), 0x6F, 0x74, 0x75, 0x90, 0x91, 0x92, 0x93, 0xD9, 0x30, 0xDA)
BYTES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 31, 32, 33, 0x40, 0x48, 0x7F, 0x80, 0x88, 0xFF)
SIZES = (0, 1, 2, 7, 8, 63, 64, 65, 0x7FFF, 0xFFFF, 1 << 31, 0xFFFF_FFFF)


def mutated_jpeg_2000(seed: int) -> Mutated:
    """The JPEG 2000 file of this seed, mostly with a mutated codestream."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    return mutated_file(rng, chosen_jpeg_2000(rng), CODESTREAM)


class Part(NamedTuple):
    """A marker segment, or the data of a tile-part after SOD, whose marker is None."""

    marker: int | None
    start: int
    end: int


def parts(stream: bytes) -> list[Part]:
    """The segments and the data of all tile-parts, without SOC and EOC, as far as the codestream is valid."""
    found, at, end_of_part = [], 2, len(stream)
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] != EOC[1]:
        marker = stream[at + 1]
        if marker == SOD:
            found.append(Part(None, at + 2, max(at + 2, min(end_of_part, len(stream)))))
            at = found[-1].end
            continue
        end = at + 2 + max(2, int.from_bytes(stream[at + 2 : at + 4], "big"))
        if marker == SOT and at + 10 <= len(stream):
            length = int.from_bytes(stream[at + 6 : at + 10], "big")
            end_of_part = at + length if length else len(stream) - 2
        found.append(Part(marker, at, min(end, len(stream))))
        at = end
    return found


def change_jpeg_2000_codestream(rng: random.Random, file: File) -> Edits:
    """Change the codestream of one fragment once or some times."""
    found = [at for at in file.items if file.data[at.value : at.value + 2] == b"\xff\x4f"]
    if not found:
        return []
    at = rng.choice(found)
    stream = changed_stream(rng, file.data[at.value : at.end], CHANGES)
    stream += bytes(len(stream) % 2)
    return [Edit(at.start, at.end, struct.pack("<HHL", 0xFFFE, 0xE000, len(stream)) + stream)]


def _one(rng: random.Random, stream: bytes, *, data: bool = False) -> Part | None:
    found = [part for part in parts(stream) if (part.marker is None) == data and part.end > part.start]
    return rng.choice(found) if found else None


def _header_byte(rng: random.Random, stream: bytes) -> bytes | None:
    """Change a byte of a marker segment."""
    part = _one(rng, stream)
    if part is None:
        return None
    place = rng.randrange(part.start + 2 * (rng.random() < 0.9), part.end) if part.end - part.start > 2 else part.start
    was = stream[place]
    value = rng.choice((*BYTES, was ^ 1 << rng.randrange(8), was + 1 & 255, was - 1 & 255, rng.randrange(256)))
    return stream[:place] + bytes([value]) + stream[place + 1 :]


def _number(rng: random.Random, stream: bytes) -> bytes | None:
    """Change two or four bytes of a marker segment: a size, an offset, a length, a number of layers."""
    size, part = rng.choice((2, 4, 4)), _one(rng, stream)
    if part is None or part.end - part.start < 2 + size:
        return None
    place = rng.randrange(part.start + 2, part.end - size + 1)
    was = int.from_bytes(stream[place : place + size], "big")
    value = rng.choice((was + 1, was - 1, was * 2, was // 2, *SIZES, rng.randrange(1 << 16)))
    return stream[:place] + (value % (1 << 8 * size)).to_bytes(size, "big") + stream[place + size :]


def _coding_style(rng: random.Random, stream: bytes) -> bytes | None:
    """Change COD: progression, layers, transformation, levels, code-blocks and their style, precincts."""
    place = next((part for part in parts(stream) if part.marker == COD and part.end - part.start >= 14), None)
    if place is None:
        return None
    at = place.start + rng.randrange(4, place.end - place.start)
    value = rng.choice((0, 1, 2, 3, 4, 5, 1 << rng.randrange(8), rng.randrange(64), stream[at] ^ 1 << rng.randrange(8)))
    return stream[:at] + bytes([value]) + stream[at + 1 :]


def _segment(rng: random.Random, stream: bytes) -> bytes | None:
    """Remove, repeat, move or cut a segment or the data of a tile-part."""
    found = parts(stream)
    if not found:
        return None
    part, other, kind = rng.choice(found), rng.choice(found), rng.randrange(4)
    inner, without = stream[part.start : part.end], stream[: part.start] + stream[part.end :]
    if kind == 0:
        return without
    if kind == 1:
        return stream[: other.start] + inner + stream[other.start :]
    if kind == 2:
        place = other.start if other.start < part.start else max(2, other.start - len(inner))
        return without[:place] + inner + without[place:]
    return stream[: rng.randrange(part.start, part.end + 1)] + stream[part.end :]


def _inserted(rng: random.Random, stream: bytes) -> bytes | None:
    """Insert a segment: RGN, POC, COC, QCC, PPM, PPT, or one of any kind."""
    found = [part.start for part in parts(stream) if part.marker is not None]
    if not found:
        return None
    place = rng.choice(found)
    added = rng.choice(
        (
            segment(0x5E, bytes([0, 0, rng.choice((0, 1, 5, 12, 37, 38, 255))])),
            segment(0x5F, bytes([rng.randrange(4), 0, 0, rng.randrange(4), rng.randrange(34), rng.randrange(3), 2])),
            segment(0x53, bytes([0, 0, rng.randrange(6), rng.randrange(6), rng.randrange(6), rng.randrange(64), 1])),
            segment(0x5D, bytes([0, 0x40, *rng.randbytes(rng.randrange(1, 12))])),
            segment(rng.choice((0x60, 0x61)), rng.randbytes(rng.randrange(1, 30))),
            segment(rng.choice(MARKERS), rng.randbytes(rng.randrange(12))),
        )
    )
    return stream[:place] + added + stream[place:]


def _data(rng: random.Random, stream: bytes) -> bytes | None:
    """Change, insert or remove bytes of packets."""
    part = _one(rng, stream, data=True)
    if part is None:
        return None
    # Packet headers are mostly near the beginning.
    span = part.end - part.start
    place = part.start + (rng.randrange(min(span, 12)) if rng.random() < 0.4 else rng.randrange(span))
    kind, size = rng.randrange(8), rng.choice((1, 1, 2, 5))
    if kind == 0:
        return stream[:place] + stream[place + size :]
    if kind == 1:
        return stream[:place] + rng.randbytes(size) + stream[place:]
    if kind == 2:
        return stream[:place] + bytes([rng.choice((0, 0xFF, 0x7F, 0x80))]) * size + stream[place + size :]
    if kind == 3:
        return stream[:place] + bytes([0xFF, rng.choice((0x90, 0x91, 0x92, 0xD9))]) + stream[place:]
    return stream[:place] + bytes([stream[place] ^ 1 << rng.randrange(8)]) + stream[place + 1 :]


def _end(rng: random.Random, stream: bytes) -> bytes | None:
    """Cut the codestream anywhere, with or without a following end marker, or append bytes."""
    if rng.random() < 0.2:
        return stream + rng.choice((bytes(1), bytes(2), EOC, b"\xff\x4f", b"\xff", rng.randbytes(7)))
    return stream[: rng.randrange(len(stream)) if stream else 0] + rng.choice((b"", b"", EOC, b"\0", b"\xff"))


CHANGES: tuple[Change, ...] = (
    *(_header_byte, _header_byte, _header_byte, _number, _number, _coding_style, _coding_style),
    *(_segment, _inserted, _data, _data, _data, _data, _end, _end),
)
CODESTREAM = named((change_jpeg_2000_codestream, 500))
