"""The scanner alone, from every start: what pydicom's parser reads without a word, or nothing."""

import io
import os
import struct
from dataclasses import dataclass
from unittest import mock

import files
import pydicom
import pytest
from call_outcome import recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicomet._native import Source, find_pixel_data
from dicomet._parsing import elements_before_pixel_data, header, pydicom_parser
from dicomet._parsing.parsed import KEYWORDS
from dicomet._parsing.transfer_syntax import CODECS

PROPERTY = settings(max_examples=int(os.environ.get("EXAMPLES", "150")), suppress_health_check=list(HealthCheck))
UNDEFINED = 0xFFFFFFFF
ITEM, END_OF_ITEM, END_OF_SEQUENCE = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
NO_PREAMBLE = "File is not conformant"


def scanned(data: bytes, start: str, transfer_syntax: str | None) -> tuple | int | None:
    """What the scanner finds, in memory and through windows."""
    found, windows = (
        find_pixel_data(source, start=start, transfer_syntax=transfer_syntax)
        for source in (Source.from_buffer(data), Source.from_file(io.BytesIO(data)))
    )
    assert windows == found
    if not isinstance(found, tuple):
        return found
    image, offset, length, _ = found
    return (*header._described(image), offset, length)


def parsed(data: bytes, start: str, transfer_syntax: str | None, skip=None) -> tuple:
    """What pydicom's parser finds, and what it says; of all sequences, or of those that `skip` does not."""
    with mock.patch.object(elements_before_pixel_data, "find_delimiter", skip or (lambda *_args, **_options: None)):
        return parsed_by_pydicom(data, start, transfer_syntax)


def parsed_by_pydicom(data: bytes, start: str, transfer_syntax: str | None) -> tuple:
    file, meta = io.BytesIO(data), FileMetaDataset()
    with recorded() as said:
        try:
            if start != "data set":
                read_preamble(file, force=True)
                meta = _read_file_meta_info(file)
                # This is looked at in any case.
                meta.get("TransferSyntaxUID")
            syntax = pydicom_parser._transfer_syntax(meta, {"transfer_syntax_uid": transfer_syntax})
            found = pydicom_parser._read_header(Source.from_buffer(data), file, meta, syntax, {}, None)
            result = (found.attributes, str(found.transfer_syntax), found.tag, found.vr, found.offset, found.length)
        except Exception as error:  # noqa: BLE001 - whatever it is, the scanner must not have found anything
            result = (type(error), str(error))
    forced = [word for word in said if start == "forced" and str(word[2]).startswith(NO_PREAMBLE)]
    return result, [word for word in said if word not in forced]


def check(data: bytes, start: str, transfer_syntax: str | None) -> bool:
    """Compare; tell whether there was something to compare."""
    found = scanned(data, start, transfer_syntax)
    wanted = parsed(data, start, transfer_syntax)
    if isinstance(wanted[0][0], dict):
        # Skipping sequences changes nothing, except that defects inside them are not reported.
        skipped = parsed(data, start, transfer_syntax, elements_before_pixel_data.find_delimiter)
        assert skipped[0] == wanted[0]
        assert [word for word in skipped[1] if word not in wanted[1]] == []
    if not isinstance(found, tuple) or found[1] not in CODECS:
        return False
    assert wanted == (found, [])
    return True


