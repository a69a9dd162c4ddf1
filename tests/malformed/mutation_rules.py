"""The differences from pydicom that DIFFERENCES.md lists, each recognized as narrowly as possible.

If both return an array, a rule proves its case: it calls pydicom again, in a way that is known to be correct, and
must get dicomet's array. If only one returns an array, the message of the other determines the sort of the file.
"""

import copy
import io
import os
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pydicom
from oracle import ybr_to_rgb
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomet
from dicomet._parsing.parse import parse
from dicomet._parsing.transfer_syntax import BY_UID

BYTE_BITS = 8
LOSSY_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
RETIRED_JPEG = ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")
JPEG = (*LOSSY_JPEG, *LOSSLESS_JPEG, *RETIRED_JPEG)
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
PLUGINS = ("pillow", "pylibjpeg")
ALL_PLUGINS = ("pydicom", *PLUGINS)
JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 92, 93, 201, 202, 203))
MOST_LEVELS = 5
MOST_LEVELS_OF_JPEG_2000 = 2
EMPTY_ITEM = b"\xfe\xff\x00\xe0\0\0\0\0"


class Context:
    """A file, dicomet's array and pydicom's."""

    def __init__(self, source: Any, given: np.ndarray, wanted: np.ndarray) -> None:
        self.source, self.given, self.wanted = source, given, wanted

    @cached_property
    def parsed(self) -> Any:
        return parse(self.source, {})

    @property
    def photometric(self) -> str:
        return str(self.parsed.attributes["photometric_interpretation"])

    @cached_property
    def raw(self) -> np.ndarray:
        """dicomet's array without a conversion of colors."""
        return dicomet.pixel_array(self.source, raw=True)

    def pylibjpeg_array(self, **options: Any) -> np.ndarray | None:
        """Return dicomet's array if that plugin is named; None where it is not there, or refuses a frame."""
        try:
            return dicomet.pixel_array(self.source, decoding_plugin="pylibjpeg", **options)
        except dicomet.PixelDataError:
            return None

    def is_pydicoms(self, **options: Any) -> bool:
        """Return whether pydicom returns dicomet's array with these options."""
        array = self.pydicom_array(**options)
        return array is not None and same(self.given, array)

    def is_pydicoms_raw(self, plugin: str) -> bool:
        """Return whether pydicom's array has the same samples without a conversion of colors."""
        array = self.pydicom_array(raw=True, decoding_plugin=plugin)
        return array is not None and same(self.raw, array)

    def is_libjpeg_turbos(self) -> bool:
        """Return whether libjpeg-turbo has the same samples in all frames."""
        from mutation_libjpeg import EQUAL, LIMITED, compared_frames, fragments_of  # noqa: PLC0415

        data_set = pydicom.dcmread(io.BytesIO(self.source)) if isinstance(self.source, bytes) else self.source
        found = compared_frames(self.raw, fragments_of(data_set), self.parsed.attributes)
        return bool(found) and {EQUAL, LIMITED}.issuperset(found)

    def is_as_standard_says(self) -> bool:
        """Return whether the file is JPEG-LS, and the tests' reader has the same samples in all frames."""
        from mutation_charls import EQUAL, codestreams, form_of, judged_frames  # noqa: PLC0415

        streams = codestreams(self.source, self.parsed)
        if self.parsed.transfer_syntax not in JPEG_LS or streams is None:
            return False
        return {EQUAL}.issuperset(judged_frames(self.raw, "", streams, form_of(self.parsed.attributes)))

    @property
    def is_unusual(self) -> bool:
        """Whether a JPEG-LS codestream has parameters that CharLS does not know."""
        from mutation_charls import UNKNOWN, codestreams, read  # noqa: PLC0415

        images = [read(stream) for stream in codestreams(self.source, self.parsed) or ()]
        return any(holds(image) for image in images for holds in UNKNOWN.values())

    def pydicom_array(self, **options: Any) -> np.ndarray | None:
        """Return pydicom's array with these options; None where it raises."""
        source = io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source
        os.environ["DICOMET"] = "0"
        try:
            return pixel_array(source, **options)
        except Exception:  # noqa: BLE001 - of any type
            return None
        finally:
            del os.environ["DICOMET"]


def same(given: np.ndarray, wanted: np.ndarray) -> bool:
    """Return whether values, dtype and shape are equal, in any byte order."""
    native = wanted.dtype.newbyteorder("=")
    return given.shape == wanted.shape and given.dtype == native and given.tobytes() == wanted.astype(native).tobytes()


