"""Minimal video streams of every container and coding, made by hand, and the video objects around them."""

import oracle
from pydicom.uid import UID

MPEG_2, FRAGMENTABLE_MPEG_2 = UID("1.2.840.10008.1.2.4.100"), UID("1.2.840.10008.1.2.4.100.1")
H_264, FRAGMENTABLE_H_264 = UID("1.2.840.10008.1.2.4.102"), UID("1.2.840.10008.1.2.4.102.1")
HEVC = UID("1.2.840.10008.1.2.4.107")
SYNTAXES = {"MPEG-2": MPEG_2, "H.264": H_264, "HEVC": HEVC}


def box(kind: bytes, content: bytes = b"", *, wide: bool = False) -> bytes:
    """A box of ISO/IEC 14496-12; `wide`: with its size in 64 bits."""
    if wide:
        return (1).to_bytes(4, "big") + kind + (16 + len(content)).to_bytes(8, "big") + content
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def mp4(*entries: bytes, data: bytes = b"samples", wide: bool = False, moov_first: bool = False) -> bytes:
    """An MP4 file with a track for each sample entry."""
    tracks = []
    for entry in entries:
        description = box(b"stsd", bytes(4) + (1).to_bytes(4, "big") + box(entry, bytes(70)))
        media = box(b"mdia", box(b"mdhd", bytes(24)) + box(b"minf", box(b"stbl", description)))
        tracks.append(box(b"trak", box(b"tkhd", bytes(84)) + media))
    moov, mdat = box(b"moov", box(b"mvhd", bytes(100)) + b"".join(tracks)), box(b"mdat", data, wide=wide)
    return box(b"ftyp", b"isom\0\0\2\0isom") + (moov + mdat if moov_first else mdat + moov)


def packet(identifier: int, payload: bytes, *, begins: bool) -> bytes:
    """A transport packet of ISO/IEC 13818-1, filled by an adaptation field."""
    head = bytes([0x47, 0x40 * begins | identifier >> 8, identifier & 0xFF])
    stuffing = 183 - len(payload)
    field = bytes([stuffing]) + (b"\0" + b"\xff" * (stuffing - 1) if stuffing else b"")
    return head + b"\x30" + field + payload


def section(table: int, content: bytes) -> bytes:
    """A table section, after its pointer."""
    length = 5 + len(content) + 4
    return bytes([0, table, 0xB0 | length >> 8, length & 0xFF]) + b"\0\1\xc1\0\0" + content + bytes(4)


def transport_stream(kind: int, packets: int = 4, *, time_codes: bool = False) -> bytes:
    """A program with audio and with video of this stream type."""
    association = section(0, b"\0\1\xe1\x00")
    audio, video = b"\x03\xe1\x02\xf0\x02\x0a\x00", bytes([kind]) + b"\xe1\x01\xf0\x00"
    program = section(2, b"\xe1\x01\xf0\x00" + audio + video)
    parts = [packet(0, association, begins=True), packet(0x100, program, begins=True)]
    parts += [packet(0x101, bytes([number] * 100), begins=number == 0) for number in range(packets)]
    return b"".join(b"\0\0\0\0" * time_codes + part for part in parts)


PROGRAM_END = b"\0\0\1\xb9"
PACK = b"\0\0\1\xba\x44\0\4\0\4\1\0\0\3\xf8" + b"\0\0\1\xe0\0\x08\x80\0\0\0\0\1\xb3\x10"

STREAMS = {
    "MP4 of H.264": ("H.264", ".mp4", mp4(b"avc1", b"mp4a")),
    "MP4 of HEVC": ("HEVC", ".mp4", mp4(b"mp4a", b"hvc1", moov_first=True)),
    "MP4 of MPEG-2, wide": ("MPEG-2", ".mp4", mp4(b"m2v1", wide=True)),
    "transport stream of MPEG-2": ("MPEG-2", ".ts", transport_stream(2)),
    "transport stream of H.264": ("H.264", ".ts", transport_stream(0x1B)),
    "transport stream of HEVC": ("HEVC", ".ts", transport_stream(0x24)),
    "transport stream with time codes": ("H.264", ".m2ts", transport_stream(0x1B, time_codes=True)),
    "program stream": ("MPEG-2", ".mpg", PACK + PROGRAM_END),
    "MPEG-2": ("MPEG-2", ".m2v", b"\0\0\1\xb3\x2d\x01\xe0\x24\x19\x00\x23\x81" + b"\0\0\1\xb5\x14\x8a\0\1"),
    "H.264": ("H.264", ".h264", b"\0\0\0\1\x67\x64\0\x29\xac\x2c" + b"\0\0\0\1\x68\xee\x3c\x80"),
    "H.264 with a delimiter": ("H.264", ".h264", b"\0\0\0\1\x09\xf0" + b"\0\0\1\x67\x64\0\x29\xac\x2c"),
    "HEVC": ("HEVC", ".hevc", b"\0\0\0\1\x40\1\x0c\1\xff\xff" + b"\0\0\0\1\x42\1\1\1"),
    "HEVC with a delimiter": ("HEVC", ".hevc", b"\0\0\0\1\x46\1\x50" + b"\0\0\1\x40\1\x0c\1\xff\xff\x01"),
}
"""The coding, the suffix and the bytes of each kind, of even length where padding would not be provable."""


def elements_of(fragments: list[bytes], *, frames: int = 30, total: int | None = None, table: bytes = b"") -> dict:
    """The elements of a video object; `total`: Encapsulated Pixel Data Value Total Length."""
    items = [fragment + bytes(len(fragment) % 2) for fragment in fragments]
    value = oracle.item(table) + b"".join(map(oracle.item, items)) + oracle.DELIMITER
    numbers = {0x00280002: 3, 0x00280006: 0, 0x00280010: 480, 0x00280011: 720, 0x00280100: 8, 0x00280101: 8}
    numbers |= {0x00280102: 7, 0x00280103: 0}
    found = {tag: ("US", number.to_bytes(2, "little")) for tag, number in numbers.items()}
    found[0x00280004] = ("CS", b"YBR_PARTIAL_420 ")
    found[0x00280008] = ("IS", oracle.text(str(frames)))
    found[0x7FE00010] = ("OB", value)
    if total is not None:
        found[0x7FE00003] = ("UN", total.to_bytes(8, "little"))
    return dict(sorted(found.items()))


def video_file(fragments: list[bytes], syntax: UID, **given) -> bytes:
    """A video object as a file."""
    return oracle.dicom_file(elements_of(fragments, **given), syntax)
