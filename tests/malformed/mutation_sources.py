"""The valid files that are mutated: real ones, and many of about a kilobyte, in which most mutations hit something.

The offsets of all elements and items are known, so that a mutation can be aimed.
"""

import functools
import random
import struct
import zlib
from typing import NamedTuple

import numpy as np
from files import EQUAL, ONLY, cases
from oracle import (
    DEFLATED_FRAMES,
    ENCAPSULATED_UNCOMPRESSED,
    LONG_VRS,
    NATIVE,
    UNDEFINED_LENGTH,
    Image,
    byte_planes,
    deflated,
    dicom_file,
    elements,
    encapsulated,
    extended_offset_table,
    fragments,
    native,
    odd_runs,
    rle_frame,
)
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicomet._parsing.transfer_syntax import CODECS

PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class Element(NamedTuple):
    """The offsets of a header, of its value, and of the end of that. `depth`: the number of enclosing sequences."""

    tag: int
    vr: str
    start: int
    value: int
    end: int
    depth: int

    @property
    def length_place(self) -> tuple[int, int]:
        """The start and end of the length field."""
        size = 2 if self.value - self.start == 8 and self.vr else 4
        return self.value - size, self.value


class File(NamedTuple):
    """A file that can be decoded. If it is deflated, `body` is the inflated data set."""

    name: str
    head: bytes
    body: bytes
    syntax: str
    elements: tuple[Element, ...]
    items: tuple[Element, ...]
    frames: tuple[int, ...]
    """Offsets of the headers of RLE frames."""

    @property
    def data(self) -> bytes:
        """The bytes to which all offsets refer."""
        return self.head + self.body

    @property
    def implicit(self) -> bool:
        """Whether the data set has implicit VR."""
        return self.syntax == ImplicitVRLittleEndian

    @property
    def order(self) -> str:
        """The byte order of the data set, for `struct`."""
        return ">" if self.syntax == ExplicitVRBigEndian else "<"

    @property
    def is_jpeg(self) -> bool:
        """Whether pydicom's plugins decode the file: their codestreams are not mutated."""
        return self.syntax.startswith("1.2.840.10008.1.2.4.")

    @property
    def needs_plugin(self) -> bool:
        """Whether dicomet, too, decodes the file by a plugin."""
        return self.is_jpeg and not CODECS[self.syntax].is_built_in

    def packed(self, head: bytes, body: bytes) -> bytes:
        """The file of this header and data set, deflated if needed."""
        if self.syntax != DeflatedExplicitVRLittleEndian:
            return head + body
        deflate = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
        return head + deflate.compress(body) + deflate.flush()


def taken_apart(name: str, content: bytes) -> File:
    """The file with the offsets of its elements and items."""
    begin = 132 if content[128:132] == b"DICM" else 0
    meta = list(_walk(content, begin, len(content), "<", implicit=False, only_meta=True))
    end = meta[-1].end if meta else begin
    syntax = next((content[at.value : at.end].decode().strip("\0 ") for at in meta if at.tag == 0x00020010), "")
    syntax = syntax or str(ImplicitVRLittleEndian)
    head, body = content[:end], content[end:]
    if syntax == DeflatedExplicitVRLittleEndian:
        body = zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(body)
    whole, order = head + body, ">" if syntax == ExplicitVRBigEndian else "<"
    found = list(_walk(whole, end, len(whole), order, implicit=syntax == ImplicitVRLittleEndian))
    items = tuple(at for at in found if at.tag in (ITEM, SEQUENCE_END) and at.depth == -1)
    frames = tuple(at.value for at in items[1:] if syntax == RLELossless and _begins_rle(whole, at))
    described = tuple(meta) + tuple(at for at in found if at.depth >= 0)
    return File(name, head, body, syntax, described, items, frames)


def _begins_rle(data: bytes, at: Element) -> bool:
    header = data[at.value : at.value + 8]
    return len(header) == 8 and 1 <= struct.unpack("<L", header[:4])[0] <= 15 and header[4:] == b"\x40\0\0\0"