def rounding_of_colors(found: Context) -> bool:
    """pydicom's green is one too low, because of float32."""
    if not found.photometric.startswith("YBR_FULL") or found.given.shape != found.wanted.shape:
        return False
    more = found.given.astype(int) - found.wanted
    return bool((more[..., [0, 2]] == 0).all() and ((more[..., 1] == 0) | (more[..., 1] == 1)).all())


def chrominance_of_fewer_bits(found: Context) -> bool:
    """Chrominance is centered on 2^(Bits Stored - 1), not on 128; without the conversion both have the same samples."""
    bits = found.parsed.attributes["bits_stored"]
    if not found.photometric.startswith("YBR_FULL") or not 0 < bits < BYTE_BITS:
        return False
    stored = found.pydicom_array(raw=True)
    return stored is not None and same(found.given, ybr_to_rgb(stored & (2**bits - 1), bits))


def vr_against_the_transfer_syntax(found: Context) -> bool:
    """pydicom reads the pixel data's header in the encoding of the transfer syntax, and is right when given another."""
    vr = found.parsed.vr
    if not encodings_differ(found.parsed) or not (vr is None or re.fullmatch("[A-Z]{2}", vr)):
        return False
    other = ImplicitVRLittleEndian if found.parsed.dataset.original_encoding[0] else ExplicitVRLittleEndian
    return found.is_pydicoms(transfer_syntax_uid=other)


def extended_offset_table_against_the_fragments(found: Context) -> bool:
    """pydicom cuts frames by the table, across items; without the table it does not."""
    if not found.parsed.attributes.get("extended_offsets"):
        return False
    return any(found.is_pydicoms(extended_offsets=None, decoding_plugin=plugin) for plugin in ALL_PLUGINS)


def basic_offset_table_against_the_fragments(found: Context) -> bool:
    """pydicom cuts frames by the table, although no items begin at these offsets; without the table it does not."""
    if isinstance(found.source, bytes):
        start = found.parsed.value.start
        source: Any = found.source[:start] + without_table(found.source[start:])
    else:
        source = copy.deepcopy(found.source)
        source["PixelData"].value = without_table(source.PixelData)
    without = Context(source, found.given, found.wanted)
    return any(without.is_pydicoms(decoding_plugin=plugin) for plugin in ALL_PLUGINS)


def without_table(value: bytes) -> bytes:
    """Encapsulated pixel data without the Basic Offset Table and without empty fragments."""
    length = int.from_bytes(value[4:8], "little")
    return value[:4] + bytes(4) + value[8 + length :].replace(EMPTY_ITEM, b"")


def more_frames_of_subsampled_colors(found: Context) -> bool:
    """For a Dataset, pydicom counts native frames by their full size, and takes excess frames for padding."""
    if found.photometric != "YBR_FULL_422" or not found.parsed.is_dataset or found.given.ndim != 4:
        return False
    wanted = found.wanted if found.wanted.ndim == 4 else found.wanted[None]
    return len(found.given) > len(wanted) and same(found.given[: len(wanted)], wanted)


def decoder_of_lossy_jpeg(found: Context) -> bool:
    """The plugin pylibjpeg has values of its own, near those of libjpeg-turbo; dicomet returns them if it is named."""
    if found.parsed.transfer_syntax not in LOSSY_JPEG or found.given.shape != found.wanted.shape:
        return False
    if found.is_pydicoms(decoding_plugin="pillow"):
        return True
    near = np.abs(found.given.astype(int) - found.wanted).max() <= MOST_LEVELS
    named = found.pylibjpeg_array()
    return named is not None and same(named, found.wanted) and (bool(near) or found.is_libjpeg_turbos())


def decoder_of_irreversible_jpeg_2000(found: Context) -> bool:
    """OpenJPEG rounds in its own way; dicomet returns its values if a plugin that contains it is named.

    No plugin gets frames of fewer layers than their header says.
    """
    if found.parsed.transfer_syntax not in JPEG_2000 or found.given.shape != found.wanted.shape:
        return False
    near = np.abs(found.given.astype(int) - found.wanted).max() <= MOST_LEVELS_OF_JPEG_2000
    named = found.pylibjpeg_array()
    return bool(near) and (named is None or same(named, found.wanted))


def plugin_of_lossless_jpeg(found: Context) -> bool:
    """pylibjpeg does not shift samples by the point transform, and limits those that have more bits than they may."""
    if found.parsed.transfer_syntax not in LOSSLESS_JPEG or found.given.shape != found.wanted.shape:
        return False
    named, wanted = found.pylibjpeg_array(raw=True), found.pydicom_array(raw=True)
    return named is not None and wanted is not None and same(named, wanted) and not same(named, found.raw)


