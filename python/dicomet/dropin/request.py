"""From the arguments of ``Decoder.as_array`` to what is wanted of which image, or a reason to hand them over.

Nothing here warns, logs or changes anything: what is not plainly in order is handed over to pydicom, which then finds
everything as it was.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, cast

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.decoders import pylibjpeg, rle
from pydicom.pixels.decoders.base import Decoder
from pydicom.pixels.utils import _IMAGE_PIXEL
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pydicom.valuerep import IS

from dicomet._native import Source
from dicomet._parsing.parsed import KEYWORDS
from dicomet._parsing.source import source_of_file
from dicomet.dropin import pydicom_plugin
from dicomet.dropin.elements import CachedElements, read_before, transfer_syntax
from dicomet.dropin.shape import Coding, NotTaken, PlannedShape, Shape, number_of_frames, plan_shape

NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
EXTENDED_OFFSET_TABLE = 0x7FE00001
# Files whose reading has no other effects. pydicom's way of reading may matter to any other kind.
PLAIN_FILES = frozenset({io.BufferedReader, io.BufferedRandom, io.BytesIO})

PLAIN_VALUES = frozenset({int, IS, str})
# What is equalled of conformant frames. `pylibjpeg` has its plugins in turn, which do so too.
RLE_PLUGINS = frozenset({rle._decode_frame, pylibjpeg._decode_frame, pydicom_plugin.decode_frame})  # noqa: SLF001

# pydicom's options that mean nothing else than in `Request`; where one of another name is given, pydicom decodes.
OPTIONS = frozenset(_IMAGE_PIXEL.values()) | {
    "allow_excess_frames",
    "as_rgb",
    "correct_unused_bits",
    "extended_offsets",
    "pixel_keyword",
    "pixel_vr",
    "transfer_syntax_uid",
    "use_pdh",
}
# These too, as long as they are not set.
UNSET_OPTIONS = frozenset({"be_swap_ow", "force_rgb", "force_ybr", "view_only"})


class PydicomError(Exception):
    """What pydicom raises when it reads an element: `error`."""

    def __init__(self, error: Exception) -> None:
        """Keep the error as it is."""
        super().__init__()
        self.error = error


class Request(NamedTuple):
    """One decode.

    `number_of_frames` is as pydicom has it, which may be its own class of integers. `source` and `options` describe the
    whole decode to pydicom, also when a Dataset has been changed since. `file` is the source, if it is one, and
    `position` where it has been left.
    """

    form: PlannedShape
    value: Source
    number_of_frames: int
    extended_offsets: tuple[bytes, bytes] | None
    source: Any
    options: dict[str, Any]
    file: BinaryIO | None
    position: int

    @property
    def shape(self) -> Shape:
        """What decoding depends on."""
        return self.form.shape

    def properties(self, *, as_frame: bool) -> dict[str, Any]:
        """Return the second part of pydicom's result."""
        return {**self.form.properties, "number_of_frames": 1 if as_frame else self.number_of_frames}


def parse_request(
    decoder: Decoder,
    src: Any,
    *,
    validate: bool = True,  # noqa: ARG001 - nothing is taken that pydicom would find fault with
    raw: bool = False,
    decoding_plugin: str = "",
    **options: Any,
) -> Request:
    """Return what is wanted, or raise `NotTaken`."""
    coding = _coding(decoder, decoding_plugin)
    _check_options(decoder, options)
    source, options = _source(decoder, src, options)
    return _request(decoder, coding, source, options, raw=raw)


def of_elements(
    decoder: Decoder, dataset: Dataset, elements: CachedElements, *, raw: Any, decoding_plugin: Any
) -> Request:
    """Return what `parse_request` does of a data set in the transfer syntax of `decoder`, without any effect."""
    coding = _coding(decoder, decoding_plugin)
    options = _checked(elements.described())
    if EXTENDED_OFFSET_TABLE in dataset._dict:  # noqa: SLF001
        raise NotTaken("an Extended Offset Table, which may have to be read first")
    found = elements.pixel_data()
    tag = _pixel_data_tag([*found], {})
    value, options["pixel_vr"] = _pixel_data(found[tag])
    options["pixel_keyword"] = KEYWORDS[tag]
    return _request(decoder, coding, value, options, raw=raw)


def _request(
    decoder: Decoder, coding: Coding, source: bytes | BinaryIO, options: dict[str, Any], *, raw: bool
) -> Request:
    file, position = None, 0
    if isinstance(source, bytes):
        value = Source.from_buffer(source)
    else:
        file, position = source, source.tell()
        value = _of_file(file, position)
    form = plan_shape(coding, options, big_endian=_is(decoder, ExplicitVRBigEndian), raw=raw)
    offsets = _extended_offsets(options, coding)
    request = Request(form, value, options["number_of_frames"], offsets, source, options, file, position)
    if coding == "RLE" and file is not None and not options.get("allow_excess_frames", True):
        raise NotTaken("allow_excess_frames=False for RLE Lossless in a file")
    _check_length(request)
    return request


def _coding(decoder: Decoder, decoding_plugin: str) -> Coding:
    if type(decoder) is not Decoder:
        raise NotTaken("a decoder class of the user's")
    if decoder.UID in NATIVE:
        return "native"
    if not _is(decoder, RLELossless):
        raise NotTaken("a JPEG syntax, or another that dicomet does not decode")
    available = decoder._available  # noqa: SLF001 - `available_plugins` does not tell which is tried first
    chosen = decoding_plugin or next(iter(available), "")
    if chosen not in available or available[chosen] not in RLE_PLUGINS:
        raise NotTaken("an RLE plugin that dicomet does not know, or that is not available")
    return "RLE"


