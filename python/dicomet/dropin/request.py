"""Parsing the arguments of ``Decoder.as_array`` into a request, or into a reason to leave the call to pydicom.

Nothing here warns, logs or changes anything: whatever is not clearly in order is left to pydicom, which finds
everything unchanged.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, NamedTuple, cast

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.decoders import base, pylibjpeg, rle
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
from dicomet._parsing.tags import EXTENDED_OFFSET_TABLE
from dicomet.dropin import pydicom_plugin
from dicomet.dropin.elements import CachedElements, read_before, transfer_syntax
from dicomet.dropin.same_jpeg_2000 import JPEG_2000, LOSSY_2000
from dicomet.dropin.same_jpeg_ls import JPEG_LS
from dicomet.dropin.same_values import LOSSLESS, LOSSY, Coder, check_plugin, plugin_of
from dicomet.dropin.shape import Declined, PlannedShape, Shape, number_of_frames, plan_shape
from dicomet.dropin.value_length import excess_frames, padded_bytes

NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
JPEG_SYNTAXES = LOSSY | LOSSLESS
# Files that can be read without other side effects. For any other class, the way in which pydicom reads may matter.
PLAIN_FILES = frozenset({io.BufferedReader, io.BufferedRandom, io.BytesIO})

PLAIN_VALUES = frozenset({int, IS, str})
# Plugins whose result for conformant frames is reproduced. `pylibjpeg` calls plugins of its own, which give it too.
RLE_PLUGINS = frozenset({rle._decode_frame, pylibjpeg._decode_frame, pydicom_plugin.decode_frame})  # noqa: SLF001

# pydicom's options that `Request` represents completely; with any other option, pydicom decodes.
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
# Options that are accepted while they are false.
UNSET_OPTIONS = frozenset({"be_swap_ow", "force_rgb", "force_ybr", "view_only"})


class PydicomError(Exception):
    """An exception that pydicom raised while reading an element, as the attribute `error`."""

    def __init__(self, error: Exception) -> None:
        """Store the error unchanged."""
        super().__init__()
        self.error = error


class Request(NamedTuple):
    """One decode.

    `number_of_frames` has pydicom's type, which may be its own integer class. `source` and `options` describe the whole
    decode to pydicom, even if the Dataset has changed since. `file` is the source if that is a file, and `position`
    where it was left. `is_longer`: the value in memory is longer than the image, about which pydicom warns; if it has
    room for more frames, these are part of `form` and `number_of_frames`, but not of `options`.
    """

    form: PlannedShape
    value: Source
    number_of_frames: int
    extended_offsets: tuple[bytes, bytes] | None
    coder: Coder
    source: Any
    options: dict[str, Any]
    file: BinaryIO | None
    position: int
    is_longer: bool

    @property
    def shape(self) -> Shape:
        """The values on which decoding depends."""
        return self.form.shape

    def properties(self, *, as_frame: bool) -> dict[str, Any]:
        """Return the second item of pydicom's result."""
        return {**self.form.properties, "number_of_frames": 1 if as_frame else self.number_of_frames}

    def warn(self) -> None:
        """Give pydicom's warning about a value that is longer than the image.

        pydicom's own code gives it, so that its text, place and log record are the same. A warning filter may turn it
        into an exception, which passes through.
        """
        if self.is_longer:
            runner = base.DecodeRunner(UID(self.coder.transfer_syntax))
            runner.set_source(self.source)
            runner.set_options(**self.options)
            runner._validate_buffer()  # noqa: SLF001


def parse_request(  # noqa: PLR0913 - the options of pydicom
    decoder: base.Decoder,
    src: Any,
    *,
    validate: bool = True,
    raw: bool = False,
    decoding_plugin: str = "",
    lossy_jpeg: bool,
    **options: Any,
) -> Request:
    """Return the request, or raise `Declined`. `lossy_jpeg`: as in `install`."""
    coder = _coder(decoder, decoding_plugin, lossy_jpeg=lossy_jpeg)
    _check_options(decoder, options)
    source, options = _source(decoder, src, options)
    return _request(decoder, coder, source, options, raw=raw, validate=validate)


