"""Mutated DICOM files: `mutated(seed)` returns the same file each time."""

import functools
import random
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import mutations
import mutations_frames as of_frames
from mutation_sources import File, chosen
from mutations import Edit, Edits

Changes = tuple[tuple[str, int, Callable], ...]
"""Mutations: the name, the weight and the function of each."""


class Mutated(NamedTuple):
    """A mutated file, the file it comes from, and the kinds of mutations."""

    data: bytes
    source: File
    kinds: tuple[str, ...]


def mutated(seed: int) -> Mutated:
    """The file of this seed. Codestreams are not mutated."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    file = chosen(rng)
    return mutated_file(rng, file)


def mutated_file(rng: random.Random, file: File, more: Changes = ()) -> Mutated:
    """The file with random mutations. `more`: mutations of codestreams, which stay as they are without."""
    kinds, edits = [], []
    is_fixed = file.is_jpeg and not more
    menu = _menu(has_items=len(file.items) > 1, has_rle=bool(file.frames), is_fixed=is_fixed, more=more)
    for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4))):
        kind, drawn = _drawn(rng, file, menu)
        kinds.append(kind)
        edits += drawn
    size = len(file.head)
    head = _applied(file.head, [edit for edit in edits if edit.end <= size and edit.start < size])
    rest = [edit for edit in edits if edit.start >= size]
    body = _applied(file.body, [Edit(start - size, end - size, value) for start, end, value in rest])
    data = file.packed(head, body)
    if not kinds or rng.random() < 0.15:
        name, change = rng.choice(WHOLE)
        if not (is_fixed and name not in OF_FIXED):
            kinds.append(name)
            data = change(rng, data)
    return Mutated(data, file, tuple(kinds))


class Menu(NamedTuple):
    """The mutations that apply to a file, and their cumulative weights."""

    changes: list[tuple[str, Callable]]
    weights: list[int]


def _drawn(rng: random.Random, file: File, menu: Menu) -> tuple[str, Edits]:
    """A kind of mutation that applies to this file, and its edits."""
    for _ in range(20):
        (name, change) = rng.choices(menu.changes, cum_weights=menu.weights)[0]
        edits = change(rng, file)
        if edits:
            return name, edits
    return "none", []


@functools.cache
def _menu(*, has_items: bool, has_rle: bool, is_fixed: bool, more: Changes) -> Menu:
    """`is_fixed`: nothing in the pixel data may change but its encapsulation."""
    found = [*DESCRIPTION, *HEADERS, *META, *more]
    if has_items:
        found += ENCAPSULATION
    if has_rle:
        found += RLE
    if not is_fixed:
        found += ANYWHERE
    return Menu([(name, change) for name, _, change in found], [*accumulate(weight for _, weight, _ in found)])


def _applied(data: bytes, edits: Edits) -> bytes:
    """The data with the edits applied; of two that overlap, the first one."""
    parts, at = [], 0
    for start, end, value in sorted(edits, key=lambda edit: edit[:2]):
        if start >= at:
            parts += [data[at:start], value]
            at = max(end, start)
    return b"".join((*parts, data[at:]))


# Mutations of the whole file, after all others


def truncate(rng: random.Random, data: bytes) -> bytes:
    if rng.random() < 0.5:
        return data[: max(0, len(data) - rng.randrange(1, 40))]
    return data[: rng.randrange(len(data) + 1)]


def append(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice((bytes(1), bytes(2), bytes(rng.randrange(600)), rng.randbytes(rng.randrange(1, 300))))


def splice(rng: random.Random, data: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    other = chosen(rng)
    rest = other.packed(other.head, other.body)
    cuts = [at.start for at in other.elements] if other.syntax[-2:] != "99" else []
    place = rng.choice(cuts) if cuts else rng.randrange(len(rest))
    return data[: rng.randrange(len(data) + 1)] + rest[place:] if rng.random() < 0.5 else data + rest


def damage(rng: random.Random, data: bytes) -> bytes:
    """Change a byte of the file as stored, deflated or not."""
    place = rng.randrange(len(data)) if data else 0
    return data[:place] + rng.randbytes(1) + data[place + 1 :]


def named(*changes: tuple[Callable, int]) -> Changes:
    """Mutations with their names and weights."""
    return tuple((change.__name__.replace("_", " "), weight, change) for change, weight in changes)


DESCRIPTION = named(
    (mutations.change_value, 30),
    (mutations.change_type, 12),
    (mutations.change_multiplicity, 8),
    (mutations.remove_element, 6),
    (mutations.double_element, 6),
)
HEADERS = named(
    (mutations.change_length, 8),
    (mutations.change_pixel_length, 8),
    (mutations.change_vr, 8),
    (mutations.change_tag, 8),
    (mutations.move_element, 4),
    (mutations.insert_element, 10),
    (mutations.insert_delimiter, 5),
)
META = named(
    (mutations.change_syntax, 6),
    (mutations.change_preamble, 3),
    (mutations.change_meta, 5),
    (mutations.change_group_length, 3),
)
ENCAPSULATION = named(
    (of_frames.change_table, 12),
    (of_frames.change_table_size, 8),
    (of_frames.change_extended, 8),
    (of_frames.change_item, 20),
    (of_frames.rearrange_items, 16),
)
RLE = named((of_frames.change_rle_header, 24), (of_frames.change_rle_bytes, 36))
ANYWHERE = named(
    (of_frames.change_bits, 10),
    (of_frames.change_bytes, 8),
    (of_frames.cut_bytes, 5),
    (of_frames.insert_bytes, 5),
    (of_frames.double_block, 4),
)
WHOLE = [(change.__name__, change) for change in (truncate, append, splice, damage)]
OF_FIXED = ("truncate", "append")
