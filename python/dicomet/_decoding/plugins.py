"""pydicom's decoding plugins: their order and their limits.

A frame goes to the first plugin for its transfer syntax that is installed and able to decode it. If that plugin refuses
the frame, no other one is tried: a less strict one may invent the missing samples of a malformed frame.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    HTJ2K,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSNearLossless,
    JPEGLSTransferSyntaxes,
)

from dicomet._decoding.description import ImageDescription
from dicomet._decoding.stored_bits import container_bits
from dicomet._native import Codestream
from dicomet._parsing.tags import PIXEL_DATA
from dicomet._parsing.transfer_syntax import BUILT_IN, BY_UID, CODECS, JPEG_LS, name_of
from dicomet.errors import PixelDataError

# The beginning of pydicom's message, before the messages of the plugins.
_ALL_FAILED = "Unable to decode as exceptions were raised by all available plugins:"
_BITS = 8
_MAX_BITS = 16
_COLORS = 3


class Plugin(NamedTuple):
    """A plugin: its name in pydicom, the requirement to install it, and its license."""

    name: str
    requirement: str
    license: str


_GDCM = Plugin("gdcm", "python-gdcm>=3.0.10", "BSD-3-Clause")
_PILLOW = Plugin("pillow", "pillow>=10.0", "MIT-CMU")
_PYJPEGLS = Plugin("pyjpegls", "pyjpegls>=1.2", "MIT")
_LIBJPEG = Plugin("pylibjpeg", "pylibjpeg-libjpeg>=2.1", "GPL-3.0")
_OPENJPEG = Plugin("pylibjpeg", "pylibjpeg-openjpeg>=2.0", "MIT")


def _of_pydicom(transfer_syntax: str) -> str:
    """Return the transfer syntax whose plugins decode `transfer_syntax`: pydicom has none for retired ones."""
    return BY_UID[transfer_syntax].plugin_syntax or transfer_syntax


def _decoder(transfer_syntax: str) -> Decoder:
    """Return pydicom's decoder whose plugins decode `transfer_syntax`."""
    return get_decoder(_of_pydicom(transfer_syntax))


def groups(transfer_syntax: str) -> tuple[tuple[Plugin, ...], ...]:
    """Return all plugins for `transfer_syntax`: groups of equal values in pydicom's order, the fastest first in each.

    Milliseconds for 512 x 512 samples, one thread:

    ============= ==== ====== ======== ========= ================================================
    codec         gdcm pillow pyjpegls pylibjpeg values
    ============= ==== ====== ======== ========= ================================================
    JPEG, 8 bits  3.6  0.9             6.1       gdcm = pillow; pylibjpeg others
    JPEG Lossless 23                   35        equal
    JPEG-LS       24          17       84        equal
    JPEG 2000     97   103             101       equal where it is lossless; equally fast
    ============= ==== ====== ======== ========= ================================================
    """
    unable = _unable_for(transfer_syntax)
    able = (tuple(plugin for plugin in group if plugin.name not in unable) for group in _groups(transfer_syntax))
    return tuple(filter(None, able))


def _groups(transfer_syntax: str) -> tuple[tuple[Plugin, ...], ...]:
    transfer_syntax = _of_pydicom(transfer_syntax)
    if transfer_syntax in {HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K}:
        return ((_OPENJPEG,),)
    if transfer_syntax in JPEG2000TransferSyntaxes:
        return ((_GDCM,), (_OPENJPEG,), (_PILLOW,))
    if transfer_syntax in JPEGLSTransferSyntaxes:
        return ((_PYJPEGLS, _GDCM, _LIBJPEG),)
    if transfer_syntax in {JPEGLossless, JPEGLosslessSV1}:
        return ((_GDCM, _LIBJPEG),)
    return ((_PILLOW, _GDCM), (_LIBJPEG,))


# Kinds of JPEG that dicomet does not decode, and the plugins that do not either.
_UNABLE = {"arithmetic coding": {"gdcm"}, "the hierarchical mode": {"gdcm", "pillow"}}
# CharLS, which both of them contain, decodes no kind of JPEG-LS that dicomet does not decode.
_UNABLE_OF_JPEG_LS = {"gdcm", "pyjpegls"}


def _unable_to_decode(unsupported: str, transfer_syntax: str) -> set[str]:
    """Return the plugins that do not decode what dicomet does not decode either."""
    is_jpeg_ls = unsupported and CODECS[transfer_syntax] is JPEG_LS
    return _UNABLE_OF_JPEG_LS if is_jpeg_ls else _UNABLE.get(unsupported, set())


def _unable_for(transfer_syntax: str) -> set[str]:
    return _unable_to_decode(CODECS[transfer_syntax].process, transfer_syntax)


# The order in which pydicom asks its plugins. The first one that is installed decides which values come out.
_ORDER_OF_PYDICOM = ("gdcm", "pylibjpeg", "pillow", "pyjpegls")