def of_elements(  # noqa: PLR0913 - the options of pydicom
    decoder: base.Decoder,
    dataset: Dataset,
    elements: CachedElements,
    *,
    raw: Any,
    decoding_plugin: Any,
    lossy_jpeg: bool,
) -> Request:
    """Return the same as `parse_request` for a data set in the transfer syntax of `decoder`, without side effects."""
    coder = _coder(decoder, decoding_plugin, lossy_jpeg=lossy_jpeg)
    options = _checked(elements.described())
    if EXTENDED_OFFSET_TABLE in dataset._dict:  # noqa: SLF001
        raise Declined("an Extended Offset Table, which may have to be read first")
    found = elements.pixel_data()
    tag = _pixel_data_tag([*found], {})
    value, options["pixel_vr"] = _pixel_data(found[tag])
    options["pixel_keyword"] = KEYWORDS[tag]
    return _request(decoder, coder, value, options, raw=raw, validate=True)


def _request(  # noqa: PLR0913 - the options of pydicom
    decoder: base.Decoder,
    coder: Coder,
    source: bytes | BinaryIO,
    options: dict[str, Any],
    *,
    raw: bool,
    validate: bool,
) -> Request:
    file, position = None, 0
    if isinstance(source, bytes):
        value = Source.from_buffer(source)
    else:
        file, position = source, source.tell()
        value = _of_file(file, position)
    plan = partial(plan_shape, coder.codec, big_endian=_is(decoder, ExplicitVRBigEndian), raw=raw)
    form, frames = plan(options), options["number_of_frames"]
    # pydicom checks the length in memory only. A request that is taken passes the other checks of its validation.
    is_longer = bool(validate) and file is None and coder.codec == "native" and value.length > padded_bytes(form)
    if is_longer and (more := excess_frames(form, value.length, options)):
        frames += more
        form = plan({**options, "number_of_frames": frames})
    if coder.plugin:
        check_plugin(coder, form.shape)
    offsets = _extended_offsets(options, coder.codec)
    request = Request(form, value, frames, offsets, coder, source, options, file, position, is_longer)
    if coder.codec != "native" and file is not None and not options.get("allow_excess_frames", True):
        raise Declined("allow_excess_frames=False for compressed pixel data in a file")
    _check_length(request)
    return request


def _coder(decoder: base.Decoder, decoding_plugin: str, *, lossy_jpeg: bool) -> Coder:
    if type(decoder) is not base.Decoder:
        raise Declined("a decoder class of the caller")
    if decoder.UID in NATIVE:
        return Coder("native", decoder.UID)
    if decoder.UID in JPEG_SYNTAXES:
        plugin = plugin_of(decoder, decoding_plugin)
        replaced = lossy_jpeg and not decoding_plugin and decoder.UID in LOSSY
        return Coder("JPEG", decoder.UID, "dicomet" if replaced else plugin)
    if decoder.UID in JPEG_LS:
        return Coder("JPEG-LS", decoder.UID, plugin_of(decoder, decoding_plugin))
    if decoder.UID in JPEG_2000:
        plugin = plugin_of(decoder, decoding_plugin)
        replaced = lossy_jpeg and not decoding_plugin and decoder.UID in LOSSY_2000
        return Coder("JPEG 2000", decoder.UID, "dicomet" if replaced else plugin)
    if not _is(decoder, RLELossless):
        raise Declined("a syntax that dicomet does not decode")
    available = decoder._available  # noqa: SLF001 - `available_plugins` does not show the order
    chosen = decoding_plugin or next(iter(available), "")
    if chosen not in available or available[chosen] not in RLE_PLUGINS:
        raise Declined("an RLE plugin that dicomet does not know, or that is not available")
    return Coder("RLE", decoder.UID)


def _is(decoder: base.Decoder, transfer_syntax: str) -> bool:
    return str(decoder.UID) == transfer_syntax


