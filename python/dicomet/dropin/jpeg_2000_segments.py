"""The marker segments of JPEG 2000 frames (ISO/IEC 15444-1 A) about which all decoders agree.

Imports nothing from pydicom. The walk is stricter than a decoder: it accepts no boxes, image or tile offsets,
subsampled components, regions of interest, changes of the progression, packed packet headers, markers in packets, or
code-block styles other than the default and that of HTJ2K. All components have the same depth, sign and wavelet.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from dicomet.dropin.jpeg_segments import FILL, LENGTH_BYTES, MARKER_BYTES, Frame, UnusualFrameError

SOC_SIZ, EOC = b"\xff\x4f\xff\x51", b"\xff\xd9"
CAP, SIZ, COD, COC, TLM, PLT, CPF, QCD, QCC, COM, SOT, SOD = (
    *(0x50, 0x51, 0x52, 0x53, 0x55, 0x58, 0x59),
    *(0x5C, 0x5D, 0x64, 0x90, 0x93),
)
# Markers without an effect on the samples, in the main header and in those of tile-parts: OpenJPEG refuses others.
OF_MAIN_HEADER, OF_TILE_PART = frozenset({TLM, CPF, COM}), frozenset({PLT, COM})
# SIZ before the components (A.5.1); Rsiz with the bit of extensions in Part 2, and that of CAP.
SIZ_BYTES, EXTENSIONS, HAS_CAP = 36, 0x8000, 0x4000
# Bits of SIZ: one sample at each point.
ONE_TO_ONE = b"\1\1"
# COD before the parameters of a component (A.6.1), of which there are five without precincts (A.6.2).
GENERAL_BYTES, STYLE_BYTES, PRECINCTS = 5, 5, 0x01
HT_STYLE, REVERSIBLE = 0x40, 1
# Decomposition levels of the wavelet (Table A.15).
MAX_LEVELS = 32
# Of Ccap15 (ISO/IEC 15444-15 A.3): other than HT code-blocks of one set, of the same kind everywhere, and no region of
# interest.
PCAP_HT, CCAP_UNUSUAL = 0x00020000, 0xF800
# OpenJPEG's words for coefficients.
MAX_BIT_PLANES = 30
SOT_BYTES = 8
# A tile-part without data: SOT and SOD (A.4.2, A.4.3).
TILE_PART_BYTES = MARKER_BYTES + LENGTH_BYTES + SOT_BYTES + MARKER_BYTES
# TLM before the lengths of tile-parts (A.7.1), PLT before those of packets (A.7.3), each of them in bytes of seven bits
# of which all but the last one have the highest bit.
TLM_BYTES, PLT_BYTES, CONTINUED = 2, 1, 0x80
COLORS = 3
UNUSUAL = "a JPEG 2000 frame with unusual marker segments"


class Styles(NamedTuple):
    """What the headers of all components and tiles say.

    `reversible`: the wavelet is the reversible 5-3. `high_throughput`: code-blocks are those of HTJ2K.
    """

    reversible: bool
    high_throughput: bool


class Segment(NamedTuple):
    """A marker segment: its marker, its content, its offset, and that of what follows."""

    marker: int
    content: bytes
    start: int
    end: int


def read_styles(frame: Frame) -> Styles:
    """Return the coding style.

    Raises
    ------
    UnusualFrameError
        There are other segments than those of a plain frame.

    """
    view = memoryview(frame)
    if bytes(view[: len(SOC_SIZ)]) != SOC_SIZ:
        raise UnusualFrameError("JPEG 2000 in boxes, or without SIZ after SOC")
    found: dict[int, bytes] = {}
    place = 0
    for marker, content, place, _ in _segments(view, MARKER_BYTES, SOT):  # noqa: B007 - the offset of SOT
        if marker in (SIZ, CAP, COD, QCD):
            if marker in found:
                raise UnusualFrameError(UNUSUAL)
            found[marker] = content
        elif marker in (COC, QCC):
            _check_component(marker, content, found)
        elif marker not in OF_MAIN_HEADER and marker != SOT:
            raise UnusualFrameError(UNUSUAL)
        elif marker == TLM and len(content) < TLM_BYTES:
            raise UnusualFrameError("JPEG 2000 with a TLM segment that is too short")
    if not found.keys() >= {COD, QCD}:
        raise UnusualFrameError(UNUSUAL)
    tiles = _tiles(found[SIZ])
    if tiles * TILE_PART_BYTES > len(view):
        # Before anything is done for each tile.
        raise UnusualFrameError("JPEG 2000 with more tiles than it has bytes for")
    styles = _styles(found[COD], len(found[SIZ]) - SIZ_BYTES)
    _check_tile_sides(found[SIZ], levels=found[COD][GENERAL_BYTES])
    _check_capabilities(found, styles)
    _check_quantization(found[QCD], styles)
    _check_tile_parts(view, place, tiles, found)
    return styles


def _segments(view: memoryview, place: int, last: int) -> Iterator[Segment]:
    """Yield the segments that begin at offset `place`, through the one with the marker `last`."""
    marker = 0
    while marker != last:
        if place + MARKER_BYTES + LENGTH_BYTES > len(view):
            raise UnusualFrameError("a JPEG 2000 frame without tile-parts")
        fill, marker, length = struct.unpack_from(">BBH", view, place)
        end = place + MARKER_BYTES + length
        if marker == last == SOD:
            end = place + MARKER_BYTES
            length = LENGTH_BYTES
        if fill != FILL or length < LENGTH_BYTES or end > len(view):
            raise UnusualFrameError(UNUSUAL)
        yield Segment(marker, bytes(view[place + MARKER_BYTES + LENGTH_BYTES : end]), place, end)
        place = end


def _tiles(siz: bytes) -> int:
    """Return the number of tiles of an image whose components are alike."""
    if len(siz) < SIZ_BYTES + 3:
        raise UnusualFrameError(UNUSUAL)
    capabilities, columns, rows, *offsets, count = struct.unpack_from(">H8IH", siz)
    width, height = offsets[2:4]
    components = siz[SIZ_BYTES:]
    if capabilities & EXTENSIONS or len(components) != 3 * count or not width or not height:
        raise UnusualFrameError(UNUSUAL)
    if any(offsets[:2]) or any(offsets[4:]):
        raise UnusualFrameError("JPEG 2000 with an offset of the image or of its tiles")
    if any(components[at + 1 : at + 3] != ONE_TO_ONE for at in range(0, len(components), 3)):
        raise UnusualFrameError("JPEG 2000 with subsampled components")
    if set(components[::3]) != {components[0]}:
        raise UnusualFrameError("JPEG 2000 with components of other precision or sign")
    return int(-(-columns // width) * -(-rows // height))


def _check_tile_sides(siz: bytes, *, levels: int) -> None:
    """Check that no signal is one high-pass sample: it is halved (F.3.6), which decoders round in different ways."""
    columns, rows, _, _, width, height = struct.unpack_from(">6I", siz, 2)
    if has_odd_sample(columns, width, levels) or has_odd_sample(rows, height, levels):
        raise UnusualFrameError("JPEG 2000 with tiles of one row or column, at some resolution, in an odd place")


@lru_cache(maxsize=64)
def has_odd_sample(side: int, tile_side: int, levels: int) -> bool:
    """Return whether a tile has one sample in an odd place (B-15) at a resolution that is made from two others."""
    for first in range(tile_side, side, tile_side):
        start, end = first, min(first + tile_side, side)
        for _ in range(levels):
            if end - start == 1 and start % 2:
                return True
            start, end = -(-start // 2), -(-end // 2)
    return False


def _styles(cod: bytes, component_bytes: int) -> Styles:
    """Return the coding style of COD."""
    if len(cod) < GENERAL_BYTES + STYLE_BYTES:
        raise UnusualFrameError(UNUSUAL)
    general, _order, _layers, transform = struct.unpack_from(">BBHB", cod)
    *_, style, wavelet = parameters = cod[GENERAL_BYTES : GENERAL_BYTES + STYLE_BYTES]
    precincts = parameters[0] + 1 if general & PRECINCTS else 0
    if general & ~PRECINCTS or len(cod) != GENERAL_BYTES + STYLE_BYTES + precincts:
        raise UnusualFrameError("JPEG 2000 with markers in packets, or an unusual coding style")
    if transform > 1 or (transform and component_bytes != 3 * COLORS) or wavelet > REVERSIBLE:
        raise UnusualFrameError("JPEG 2000 with an unusual coding style")
    if parameters[0] > MAX_LEVELS:
        raise UnusualFrameError("JPEG 2000 with more than 32 levels")
    if style not in (0, HT_STYLE):
        raise UnusualFrameError("JPEG 2000 with an unusual style of code-blocks")
    return Styles(wavelet == REVERSIBLE, style == HT_STYLE)


def _check_component(marker: int, content: bytes, found: dict[int, bytes]) -> None:
    """Check that COC or QCC (A.6.2, A.6.5) repeats what COD or QCD says, as old versions of OpenJPEG write them."""
    if marker == COC:
        cod = found.get(COD, b"")
        expected = cod[:1] + cod[GENERAL_BYTES:]
    else:
        expected = found.get(QCD, b"")
    if not expected or content[1:] != expected:
        raise UnusualFrameError("JPEG 2000 whose components or tiles have coding styles of their own")


def _check_capabilities(found: dict[int, bytes], styles: Styles) -> None:
    """Check CAP, which is there for HTJ2K only (ISO/IEC 15444-15 A.2, A.3)."""
    (capabilities,) = struct.unpack_from(">H", found[SIZ])
    has_cap = CAP in found
    if has_cap != styles.high_throughput or bool(capabilities & HAS_CAP) != has_cap:
        raise UnusualFrameError("JPEG 2000 whose capabilities are not those of its coding style")
    if has_cap:
        expected = struct.pack(">I", PCAP_HT)
        cap = found[CAP]
        if len(cap) != len(expected) + 2 or not cap.startswith(expected) or int.from_bytes(cap[4:]) & CCAP_UNUSUAL:
            raise UnusualFrameError("HTJ2K with unusual capabilities")


def _check_quantization(qcd: bytes, styles: Styles) -> None:
    """Check that there is no quantization with the reversible wavelet only (A.6.4), and the number of bit planes."""
    style, guard_bits = (qcd[0] & 0x1F, qcd[0] >> 5) if qcd else (-1, 0)
    if style not in ((0,) if styles.reversible else (1, 2)):
        raise UnusualFrameError("JPEG 2000 with an unusual quantization")
    # Exponents are the highest five bits, of one byte or of two.
    exponents = qcd[1 :: 1 if styles.reversible else 2]
    if not exponents or (max(exponents) >> 3) + guard_bits - 1 > MAX_BIT_PLANES:
        raise UnusualFrameError("JPEG 2000 with an unusual quantization")


def _check_tile_parts(view: memoryview, place: int, tiles: int, found: dict[int, bytes]) -> None:
    """Check that the tile-parts are complete, in order, and without coding styles of their own, through EOC."""
    parts, counts = Counter[int](), dict[int, int]()
    while bytes(view[place : place + MARKER_BYTES]) != EOC:
        sot, *others, sod = _segments(view, place, SOD)
        if sot.marker != SOT or len(sot.content) != SOT_BYTES:
            raise UnusualFrameError(UNUSUAL)
        tile, length, number, count = struct.unpack(">HIBB", sot.content)
        for segment in others:
            if segment.marker in (COC, QCC):
                _check_component(segment.marker, segment.content, found)
            elif segment.marker not in OF_TILE_PART:
                raise UnusualFrameError(UNUSUAL)
            elif segment.marker == PLT and (len(segment.content) < PLT_BYTES or segment.content[-1] & CONTINUED):
                # OpenJPEG reads the lengths, although it does not use them.
                raise UnusualFrameError("JPEG 2000 with a PLT segment that ends within a length")
        if tile >= tiles or number != parts[tile] or place + length < sod.end or place + length > len(view):
            raise UnusualFrameError("JPEG 2000 whose tile-parts are incomplete, or in another order")
        parts[tile] += 1
        if count and counts.setdefault(tile, count) != count:
            raise UnusualFrameError("JPEG 2000 whose tile-parts are incomplete, or in another order")
        place += length
    if len(parts) != tiles or any(parts[tile] != count for tile, count in counts.items()):
        raise UnusualFrameError("JPEG 2000 whose tile-parts are incomplete, or in another order")