def colors_of_the_codestream(found: Context) -> bool:
    """Photometric Interpretation contradicts the codestream; without a conversion both have the same samples."""
    if not any(found.is_pydicoms_raw(plugin) for plugin in (*PLUGINS, "pyjpegls")):
        return False
    return same(found.given, found.raw) or (
        found.raw.shape[-1] == 3 and same(found.given, ybr_to_rgb(found.raw, found.parsed.attributes["bits_stored"]))
    )


def plugins_of_jpeg_ls(found: Context) -> bool:
    """dicomet's samples are those of the standard, and CharLS has the same, refuses, or does not know the parameters.

    pydicom asks pylibjpeg first for a Dataset, and for a file if CharLS refuses; it has samples of its own.
    """
    if not found.is_as_standard_says():
        return False
    array = found.pydicom_array(decoding_plugin="pyjpegls")
    return array is None or same(found.given, array) or found.is_unusual


def unused_bits_of_codestreams(found: Context) -> bool:
    """Bits above Bits Stored never count; if they do, as in pydicom, the samples are the same."""
    if found.parsed.transfer_syntax not in (*JPEG_LS, *JPEG_2000):
        return False
    return same(dicomet.pixel_array(found.source, correct_unused_bits=False), found.wanted)


def planar_configuration_of_codestreams(found: Context) -> bool:
    """Planar Configuration says nothing about a codestream; pydicom takes the samples for planes."""
    is_codestream = found.parsed.transfer_syntax in (*JPEG, *JPEG_2000)
    if found.parsed.attributes.get("planar_configuration") != 1 or not is_codestream:
        return False
    return any(found.is_pydicoms(planar_configuration=0, decoding_plugin=plugin) for plugin in PLUGINS)


RULES: tuple[Callable[[Context], bool], ...] = (
    rounding_of_colors,
    chrominance_of_fewer_bits,
    vr_against_the_transfer_syntax,
    extended_offset_table_against_the_fragments,
    basic_offset_table_against_the_fragments,
    more_frames_of_subsampled_colors,
    decoder_of_lossy_jpeg,
    decoder_of_irreversible_jpeg_2000,
    plugin_of_lossless_jpeg,
    colors_of_the_codestream,
    planar_configuration_of_codestreams,
    unused_bits_of_codestreams,
    plugins_of_jpeg_ls,
)


def rule_of(found: Context) -> str | None:
    """The name of the first rule that explains the difference, or None."""
    return next((rule.__name__.replace("_", " ") for rule in RULES if rule(found)), None)


class Sort(NamedTuple):
    """A sort of files that only one of the two decodes, determined by the error of the other or dicomet's warnings."""

    name: str
    error: str = ""
    warned: str = ""
    syntax: str = ""
    """The end of the transfer syntax UID."""