def installed(transfer_syntax: str, unsupported: str | None = None) -> list[str]:
    """Return the names of the installed plugins for `transfer_syntax`, in the order in which they are tried.

    The values are those of pydicom, which depend on what is installed; of plugins with equal values the faster is asked
    first. Plugins that the caller has added to pydicom's decoder come last. `unsupported`: a kind of codestream that
    dicomet does not decode; only the plugins that may decode it count.
    """
    # Under `install`, pydicom knows dicomet as a plugin, too.
    excluded = {BUILT_IN, *_unable_for(transfer_syntax)}
    if unsupported:
        excluded |= _unable_to_decode(unsupported, transfer_syntax)
    available = [name for name in _decoder(transfer_syntax).available_plugins if name not in excluded]
    found = [[plugin.name for plugin in group if plugin.name in available] for group in groups(transfer_syntax)]
    found = sorted(filter(None, found), key=lambda names: min(map(_ORDER_OF_PYDICOM.index, names)))
    known = [name for names in found for name in names]
    return known + [name for name in available if name not in known]


def check_installed(transfer_syntax: str) -> None:
    """Raise `PixelDataError` if no plugin for `transfer_syntax` is installed."""
    if not installed(transfer_syntax):
        raise PixelDataError(missing_plugin(transfer_syntax), element=PIXEL_DATA.label)


def missing_plugin(transfer_syntax: str) -> str:
    """Return the message that says which plugins decode `transfer_syntax`, and how to install them."""
    plugins = (plugin for group in groups(transfer_syntax) for plugin in group)
    ways = (f"{_installation(plugin)} (license: {plugin.license})" for plugin in plugins)
    return (
        f"{PIXEL_DATA.label}: the transfer syntax {name_of(transfer_syntax)} ({transfer_syntax}) needs a decoding "
        f"plugin that is not installed: {', or '.join(ways)}"
    )


def _installation(plugin: Plugin) -> str:
    packages = ["pylibjpeg>=2.0"] if plugin.name == "pylibjpeg" else []
    return "pip install " + " ".join(f'"{package}"' for package in [*packages, plugin.requirement])


def missing_plugin_for(
    unsupported: str, transfer_syntax: str, needed: str = "a decoding plugin that is not installed"
) -> str:
    """Return the message that says which plugins decode a kind of codestream that dicomet does not decode."""
    able = [plugin for group in groups(transfer_syntax) for plugin in group]
    able = [plugin for plugin in able if plugin.name not in _unable_to_decode(unsupported, transfer_syntax)]
    ways = ", or ".join(f"{_installation(plugin)} (license: {plugin.license})" for plugin in able)
    return f"found {unsupported}, which dicomet does not decode: it needs {needed}: {ways}"


def check_able(index: int, unsupported: str, transfer_syntax: str, decoding_plugin: str) -> None:
    """Raise `PixelDataError` if no installed plugin may decode a kind of codestream that dicomet does not decode.

    Only the installation counts: a plugin that is not able to decode the frame says why.
    """
    known = {plugin.name for group in groups(transfer_syntax) for plugin in group}
    is_able = not known.isdisjoint(installed(transfer_syntax, unsupported))
    if decoding_plugin != BUILT_IN and (decoding_plugin or is_able):
        return
    needed = {"needed": "another decoding plugin"} if decoding_plugin else {}
    place = f"{PIXEL_DATA.label}, frame {index}"
    message = f"{place}: {missing_plugin_for(unsupported, transfer_syntax, **needed)}"
    raise PixelDataError(message, element=PIXEL_DATA.label, frame=index)


class Samples(NamedTuple):
    """A decoded frame: its words, their layout, and the plugin that has decoded it."""

    words: bytes | bytearray
    bits_allocated: int
    planar: bool
    plugin: str


class Frame(NamedTuple):
    """A frame to decode. `unsupported`: what keeps dicomet from decoding it."""

    number: int
    header: Codestream
    unsupported: str | None
    codestream: bytes


def decode(frame: Frame, description: ImageDescription, decoding_plugin: str) -> Samples:
    """Decode a frame. If `decoding_plugin` is not empty, no other plugin is tried.

    Raises
    ------
    PixelDataError
        No plugin is able to decode the frame, or the plugin refuses it.

    """
    decoder = _decoder(description.transfer_syntax)
    reasons = []
    tried = [decoding_plugin] if decoding_plugin else installed(description.transfer_syntax, frame.unsupported)
    for plugin in tried:
        unable = _unable(plugin, frame, description.transfer_syntax)
        if unable is not None:
            reasons.append(f"{plugin}: {unable}")
            continue
        call = _Call(decoder, plugin, frame.header, description)
        try:
            return call(frame.codestream)
        except (MemoryError, AttributeError):
            raise
        except Exception as error:  # noqa: BLE001 - plugins raise anything
            reasons.append(" ".join(str(error).removeprefix(_ALL_FAILED).split()))
            break
    name = name_of(description.transfer_syntax)
    message = f"{PIXEL_DATA.label}, frame {frame.number}: the codec for {name} failed: {'; '.join(reasons)}"
    raise PixelDataError(message, element=PIXEL_DATA.label, frame=frame.number)