def _is(decoder: Decoder, transfer_syntax: str) -> bool:
    return str(decoder.UID) == transfer_syntax


def _check_options(decoder: Decoder, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name in OPTIONS:
            continue
        if name not in UNSET_OPTIONS:
            raise NotTaken("an option that dicomet does not know")
        if value:
            raise NotTaken(f"the option {name}")
    transfer_syntax = options.get("transfer_syntax_uid", decoder.UID)
    if type(transfer_syntax) is not UID or transfer_syntax != decoder.UID:
        raise NotTaken("the option transfer_syntax_uid is not the UID of the decoder")


def _source(decoder: Decoder, src: Any, options: dict[str, Any]) -> tuple[bytes | BinaryIO, dict[str, Any]]:
    """Return the bytes or the file, and all options: those of a data set, and over them those of the caller."""
    if isinstance(src, Dataset):
        return _of_dataset(decoder, src, options)
    if _is(decoder, RLELossless):
        options = {"pixel_keyword": "PixelData", **options}
    if type(src) is not bytes and not is_plain_file(src):
        raise NotTaken("a source that is neither bytes, nor a plain file, nor a Dataset")
    return cast("bytes | BinaryIO", src), options


def is_plain_file(source: Any) -> bool:
    """Tell whether `source` is a file, or memory like one, of Python's own."""
    return type(source) in PLAIN_FILES and type(getattr(source, "raw", None)) in (io.FileIO, type(None))


def _of_file(file: BinaryIO, position: int) -> Source:
    """Return what lies behind the position of `file`, which stays there."""
    source = source_of_file(file)
    return source.part(position, source.length)


def _of_dataset(decoder: Decoder, dataset: Dataset, options: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    kind = type(dataset)
    if kind.__getitem__ is not Dataset.__getitem__ or kind.__contains__ is not Dataset.__contains__:
        raise NotTaken("a Dataset class that gives access to its elements in its own way")
    elements = read_before(dataset)
    described = _checked(_described(dataset) if elements is None else elements.described())
    if EXTENDED_OFFSET_TABLE in dataset._dict:  # noqa: SLF001
        with _pydicoms_errors():
            described["extended_offsets"] = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    if transfer_syntax(dataset) != decoder.UID:
        file_meta = getattr(dataset, "file_meta", {})
        if file_meta is None or file_meta.get("TransferSyntaxUID", decoder.UID) != decoder.UID:
            raise NotTaken("the transfer syntax of the Dataset is not the decoder's")
    tag = _pixel_data_tag([tag for tag in KEYWORDS if tag in dataset._dict], options)  # noqa: SLF001
    element = dataset._dict[tag]  # type: ignore[index]  # noqa: SLF001
    if type(element) is not DataElement:
        with _pydicoms_errors():
            element = dataset[tag]
            _ = element.value
    value, described["pixel_vr"] = _pixel_data(element)
    described["pixel_keyword"] = KEYWORDS[tag]
    return value, {**described, **options}


def _checked(described: dict[str, Any]) -> dict[str, Any]:
    """Return what `as_pixel_options` does, of the values of the Image Pixel module."""
    described.setdefault("number_of_frames", 1)
    if not PLAIN_VALUES.issuperset(map(type, described.values())):
        raise NotTaken("an element of the Image Pixel module with other than one integer or text")
    number_of_frames(described)
    return described


def _pixel_data_tag(tags: list[int], options: dict[str, Any]) -> int:
    if len(tags) != 1 or options.get("pixel_keyword", KEYWORDS[tags[0]]) != KEYWORDS[tags[0]]:
        raise NotTaken("no pixel data element, more than one, or another than that of the option pixel_keyword")
    return tags[0]


def _pixel_data(element: DataElement) -> tuple[bytes, str]:
    """Return the value of the pixel data element, and its VR."""
    value = element.value
    if type(value) is not bytes:
        raise NotTaken("the value of the pixel data element is not bytes")
    return value, element.VR


def _described(dataset: Dataset) -> dict[str, Any]:
    """Return the values of the Image Pixel module, read in the order of `as_pixel_options`."""
    elements = dataset._dict  # noqa: SLF001 - as `as_pixel_options` does
    with _pydicoms_errors():
        return {name: dataset[tag].value for tag, name in _IMAGE_PIXEL.items() if tag in elements}


@contextmanager
def _pydicoms_errors() -> Iterator[None]:
    """Pass on what reading an element raises: pydicom, which would read it at this point, need not raise it again."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - pydicom raises many kinds
        raise PydicomError(error) from None


def _extended_offsets(options: dict[str, Any], coding: str) -> tuple[bytes, bytes] | None:
    tables = options.get("extended_offsets")
    if tables is None:
        return None
    if coding == "native" or type(tables) is not tuple or [type(table) for table in tables] != [bytes, bytes]:
        raise NotTaken("an Extended Offset Table in an unusual form")
    if len(tables[0]) != len(tables[1]) or len(tables[0]) % 8:
        raise NotTaken("an Extended Offset Table in an unusual form")
    return tables


def _check_length(request: Request) -> None:
    """Hand over a value whose length is not exactly that of the image, which pydicom checks in memory only."""
    found, expected, is_file = request.value.length, request.form.value_bytes, request.file is not None
    padded = expected + expected % 2
    if request.shape.coding == "RLE":
        if not is_file and found in (expected, padded):
            raise NotTaken("compressed pixel data of exactly the length of uncompressed pixel data")
        return
    if found < expected or (not is_file and found not in (expected, padded)):
        raise NotTaken("a value that is shorter or longer than the image")
