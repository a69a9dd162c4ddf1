"""Which of pydicom's plugins for codestreams would decode, and for which frames dicomet has the same values.

Lossless frames have the same values everywhere, except where a plugin is wrong. For lossy ones, ISO/IEC 10918-1 leaves
some freedom: pylibjpeg has other values than dicomet; whether Pillow and GDCM have the same is tested once for each
combination of sampling factors, because it depends on the version of libjpeg that they contain.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

from pydicom.pixels.decoders import base, gdcm, pillow, pyjpegls, pylibjpeg
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

from dicomet._decoding.color_rule import Components, decide
from dicomet._decoding.stored_bits import container_bits
from dicomet._native import Codestream
from dicomet._parsing.transfer_syntax import JPEG
from dicomet.dropin import pydicom_plugin, same_jpeg_2000, same_jpeg_ls
from dicomet.dropin.codestream_codec import decode_words
from dicomet.dropin.jpeg_probe import probe
from dicomet.dropin.jpeg_segments import Segments, UnusualFrameError, read_segments, why_lossless_differs
from dicomet.dropin.shape import CodecName, Declined, Shape

Plugin = Literal["gdcm", "pillow", "pyjpegls", "pylibjpeg", "dicomet"]

LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
LOSSLESS = frozenset({JPEGLossless, JPEGLosslessSV1})
FUNCTIONS: dict[Callable[..., Any], Plugin] = {
    gdcm._decode_frame: "gdcm",  # noqa: SLF001
    pillow._decode_frame: "pillow",  # noqa: SLF001
    pyjpegls._decode_frame: "pyjpegls",  # noqa: SLF001
    pylibjpeg._decode_frame: "pylibjpeg",  # noqa: SLF001
    pydicom_plugin.decode_frame: "dicomet",
}
# Plugins that return bytes, which pydicom copies if it iterates over frames, and not a bytearray.
RETURN_BYTES = frozenset({"gdcm", "pillow"})
BITS = 8
COLORS = 3
# Rows and columns of probes: several blocks that are not whole, and the sizes for which libjpeg does not interpolate.
PROBE_SIZES = ((35, 45), (1, 1), (5, 3), (2, 17))


class Coder(NamedTuple):
    """How frames are coded, and for codestreams the plugin whose result must be reproduced."""

    codec: CodecName
    transfer_syntax: str
    plugin: Plugin | None = None


def plugin_of(decoder: base.Decoder, decoding_plugin: str) -> Plugin:
    """Return the plugin that pydicom asks first."""
    # `available_plugins` does not show the order. dicomet's own plugin is the last one, and hidden unless it is named
    # or the only one.
    available = decoder._available  # noqa: SLF001
    chosen = decoding_plugin or next(iter(available), "")
    plugin = FUNCTIONS.get(available[chosen]) if chosen in available else None
    if plugin is None:
        raise Declined("a plugin that dicomet does not know, or that is not available")
    return plugin


def check_plugin(coder: Coder, shape: Shape) -> None:
    """Raise `Declined` for images that the plugin refuses."""
    if coder.codec == "JPEG-LS":
        same_jpeg_ls.check_plugin(coder.plugin or "", shape)
        return
    if coder.codec == "JPEG 2000":
        same_jpeg_2000.check_plugin(coder.plugin or "", shape)
        return
    if coder.plugin == "gdcm" and shape.bits_stored < BITS:
        raise Declined("JPEG of less than 8 bits stored, with GDCM")
    if coder.transfer_syntax == JPEGExtended12Bit and coder.plugin in RETURN_BYTES and shape.bits_stored != BITS:
        raise Declined("JPEG Extended of other than 8 bits stored, which pydicom passes on from plugin to plugin")


def check_frame(frame: bytes | memoryview, header: Codestream, shape: Shape, coder: Coder) -> None:
    """Raise `Declined` for a frame whose values may not be those of the plugin."""
    if coder.codec == "JPEG-LS":
        same_jpeg_ls.check_frame(frame, header, shape, coder.transfer_syntax)
        _check_samples(header, shape, coder)
    elif coder.codec == "JPEG 2000":
        _check_precision(header, shape, coder)
        same_jpeg_2000.check_frame(frame, header, shape, coder.transfer_syntax, coder.plugin or "")
        _check_silent(shape, coder.plugin)
    else:
        _check_jpeg(frame, header, shape, coder)


def _check_samples(header: Codestream, shape: Shape, coder: Coder) -> None:
    _check_precision(header, shape, coder)
    if shape.samples_per_pixel == COLORS:
        _check_colors(header, shape, coder)


def _check_precision(header: Codestream, shape: Shape, coder: Coder) -> None:
    if container_bits(header.precision) != shape.bits_allocated:
        raise Declined(f"{coder.codec} whose precision is not that of Bits Allocated")


def _check_jpeg(frame: bytes | memoryview, header: Codestream, shape: Shape, coder: Coder) -> None:
    try:
        segments = read_segments(frame)
    except UnusualFrameError as unusual:
        raise Declined(str(unusual)) from None
    if header.unsupported or header.lossless != (coder.transfer_syntax in LOSSLESS):
        raise Declined("a JPEG process that is not that of the transfer syntax")
    _check_samples(header, shape, coder)
    if header.lossless:
        _check_lossless(segments, header, shape)
    else:
        _check_lossy(header, shape, coder.plugin)


def _check_colors(header: Codestream, shape: Shape, coder: Coder) -> None:
    """Leave all frames to pydicom for which it changes Photometric Interpretation, or a plugin converts the colors."""
    color = decide(shape.photometric_interpretation, COLORS, header)
    # pydicom takes these identifiers before JFIF.
    has_rgb_ids = bytes(header.component_ids) in {b"RGB", b"rgb"} and shape.photometric_interpretation != "RGB"
    if has_rgb_ids or color.contradiction or color.components not in (Components.RGB, Components.YCBCR):
        raise Declined(f"{coder.codec} colors that are not those of Photometric Interpretation")
    if coder.codec == "JPEG-LS" and (header.jfif or header.adobe_transform is not None or header.hp_transform):
        raise Declined("a JPEG-LS frame with a marker about its colors")
    if header.adobe_transform or (header.adobe_transform == 0 and header.jfif):
        raise Declined("a JPEG frame with an Adobe marker for converted colors")
    if coder.plugin == "pillow" and header.component_ids[0] in b"Rr":
        raise Declined("JPEG components with the identifiers R, G and B, with Pillow")


def _check_lossless(segments: Segments, header: Codestream, shape: Shape) -> None:
    reason = why_lossless_differs(segments, header, shape.columns)
    if reason:
        raise Declined(reason)


def _check_lossy(header: Codestream, shape: Shape, plugin: Plugin | None) -> None:
    if plugin in (None, "dicomet"):
        return
    if plugin == "pylibjpeg":
        raise Declined("lossy JPEG, for which pylibjpeg has other values")
    if header.precision != BITS:
        raise Declined("lossy JPEG of more than 8 bits")
    _check_silent(shape, plugin)
    if not has_same_values(plugin, tuple(header.sampling)):
        raise Declined("lossy JPEG, for which the plugin has other values")


def _check_silent(shape: Shape, plugin: Plugin | None) -> None:
    if plugin == "pillow" and not _is_silent(shape):
        raise Declined("an image about whose size Pillow warns")


def _is_silent(shape: Shape) -> bool:
    """Return whether Pillow opens an image of this size without a warning or an error."""
    from PIL import Image  # noqa: PLC0415 - optional

    limit = Image.MAX_IMAGE_PIXELS
    return limit is None or shape.rows * shape.columns <= limit


@cache
def has_same_values(plugin: Plugin, sampling: tuple[tuple[int, int], ...]) -> bool:
    """Return whether a plugin has the values of dicomet for 8-bit frames with these sampling factors."""
    function = next(function for function, name in FUNCTIONS.items() if name == plugin)
    try:
        return all(_agrees(function, size, sampling) for size in PROBE_SIZES)
    except Exception:  # noqa: BLE001 - plugins raise anything
        return False


def _agrees(function: Callable[..., Any], size: tuple[int, int], sampling: tuple[tuple[int, int], ...]) -> bool:
    stream = probe(*size, sampling)
    runner = base.DecodeRunner(JPEGBaseline8Bit)
    description = {"rows": size[0], "columns": size[1], "samples_per_pixel": len(sampling)}
    options: dict[str, Any] = {
        **description,
        "bits_allocated": BITS,
        "bits_stored": BITS,
        "pixel_representation": 0,
        "planar_configuration": 0,
        "number_of_frames": 1,
        "photometric_interpretation": "YBR_FULL_422" if len(sampling) == COLORS else "MONOCHROME2",
    }
    runner.set_options(**options)
    words, warnings = decode_words(stream, JPEG.name, **description)
    return not warnings and bytes(function(stream, runner)) == words