def _walk(data, start, end, order, *, implicit, only_meta=False, depth=0):  # noqa: PLR0913
    """All elements, also inside sequences, and (at depth -1) the items of the pixel data. Stops at invalid data."""
    at = start
    while at + 8 <= end:
        group, number = struct.unpack_from(f"{order}HH", data, at)
        tag, vr, size = group << 16 | number, "", 8
        if only_meta and group != 2:
            return
        if implicit or group == 0xFFFE:
            (length,) = struct.unpack_from(f"{order}L", data, at + 4)
        else:
            vr = data[at + 4 : at + 6].decode("latin-1")
            size = 12 if vr in {*LONG_VRS, "UT", "UC", "UR", "SV", "UV"} else 8
            if at + size > end:
                return
            (length,) = struct.unpack_from(f"{order}L" if size == 12 else f"{order}H", data, at + size - (size // 3))
        value = at + size
        if tag == ITEM or (length == UNDEFINED_LENGTH and tag not in PIXEL_TAGS):
            yield Element(tag, vr, at, value, value, depth)
            depth, at = depth + 1, value
            continue
        if tag in (ITEM_END, SEQUENCE_END):
            yield Element(tag, vr, at, value, value, depth)
            depth, at = max(0, depth - 1), value
            continue
        if length == UNDEFINED_LENGTH:
            items = list(_items(data, value, end))
            yield Element(tag, vr, at, value, items[-1].end if items else value, depth)
            yield from items
            at = items[-1].end if items else end
            continue
        yield Element(tag, vr, at, value, min(value + length, end), depth)
        at = value + length


def _items(data: bytes, at: int, end: int):
    while at + 8 <= end:
        group, number, length = struct.unpack_from("<HHL", data, at)
        tag = group << 16 | number
        yield Element(tag, "", at, at + 8, min(at + 8 + length, end), -1)
        if tag != ITEM:
            return
        at += 8 + length


# Generated files

GENERATED = 3000
DEPTHS = (1, 8, 8, 8, 12, 16, 16, 16, 32)
SYNTAXES = (
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian),
    *(DeflatedExplicitVRLittleEndian, RLELossless, RLELossless, RLELossless, RLELossless, ENCAPSULATED_UNCOMPRESSED),
    DEFLATED_FRAMES,
)


@functools.lru_cache(maxsize=GENERATED)
def generated(seed: int) -> File:
    """The small file of this seed."""
    rng = np.random.default_rng(seed)
    syntax = UID(str(rng.choice(SYNTAXES)))
    image = _image(rng, is_native=syntax in NATIVE)
    extended = None
    if syntax not in NATIVE:
        value, extended = _in_fragments(image, syntax, rng)
        vr = "OB"
    else:
        swapped = bool(rng.integers(2)) and image.bits_allocated in (8, 12)
        value = native(image, big_endian=syntax == ExplicitVRBigEndian, ow_swapped=swapped)
        vr = "OW" if image.bits_allocated not in (1, 8) or swapped else "OB"
        vr = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(image.keyword, vr)
    found = elements(
        image,
        value,
        "OW" if syntax == ImplicitVRLittleEndian and vr == "OB" else vr,
        big_endian=syntax == ExplicitVRBigEndian,
        extended=extended,
        trailing=bytes(8) if rng.random() < 0.1 else b"",
    )
    if image.samples == 1:
        del found[0x00280006]
    if image.frames == 1 and rng.integers(2):
        del found[0x00280008]
    if rng.random() < 0.3:
        found = dict(sorted({**found, **_others(rng, syntax)}.items()))
    return taken_apart(f"generated {seed}", dicom_file(found, syntax))


def _image(rng: np.random.Generator, *, is_native: bool) -> Image:
    kind = str(rng.choice(["mono"] * 6 + ["RGB"] * 3 + ["YBR_FULL", "YBR_FULL_422", "float"]))
    rows, columns = (int(number) for number in rng.integers(1, 13, 2))
    frames = int(rng.choice([1, 1, 1, 2, 3, 5]))
    if kind == "float" and is_native:
        size = int(rng.choice([4, 8]))
        values = rng.standard_normal((frames, rows, columns, 1)).astype(f"f{size}")
        return Image(values, size * 8, size * 8, keyword="FloatPixelData" if size == 4 else "DoubleFloatPixelData")
    if kind == "YBR_FULL_422" and is_native:
        return Image(_samples(rng, (frames, rows, (columns + 1) // 2 * 2, 3), 8, "u1"), 8, 8, photometric=kind)
    if kind in ("RGB", "YBR_FULL"):
        bits = 8 if kind == "YBR_FULL" else int(rng.choice([8, 8, 16]))
        shape, planar = (frames, rows, columns, 3), int(rng.integers(2))
        return Image(_samples(rng, shape, bits, f"u{bits // 8}"), bits, bits, photometric=kind, planar=planar)
    bits = int(rng.choice(DEPTHS if is_native else (8, 8, 16, 16, 32)))
    stored = bits if rng.integers(2) else int(rng.integers(1, bits + 1))
    signed = bool(rng.integers(2)) and bits > 1
    size = next(size for size in (1, 2, 4) if size * 8 >= bits)
    values = _samples(rng, (frames, rows, columns, 1), stored, f"u{size}")
    return Image(values, bits, stored, signed, garbage=int(rng.integers(256)))


def _samples(rng: np.random.Generator, shape: tuple[int, ...], bits: int, dtype: str) -> np.ndarray:
    few = rng.integers(0, 2**bits, 3, dtype=np.uint64)
    values = rng.choice(few, shape) if rng.integers(2) else rng.integers(0, 2**bits, shape, dtype=np.uint64)
    return values.astype(dtype)


def _in_fragments(image: Image, syntax: UID, rng: np.random.Generator) -> tuple[bytes, tuple[bytes, bytes] | None]:
    frames = []
    for index in range(image.frames):
        one = image.frame(index)
        if syntax == RLELossless:
            frames.append(rle_frame([odd_runs(plane, rng) for plane in byte_planes(one)]))
        else:
            frames.append(deflated(native(one)) if syntax == DEFLATED_FRAMES else native(one))
    extended = extended_offset_table(frames) if rng.random() < 0.3 else None
    cuts = [int(cut) for cut in rng.integers(1, 400, int(rng.choice([0, 0, 0, 1, 2])) if extended is None else 0)]
    table = (bool(rng.integers(2)) or bool(cuts)) and extended is None
    return encapsulated([fragments(frame, cuts) for frame in frames], table=table), extended


def _others(rng: np.random.Generator, syntax: UID) -> dict[int, tuple[str, bytes]]:
    """A character set, a private element, and sequences in all forms."""
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    inner = struct.pack(f"{order}HH", 0x0028, 0x0010)
    inner += struct.pack(f"{order}L", 2) if syntax == ImplicitVRLittleEndian else b"US" + struct.pack(f"{order}H", 2)
    inner += struct.pack(f"{order}H", 77)
    header = functools.partial(struct.pack, f"{order}HHL", 0xFFFE)
    whole = header(0xE000, len(inner)) + inner
    undefined = header(0xE000, UNDEFINED_LENGTH) + inner + header(0xE00D, 0)
    found = {
        0x00080005: ("CS", b"ISO_IR 100"),
        0x00091010: ("UN", bytes(6)),
        0x00081140: ("SQ", whole + undefined if rng.integers(2) else whole),
        0x00082112: ("SQ", b""),
        0x00280106: ("US", struct.pack(f"{order}H", 3)),
        0x00400555: ("SQ", undefined),
    }
    return {tag: element for tag, element in found.items() if rng.integers(2)}


def prepare_all() -> None:
    """Build all small files before the processes are forked."""
    for seed in range(GENERATED):
        generated(seed)


# Real files

SMALL, LARGE, MAX_SIZE = 12_000, 200_000, 3_000_000


class Real(NamedTuple):
    """Files of pydicom and pydicom-data, grouped by how often they are chosen."""

    small: tuple[File, ...]
    medium: tuple[File, ...]
    jpeg: tuple[File, ...]


@functools.cache
def real() -> Real:
    """All real files that can be decoded; of large native images also the first rows and frames."""
    found: list[File] = []
    for case in cases():
        size = case.path.stat().st_size
        # Files that are not always available would change the files of the same seeds.
        if case.root == "pydicom-repository" or case.expected.transfer_syntax or size > MAX_SIZE:
            continue
        if case.expected.file not in (EQUAL, ONLY):
            continue
        file = taken_apart(case.name, case.path.read_bytes())
        found += [
            candidate for candidate in (file, cut_down(file)) if candidate is not None and len(candidate.data) < LARGE
        ]
    jpeg = tuple(file for file in found if file.is_jpeg)
    others = [file for file in found if not file.is_jpeg]
    small = tuple(file for file in others if len(file.data) <= SMALL)
    return Real(small, tuple(file for file in others if len(file.data) > SMALL), jpeg)


def cut_down(file: File) -> File | None:
    """The first rows of the first frames of a large native image; None for other files."""
    top = {at.tag: at for at in file.elements if at.depth == 0}
    if len(file.data) <= SMALL or file.items or not {0x00280010, 0x00280011, 0x00280100, 0x7FE00010} <= top.keys():
        return None
    data = file.data

    def number(tag: int) -> int:
        at = top.get(tag)
        return 1 if at is None else int(struct.unpack_from(f"{file.order}H", data, at.value)[0])

    photometric = data[top[0x00280004].value : top[0x00280004].end].strip(b"\0 ")
    samples = 2 if photometric == b"YBR_FULL_422" else number(0x00280002)
    row = number(0x00280011) * samples * number(0x00280100)
    rows, frames = max(1, min(number(0x00280010), 24_000 // row)), 2 if 0x00280008 in top else 1
    length = -(-row * rows * frames // 8)
    pixels = top[0x7FE00010]
    if length > pixels.end - pixels.value:
        return None
    changes = [
        (top[0x00280010].value, struct.pack(f"{file.order}H", rows)),
        (pixels.length_place[0], _number(file.order, length + length % 2, pixels.length_place)),
    ]
    if frames == 2:
        changes.append((top[0x00280008].value, b"2".ljust(top[0x00280008].end - top[0x00280008].value)))
    for place, value in changes:
        data = data[:place] + value + data[place + len(value) :]
    data = data[: pixels.value + length] + bytes(length % 2) + data[pixels.end :]
    return taken_apart(f"{file.name} cut down", file.packed(data[: len(file.head)], data[len(file.head) :]))


def _number(order: str, value: int, place: tuple[int, int]) -> bytes:
    return struct.pack(f"{order}H" if place[1] - place[0] == 2 else f"{order}L", value)


def chosen(rng: random.Random) -> File:
    """A random file, mostly a small one."""
    dice = rng.random()
    if dice < 0.8:
        return generated(rng.randrange(GENERATED))
    found = real()
    if dice < 0.97 or not found.jpeg or not found.medium:
        return rng.choice(found.small)
    return rng.choice(found.medium if dice < 0.99 else found.jpeg)