@dataclass(frozen=True)
class Writer:
    implicit: bool = False
    order: str = "<"

    def tag(self, tag: int) -> bytes:
        return struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)

    def element(self, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
        length = len(value) if length is None else length
        if self.implicit:
            return self.tag(tag) + struct.pack(self.order + "L", length) + value
        if vr in LONG:
            return self.tag(tag) + vr.encode() + b"\0\0" + struct.pack(self.order + "L", length) + value
        return self.tag(tag) + vr.encode() + struct.pack(self.order + "H", length & 0xFFFF) + value

    def item(self, tag: int, value: bytes = b"", length: int | None = None) -> bytes:
        return self.tag(tag) + struct.pack(self.order + "L", len(value) if length is None else length) + value

    def image(self, frames: bytes = b"1 ") -> bytes:
        numbers = {0x00280010: 2, 0x00280011: 2, 0x00280100: 8, 0x00280101: 8, 0x00280102: 7, 0x00280103: 0}
        parts = [self.element(0x00280002, "US", struct.pack(self.order + "H", 1))]
        parts += [self.element(0x00280004, "CS", b"MONOCHROME2 "), self.element(0x00280008, "IS", frames)]
        parts += [self.element(tag, "US", struct.pack(self.order + "H", number)) for tag, number in numbers.items()]
        return b"".join([*parts, self.element(0x7FE00010, "OB", b"\1\2\3\4")])


WRITERS = {
    ImplicitVRLittleEndian: Writer(implicit=True),
    ExplicitVRLittleEndian: Writer(),
    ExplicitVRBigEndian: Writer(order=">"),
    RLELossless: Writer(),
}


def test_descriptions_compare_and_hash_by_value():
    """They are keys of caches: whatever a description is made from must distinguish them."""
    writer, explicit = WRITERS[ExplicitVRLittleEndian], str(ExplicitVRLittleEndian)
    implicit = WRITERS[ImplicitVRLittleEndian].image()
    image = writer.image()

    def described(data, transfer_syntax=explicit):
        return find_pixel_data(Source.from_buffer(data), start="data set", transfer_syntax=transfer_syntax)[0]

    assert described(image) == described(image + b"more")
    assert hash(described(image)) == hash(described(image))
    others = [
        described(image, "1.2.840.10008.1.2.5"),
        described(implicit, str(ImplicitVRLittleEndian)),
        described(writer.image(b"2 ")),
        described(image.replace(b"MONOCHROME2", b"MONOCHROME1")),
        described(image.replace(writer.tag(0x00280102), writer.tag(0x00280006))),
        described(image.replace(struct.pack("<H", 7), struct.pack("<H", 6))),
        described(image.replace(writer.tag(0x7FE00010), writer.tag(0x7FE00008))),
        described(image.replace(b"OB\0\0", b"OW\0\0")),
    ]
    assert len({described(image), *others}) == 1 + len(others)


def test_the_sequences_of_the_dictionary():
    """Those of pydicom's dictionary; one that has more of them may know a later edition."""
    writer = WRITERS[ImplicitVRLittleEndian]
    items = writer.item(ITEM, b"", UNDEFINED) + writer.item(END_OF_ITEM) + writer.item(END_OF_SEQUENCE)
    first = writer.element(0x00080001, "UL", bytes(4))

    def is_scanned(tag):
        data = first + writer.element(tag, "SQ", items, UNDEFINED) + writer.image()
        return isinstance(scanned(data, "data set", ImplicitVRLittleEndian), tuple)

    known = {tag for tag in DicomDictionary if is_scanned(tag)} - set(KEYWORDS)
    sequences = {tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ"}
    assert known <= sequences
    assert len(known) >= 1277


@pytest.mark.parametrize("case", files.cases(), ids=str)
def test_every_file_from_every_start(case):
    data, syntax = case.path.read_bytes(), case.expected.transfer_syntax
    check(data, "file", None)
    check(data, "forced", syntax)
    if data[128:132] != b"DICM":
        return
    file = io.BytesIO(data)
    read_preamble(file, force=True)
    syntax = _read_file_meta_info(file).get("TransferSyntaxUID", ImplicitVRLittleEndian)
    rest = file.read()
    deflated = syntax == DeflatedExplicitVRLittleEndian
    assert deflated == isinstance(scanned(data, "file", None), int)
    plain = bytes(Source.from_buffer(rest).deflate_stream(0).read(0, 1 << 40)) if deflated else rest
    taken = [
        check(data[132:], "forced", None),
        check(rest, "forced", syntax),
        check(data[:132] + rest, "file", syntax),
        check(plain, "data set", syntax),
    ]
    if case.expected.file in (files.EQUAL, files.ONLY) and "against its transfer syntax" not in case.expected.why:
        assert taken == [not deflated] * 3 + [True]


@pytest.mark.parametrize("syntax", WRITERS, ids=lambda syntax: syntax.keyword)
def test_sequences_of_undefined_length_are_scanned(syntax):
    writer = WRITERS[syntax]
    name = writer.element(0x00100010, "PN", b"ab")
    unknown = Writer(implicit=True, order=writer.order)
    items = writer.item(ITEM, name) + writer.item(ITEM, name, UNDEFINED) + writer.item(END_OF_ITEM)
    inner = writer.element(0x00091010, "SQ", items + writer.item(END_OF_SEQUENCE), UNDEFINED)
    nested = unknown.element(0x00081140, "SQ", unknown.item(ITEM) + unknown.item(END_OF_SEQUENCE), UNDEFINED)
    fragments = writer.item(ITEM) + writer.item(ITEM, b"\xff" * 7) + writer.item(END_OF_SEQUENCE)
    for before in (
        inner,
        writer.element(0x00081140, "SQ", writer.item(ITEM, inner) + writer.item(END_OF_SEQUENCE), UNDEFINED),
        writer.element(0x00091010, "UN", unknown.item(ITEM, nested) + unknown.item(END_OF_SEQUENCE), UNDEFINED),
        b"" if writer.implicit else writer.element(0x00091010, "OB", fragments, UNDEFINED),
    ):
        data = writer.element(0x00080008, "CS", b"ab") + before + writer.image()
        assert check(data, "data set", syntax)


@st.composite
def elements(draw, writer: Writer, depth: int = 0) -> bytes:
    """An element that a file may have, but for some that it may not."""
    tags = [0x00081140, 0x00400275, 0x00091010, 0x00010001, 0x00100010, 0x00280010, 0x00080005, 0x60003000, 0x00287777]
    tag = draw(st.sampled_from(tags))
    kind = draw(st.sampled_from(["value", "sequence", "sequence", "fragments"] if depth < 4 else ["value"]))
    end = writer.item(END_OF_SEQUENCE, length=draw(st.sampled_from([0] * 30 + [4])))
    if kind == "value":
        values = [b"", b"ab", b"\1\0", b"ISO_IR 100", b"latin1", end, writer.item(ITEM), bytes(300)]
        vr = draw(st.sampled_from(["LO", "OB", "UN", "US", "CS", "UT", "SQ", "ZZ"]))
        return writer.element(tag, vr, draw(st.sampled_from(values)))
    if kind == "fragments":
        fragments = [writer.item(ITEM, value) for value in draw(st.lists(st.binary(max_size=9), max_size=3))]
        vr = draw(st.sampled_from(["OB", "OW", "UT", "SQ"]))
        return writer.element(tag, vr, b"".join(fragments) + end, UNDEFINED)
    items = draw(st.lists(items_of(writer, depth), max_size=3))
    vr = draw(st.sampled_from(["SQ", "SQ", "SQ", "UN", "UN", "OB"]))
    value = b"".join(items)
    return writer.element(tag, vr, *draw(st.sampled_from([(value + end, UNDEFINED)] * 4 + [(value,)])))


@st.composite
def items_of(draw, writer: Writer, depth: int) -> bytes:
    inner = Writer(writer.implicit or draw(st.booleans()), writer.order)
    content = b"".join(draw(st.lists(elements(inner, depth + 1), max_size=3)))
    if draw(st.booleans()):
        return writer.item(ITEM, content, UNDEFINED) + writer.item(END_OF_ITEM)
    return writer.item(ITEM, content, max(0, len(content) + draw(st.sampled_from([0] * 30 + [-1, 1, 8]))))


@st.composite
def beginnings(draw, syntax: str) -> tuple[bytes, str, str | None]:
    """What stands in front of a data set, the start to scan from, and the transfer syntax that is given."""
    start = draw(st.sampled_from(["file", "forced", "data set"]))
    if start == "data set":
        return b"", start, syntax
    writer = WRITERS[ExplicitVRLittleEndian]
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    group = [writer.element(0x00020001, "OB", b"\0\1"), writer.element(0x00020010, "UI", uid)]
    group = b"".join(part for part in group if draw(st.sampled_from([True] * 9 + [False])))
    length = len(group) + draw(st.sampled_from([0] * 20 + [8]))
    if draw(st.booleans()):
        group = writer.element(0x00020000, "UL", struct.pack("<L", length)) + group
    if draw(st.sampled_from([True, True, False])):
        group = bytes(128) + b"DICM" + group
    return group, start, draw(st.sampled_from([None, syntax]))


class File(bytes):
    """A file that is shown by its length."""

    __slots__ = ()

    def __repr__(self):
        return f"<{len(self)} bytes>"


@st.composite
def changed(draw, data: bytes) -> File:
    """At most one byte is another, or left out, or there twice."""
    at = draw(st.integers(0, len(data) - 1))
    byte = bytes([draw(st.sampled_from([0, 1, 2, 0x28, 0x41, 0x53, 0xE0, 0xFE, 0xFF]))])
    kinds = [data] * 3 + [data[:at] + byte + data[at + 1 :], data[:at] + data[at + 1 :], data[:at] + byte + data[at:]]
    return File(draw(st.sampled_from(kinds)))


@PROPERTY
@given(st.data())
def test_any_header(data):
    syntax = data.draw(st.sampled_from(list(WRITERS)))
    writer = WRITERS[syntax]
    before, start, transfer_syntax = data.draw(beginnings(syntax))
    first = writer.element(0x00080008, "CS", b"ab")
    header_of = first + b"".join(data.draw(st.lists(elements(writer), max_size=4)))
    rest = writer.image(data.draw(st.sampled_from([b"1 ", b"03", b"0 ", b"1\\2 "])))
    # Long enough for a prefix to be looked for.
    check(data.draw(changed(before + header_of + rest + bytes(132))), start, transfer_syntax)


@pytest.mark.parametrize(
    ("owner", "name", "syntax"),
    [
        (pydicom.config.settings, "infer_sq_for_un_vr", ExplicitVRLittleEndian),
        (pydicom.config, "replace_un_with_known_vr", ExplicitVRLittleEndian),
    ],
)
def test_wishes_about_unknown_elements_are_respected(monkeypatch, owner, name, syntax):
    data = bytes(128) + b"DICM" + WRITERS[syntax].element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")
    data += WRITERS[syntax].element(0x00080008, "CS", b"ab") + WRITERS[syntax].image()
    assert header.scan(Source.from_buffer(data), {}) is not None
    monkeypatch.setattr(owner, name, False)
    assert header.scan(Source.from_buffer(data), {}) is None