def _check_options(decoder: base.Decoder, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name in OPTIONS:
            continue
        if name not in UNSET_OPTIONS:
            raise Declined("an option that dicomet does not know")
        if value:
            raise Declined(f"the option {name}")
    transfer_syntax = options.get("transfer_syntax_uid", decoder.UID)
    if type(transfer_syntax) is not UID or transfer_syntax != decoder.UID:
        raise Declined("the option transfer_syntax_uid is not the UID of the decoder")


def _source(decoder: base.Decoder, src: Any, options: dict[str, Any]) -> tuple[bytes | BinaryIO, dict[str, Any]]:
    """Return the bytes or the file, and all options: the caller's override those of a data set."""
    if isinstance(src, Dataset):
        return _of_dataset(decoder, src, options)
    if decoder.UID not in NATIVE:
        options = {"pixel_keyword": "PixelData", **options}
    if type(src) is not bytes and not is_plain_file(src):
        raise Declined("a source that is neither bytes, nor a plain file, nor a Dataset")
    return cast("bytes | BinaryIO", src), options


def is_plain_file(source: Any) -> bool:
    """Return whether `source` is a file, or a file in memory, of one of Python's own classes."""
    return type(source) in PLAIN_FILES and type(getattr(source, "raw", None)) in (io.FileIO, type(None))


def _of_file(file: BinaryIO, position: int) -> Source:
    """Return the source from the position of `file` onward; the position does not change."""
    source = source_of_file(file)
    return source.part(position, source.length)


def _of_dataset(decoder: base.Decoder, dataset: Dataset, options: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    kind = type(dataset)
    if kind.__getitem__ is not Dataset.__getitem__ or kind.__contains__ is not Dataset.__contains__:
        raise Declined("a Dataset class that gives access to its elements in its own way")
    elements = read_before(dataset)
    described = _checked(_described(dataset) if elements is None else elements.described())
    if EXTENDED_OFFSET_TABLE in dataset._dict:  # noqa: SLF001
        with _pydicoms_errors():
            described["extended_offsets"] = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    if transfer_syntax(dataset) != decoder.UID:
        file_meta = getattr(dataset, "file_meta", {})
        if file_meta is None or file_meta.get("TransferSyntaxUID", decoder.UID) != decoder.UID:
            raise Declined("the transfer syntax of the Dataset is not the decoder's")
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
    """Return what `as_pixel_options` returns for the values of the Image Pixel module."""
    described.setdefault("number_of_frames", 1)
    if not PLAIN_VALUES.issuperset(map(type, described.values())):
        raise Declined("an element of the Image Pixel module with other than one integer or text")
    number_of_frames(described)
    return described


def _pixel_data_tag(tags: list[int], options: dict[str, Any]) -> int:
    if len(tags) != 1 or options.get("pixel_keyword", KEYWORDS[tags[0]]) != KEYWORDS[tags[0]]:
        raise Declined("no pixel data element, more than one, or another than that of the option pixel_keyword")
    return tags[0]


def _pixel_data(element: DataElement) -> tuple[bytes, str]:
    """Return the value and the VR of the pixel data element."""
    value = element.value
    if type(value) is not bytes:
        raise Declined("the value of the pixel data element is not bytes")
    return value, element.VR


def _described(dataset: Dataset) -> dict[str, Any]:
    """Return the values of the Image Pixel module, read in the order of `as_pixel_options`."""
    elements = dataset._dict  # noqa: SLF001 - as `as_pixel_options` does
    with _pydicoms_errors():
        return {name: dataset[tag].value for tag, name in _IMAGE_PIXEL.items() if tag in elements}


@contextmanager
def _pydicoms_errors() -> Iterator[None]:
    """Convert an exception from reading an element to `PydicomError`, so that pydicom need not raise it again."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - pydicom raises many kinds
        raise PydicomError(error) from None


def _extended_offsets(options: dict[str, Any], codec: str) -> tuple[bytes, bytes] | None:
    tables = options.get("extended_offsets")
    if tables is None:
        return None
    if codec == "native" or type(tables) is not tuple or [type(table) for table in tables] != [bytes, bytes]:
        raise Declined("an Extended Offset Table in an unusual form")
    if len(tables[0]) != len(tables[1]) or len(tables[0]) % 8:
        raise Declined("an Extended Offset Table in an unusual form")
    return tables


def _check_length(request: Request) -> None:
    """Decline a value that is too short; pydicom checks the length in memory only."""
    found, expected = request.value.length, request.form.value_bytes
    if request.shape.codec != "native":
        if request.file is None and found in (expected, padded_bytes(request.form)):
            raise Declined("compressed pixel data of exactly the length of uncompressed pixel data")
        return
    if found < expected:
        raise Declined("a value that is shorter than the image")
