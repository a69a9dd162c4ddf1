"""Mutations of JPEG-LS codestreams: those of JPEG codestreams, and of what JPEG does not have."""

import random
import struct

from codestreams import hp_transform, segment
from jpeg_ls_streams import oversize
from mutate import Mutated, mutated_file, named
from mutation_sources import File
from mutation_sources_jpeg_ls import chosen_jpeg_ls
from mutations import Edits
from mutations_jpeg import CHANGES as OF_JPEG
from mutations_jpeg import Change, changed_fragment, segments

MARKERS = (0xF7, 0xF8, 0xDA, 0xDC, 0xDD, 0xE8, 0xFE, 0xC0, 0xC3, 0xF9, 0xD0, 0xD7, 0xD9)
NUMBERS = (0, 0, 0, 1, 2, 3, 4, 6, 7, 9, 21, 29, 63, 64, 65, 127, 128, 255, 256, 4095, 65535)


def mutated_jpeg_ls(seed: int) -> Mutated:
    """The JPEG-LS file of this seed, mostly with a mutated codestream."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    return mutated_file(rng, chosen_jpeg_ls(rng), CODESTREAM)


def change_jpeg_ls_codestream(rng: random.Random, file: File) -> Edits:
    """Change the codestream of one fragment once or some times."""
    return changed_fragment(rng, file, CHANGES)


def _of_kind(rng: random.Random, stream: bytes, marker: int) -> tuple[int, int] | None:
    """The start and the end of a segment with this marker."""
    found = [(part.start, part.end) for part in segments(stream) if part.marker == marker]
    return rng.choice(found) if found else None


def _scan_field(rng: random.Random, stream: bytes) -> bytes | None:
    """Change NEAR, ILV, the point transform, or the table of a component."""
    place = _of_kind(rng, stream, 0xDA)
    if place is None or place[1] - place[0] < 8 or place[1] > len(stream):
        return None
    at = place[1] - rng.choice((3, 3, 2, 2, 1, 4))
    value = rng.choice((0, 1, 1, 2, 3, 4, 127, 128, 255))
    return stream[:at] + bytes([value]) + stream[at + 1 :]


def _preset(rng: random.Random, stream: bytes) -> bytes | None:
    """Change a number of LSE, or insert one with numbers near the limits."""
    place = _of_kind(rng, stream, 0xF8)
    if place is not None and place[0] + 5 < place[1] <= len(stream) and rng.random() < 0.6:
        at = rng.randrange(place[0] + 4, place[1] - 1)
        return stream[:at] + struct.pack(">H", rng.choice(NUMBERS)) + stream[at + 2 :]
    numbers = [rng.choice(NUMBERS) if rng.random() < 0.4 else 0 for _ in range(5)]
    return _inserted(rng, stream, segment(0xF8, struct.pack(">B5H", 1, *numbers)))


def _inserted(rng: random.Random, stream: bytes, part: bytes) -> bytes | None:
    """Insert a segment before another one, mostly before a scan header."""
    found = segments(stream)
    at = [other.start for other in found if other.marker is not None and (other.marker == 0xDA or rng.random() < 0.3)]
    if not at:
        return None
    place = rng.choice(at)
    return stream[:place] + part + stream[place:]


def _other_segment(rng: random.Random, stream: bytes) -> bytes | None:
    """Insert DRI, DNL, LSE of type 2 to 5, APP8, or a segment of any kind."""
    size, rows = rng.choice((2, 2, 3, 4)), rng.choice((0, 1, 2, 3, 5, 11, 65535))
    part = rng.choice(
        (
            segment(0xDD, rows.to_bytes(size, "big")),
            segment(0xDC, rows.to_bytes(size, "big")),
            oversize(rows, rng.choice((0, 1, 17, 65535)), size),
            segment(0xF8, bytes([rng.choice((2, 2, 3)), 1, rng.choice((0, 1, 1, 2, 3))]) + rng.randbytes(rows % 999)),
            segment(0xF8, bytes([rng.randrange(16), 0])),
            hp_transform(rng.randrange(5)),
            segment(rng.choice(MARKERS), rng.randbytes(rng.randrange(9))),
        )
    )
    return _inserted(rng, stream, part)


def _ones(rng: random.Random, stream: bytes) -> bytes | None:
    """Replace data by bits of one value: long runs, or long codes."""
    found = [part for part in segments(stream) if part.marker is None and part.end > part.start]
    if not found:
        return None
    part = rng.choice(found)
    at = rng.randrange(part.start, part.end)
    size = min(part.end - at, rng.choice((1, 2, 4, 8, 60)))
    value = rng.choice((b"\0", b"\x7f", b"\xff\x7f", b"\x55"))
    return stream[:at] + (value * size)[:size] + stream[at + size :]


CHANGES: tuple[Change, ...] = (
    *OF_JPEG,
    _scan_field,
    _scan_field,
    _preset,
    _preset,
    _other_segment,
    _other_segment,
    _ones,
)
CODESTREAM = named((change_jpeg_ls_codestream, 500))