ONLY_DICOMET = (
    Sort(
        "a deflated file", "AttributeError: The dataset in 'src' has no|NotImplementedError|ValueError", syntax=".1.99"
    ),
    Sort("Encapsulated Uncompressed", "NotImplementedError: Unable to decode the pixel data", syntax=".1.98"),
    Sort("Bits Allocated 12", r"ValueError: A \(0028,0100\) 'Bits Allocated' value of '(12|.0000,000C.)' is invalid"),
    Sort("an offset table against the fragments", warned="the offsets of the .* Offset Table are not those"),
    Sort("an offset table against the fragments", "Basic Offset Table item is not a multiple of 4"),
    Sort("a transfer syntax UID in another VR than UI", "'str' object has no attribute 'name'"),
    Sort("empty fragments", warned="found empty fragments"),
    Sort("a missing delimiter", warned="found the end of the data, expected an item or the Sequence Delimitation Item"),
    Sort("an RLE segment that gives too much", "PanicException", warned="RLE segment"),
    Sort("RLE Lossless with 1 bit allocated", "RuntimeError: (.|\\n)* with 1 bits allocated"),
    Sort("more frames of single bits", "TypeError: slice indices must be integers", "contain .* frames"),
    Sort("an Extended Offset Table that cannot be", r"TypeError: object of type '\w+' has no len\(\)"),
    Sort(
        "bytes after the last fragment that are no item",
        r"ValueError: Unexpected tag|Unable to determine the length of the item",
    ),
    Sort("other panics of pylibjpeg-rle", "PanicException"),
    Sort("JPEG in a retired transfer syntax", "NotImplementedError: Unable to decode the pixel data", syntax=".4.53"),
    Sort("JPEG in a retired transfer syntax", "NotImplementedError: Unable to decode the pixel data", syntax=".4.55"),
    Sort(
        "JPEG of at most 8 bits in 16 bits allocated",
        "ValueError: (could not broadcast|buffer size must be a multiple)",
        "bits of the codestream",
    ),
    Sort("a blank VR", "AttributeError: The dataset|ValueError: invalid literal for int", "found a blank VR"),
    Sort("YCbCr of more than 8 bits", "ValueError: Invalid ndarray.dtype '.*' for color space conversion"),
    Sort("an Extended Offset Table without lengths", "AttributeError: .* 'ExtendedOffsetTableLengths'"),
    Sort("a term with leading blanks", "ValueError: Unknown ", "expected a term without leading blanks"),
    Sort("JPEG for which pydicom has no plugin", "all plugins are missing dependencies"),
    Sort("JPEG in 32 bits allocated", "ValueError: buffer size must be a multiple of element size", syntax=".4.57"),
    Sort("a blank VR", "BytesLengthException", "found a blank VR"),
    # Its samples are compared with libjpeg-turbo's.
    Sort("JPEG-LS that the plugins refuse", "RuntimeError: Unable to decode as exceptions were raised", syntax=".4.80"),
    Sort("JPEG-LS that the plugins refuse", "RuntimeError: Unable to decode as exceptions were raised", syntax=".4.81"),
    Sort("JPEG that the plugins refuse", "RuntimeError: Unable to decode as exceptions were raised by all"),
)
ONLY_PYDICOM = (
    Sort("a codestream that is not the image, or of another transfer syntax", r"codestream (has|of)|no frame header"),
    # That JPEG-LS does not have all its samples is proved by the tests' reader.
    Sort(
        "JPEG-LS that ends early, which CharLS or pylibjpeg completes",
        r"found its end in line \d+|for the image's size",
    ),
    Sort("JPEG-LS with codes that no encoder writes", "for an error in RANGE|a run that passes the end of its line"),
    Sort("JPEG-LS with parameters out of range", r"SOS, scan \d+: `(NEAR|MAXVAL|T1, T2 or T3|RESET|interleave mode)`"),
    Sort(
        "a codestream that does not hold all its samples",
        r"`entropy-coded data`: found (its end|\d+ bytes)|`restart marker`: found|expected a scan|cannot hold \d+ sam|"
        r"scans of the codestream give|codestream is damaged|tile-part at byte|complete tiles|the codec for .* failed",
    ),
    Sort("a damaged JPEG codestream", r"Pixel Data, frame \d+, offset \d+: "),
    Sort("High Bit outside Bits Allocated", r"\(0028,0102\) High Bit: found .* which contradicts"),
    Sort("color terms with one sample", "Photometric Interpretation: found .* for one sample per pixel"),
    Sort("native pixel data of undefined length", "found an undefined length, expected a length in bytes"),
    Sort("YBR_FULL_422 in native form, other than the standard allows", "for YBR_FULL_422"),
    Sort("an RLE header that contradicts the image", "found -?[0-9]+ RLE segments|found RLE segment offset"),
    Sort("an item that ends after the value", "found an item of .* bytes, expected at most"),
    Sort(
        "no item where one must be", r"found tag .* expected an Item|found an item of undefined|found \d+ frames, expec"
    ),
    Sort("an offset table against the fragments", "fragments and no usable offset table|expected two lists of"),
    Sort("an item shorter than the Extended Offset Table says", "the RLE segment gives"),
    Sort("an encapsulated float", "expected an uncompressed one"),
    Sort("a data set that is not deflated, though the transfer syntax says so", "the deflated data set is damaged"),
    Sort("a number that is not an integer", "found '.*', expected one integer"),
    Sort("Bits Allocated that is not that of a float", "Bits Allocated: found .* for (Double )?Float Pixel Data"),
)


def sort_of(sorts: tuple[Sort, ...], error: BaseException, syntax: str = "", warned: list[str] | None = None) -> str:
    """The name of the first sort that a file belongs to, or an empty string."""
    text, warnings = f"{type(error).__name__}: {error}", "\n".join(warned or [])
    for sort in sorts:
        if syntax.endswith(sort.syntax) and re.search(sort.error, text) and re.search(sort.warned, warnings):
            return sort.name
    return ""


def encodings_differ(parsed: Any) -> bool:
    """Whether exactly one of the data set and its transfer syntax is in implicit VR."""
    data_set = None if parsed.is_dataset else parsed.dataset
    return data_set is not None and data_set.original_encoding[0] != BY_UID[parsed.transfer_syntax].is_implicit_vr
