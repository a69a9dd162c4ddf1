"""ISO/IEC 13818-1 2.4: the packets of an MPEG transport stream, as far as they say how its video is coded."""

from collections.abc import Iterator
from typing import NamedTuple

from dicomet._parsing.transfer_syntax import H_264, HEVC, MPEG_2

_SYNC, _PACKET = 0x47, 188
_CHECKED = 5
# 13818-1 table 2-34.
CODINGS = {1: MPEG_2, 2: MPEG_2, 0x1B: H_264, 0x20: H_264, 0x24: HEVC}
_PROGRAM_ASSOCIATION, _PROGRAM_MAP = 0, 2
# The bytes of a section before its entries, and its checksum (13818-1 2.4.4.3, 2.4.4.8).
_SECTION_HEADER, _MAP_HEADER, _CHECKSUM = 8, 12, 4


class Layout(NamedTuple):
    """The size of a packet, with the time code that Blu-ray discs put before each, and the suffix of such files."""

    packet_bytes: int
    sync_offset: int
    suffix: str


_LAYOUTS = (Layout(_PACKET, 0, ".ts"), Layout(_PACKET + 4, 4, ".m2ts"))


def layout_of(head: bytes) -> Layout | None:
    """Return the layout of a stream that begins with `head`; None if it is no transport stream."""
    for layout in _LAYOUTS:
        syncs = head[layout.sync_offset : layout.packet_bytes * _CHECKED : layout.packet_bytes]
        # The two tables, and the video.
        if len(syncs) >= 3 and all(byte == _SYNC for byte in syncs):  # noqa: PLR2004
            return layout
    return None


def codings(head: bytes, layout: Layout) -> frozenset[str]:
    """Return how the streams of the programs are coded, by the first tables, as far as DICOM knows it."""
    maps: set[int] = set()
    found: set[str] = set()
    for identifier, section in _sections(head, layout):
        table = section[0]
        if identifier == 0 and table == _PROGRAM_ASSOCIATION:
            maps.update(_pid(entry[2:]) for entry in _in_fours(_entries_of(section, _SECTION_HEADER)))
        elif identifier in maps and table == _PROGRAM_MAP:
            found.update(CODINGS[kind] for kind in _stream_types(section) if kind in CODINGS)
    return frozenset(found)


def _sections(head: bytes, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """Yield the identifier of a packet, and the table section that begins in it."""
    for start in range(layout.sync_offset, len(head) - _PACKET + 1, layout.packet_bytes):
        packet = head[start : start + _PACKET]
        begins_unit, control = packet[1] & 0x40, packet[3] >> 4 & 3
        if packet[0] != _SYNC or not begins_unit or not control & 1:
            continue
        payload = packet[5 + packet[4] :] if control & 2 else packet[4:]
        # The pointer to the first section.
        section = payload[1 + payload[0] :] if payload else b""
        if len(section) >= _SECTION_HEADER:
            yield _pid(packet[1:]), section


def _entries_of(section: bytes, start: int) -> bytes:
    end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - _CHECKSUM
    return section[start:end]


def _in_fours(entries: bytes) -> Iterator[bytes]:
    return (entries[at : at + 4] for at in range(0, len(entries) - 3, 4))


def _stream_types(section: bytes) -> Iterator[int]:
    if len(section) < _MAP_HEADER:
        return
    entries = _entries_of(section, _MAP_HEADER + (int.from_bytes(section[10:12], "big") & 0xFFF))
    at = 0
    while at + 5 <= len(entries):
        yield entries[at]
        at += 5 + (int.from_bytes(entries[at + 3 : at + 5], "big") & 0xFFF)


def _pid(two: bytes) -> int:
    """Return the packet identifier in the low 13 bits of two bytes."""
    return int.from_bytes(two[:2], "big") & 0x1FFF