class _Call(NamedTuple):
    """The call of one plugin, with bits and sign of the codestream instead of those of the data set."""

    decoder: Decoder
    plugin: str
    header: Codestream
    description: ImageDescription

    def __call__(self, codestream: bytes) -> Samples:
        words, properties = self.decoder.as_buffer(
            encapsulate([codestream], has_bot=False),
            index=0,
            validate=False,
            decoding_plugin=self.plugin,
            number_of_frames=1,
            **self._options(),
        )
        planar = properties.get("planar_configuration", 0) == 1
        return Samples(words, int(properties["bits_allocated"]), planar, self.plugin)  # type: ignore[arg-type]

    def _options(self) -> dict[str, Any]:
        image, options, precision = self.description.image, self.description.options, self.header.precision
        is_color = image.samples_per_pixel == _COLORS
        return {
            **options.plugin_options,
            "apply_jls_sign_correction": options.apply_jls_sign_correction,
            "apply_j2k_sign_correction": options.apply_j2k_sign_correction,
            "rows": image.rows,
            "columns": image.columns,
            "samples_per_pixel": image.samples_per_pixel,
            "photometric_interpretation": "RGB" if is_color else image.photometric_interpretation,
            # The codestream states how its components are ordered, and Planar Configuration is irrelevant (PS3.5 8.2.1,
            # 8.2.3, 8.2.4). Decoders return samples color-by-pixel, unless a plugin reports another order.
            "planar_configuration": 0,
            "bits_allocated": container_bits(precision),
            "bits_stored": precision,
            "pixel_representation": int(self.header.signed),
        }


# The colors that plugins return. Frames with three components pass through `with_neutral_colors` first: without JFIF,
# and with an Adobe marker that says "no transform", or without JP2 boxes. The plugins then return
#
# ========== ====================== ======================== =========================================================
# plugin     JPEG                   JPEG-LS                  JPEG 2000 (always after the inverse component transform)
# ========== ====================== ======================== =========================================================
# pylibjpeg  components             components, without the  components; RGB for chrominance of half width, with or
#                                   inverse HP transform     without half height (OpenJPEG's integers, exact to 1)
# pillow     components                                      components; misplaced samples if they are subsampled
# gdcm       components             components               components; an error if they are subsampled
# pyjpegls                          components
# ========== ====================== ======================== =========================================================
#
# Without that step, Pillow converts by the Adobe marker and fails for identifiers "R", "G", "B", GDCM ends the process
# for an Adobe transform of 2, and Pillow and pylibjpeg convert JPEG 2000 in JP2 boxes that say sYCC.


def _unable(plugin: str, frame: Frame, transfer_syntax: str) -> str | None:
    """Return why `plugin` cannot decode such a codestream, or would return wrong samples; None if it can decode it."""
    if frame.unsupported and plugin in _unable_to_decode(frame.unsupported, transfer_syntax):
        return f"does not decode {frame.unsupported}"
    return next(_limits(plugin, frame.header, transfer_syntax), None)


def _limits(plugin: str, header: Codestream, transfer_syntax: str) -> Iterator[str]:
    if header.family == "JPEG":
        yield from _limits_of_jpeg(plugin, header)
    elif header.family == "JPEG-LS":
        yield from _limits_of_jpeg_ls(plugin, header, near=transfer_syntax == JPEGLSNearLossless)
    elif plugin == "gdcm" and header.is_subsampled:
        yield "does not decode subsampled components of JPEG 2000"
    elif plugin == "pillow":
        if header.is_subsampled:
            yield "misplaces the samples of subsampled components"
        if header.precision > (_BITS if len(header.sampling) > 1 else _MAX_BITS):
            yield f"does not decode JPEG 2000 of {header.precision} bits in {len(header.sampling)} components"


def _limits_of_jpeg(plugin: str, header: Codestream) -> Iterator[str]:
    if plugin in {"gdcm", "pillow"} and not header.lossless and header.precision > _BITS:
        yield "decodes lossy JPEG of 8 bits only"
    if plugin == "pillow" and header.lossless:
        yield "does not decode lossless JPEG"
    if plugin == "gdcm" and header.lossless and header.precision < _BITS:
        yield "ends the process for lossless JPEG of less than 8 bits"


def _limits_of_jpeg_ls(plugin: str, header: Codestream, *, near: bool) -> Iterator[str]:
    if plugin == "pylibjpeg" and header.hp_transform:
        yield f"does not invert the HP color transform {header.hp_transform}"
    if plugin == "gdcm" and (header.precision in {6, 7} or (near and header.precision < _BITS)):
        yield f"does not decode JPEG-LS of {header.precision} bits"
