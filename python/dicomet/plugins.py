"""pydicom's decoding plugins: their order, what each of them can decode, and whether it has decoded everything.

A frame goes to the first plugin of its transfer syntax that is installed and able to decode it. If this one refuses the
frame, no other is asked: the next one may be laxer, and complete a damaged frame with invented samples.
"""

import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
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

from dicomet._native import Codestream
from dicomet.description import Description
from dicomet.errors import PIXEL_DATA, PixelDataError
from dicomet.stored_bits import container_bits
from dicomet.transfer_syntax import name_of

# What pydicom's message begins with, in front of those of the plugins.
_ALL_FAILED = "Unable to decode as exceptions were raised by all available plugins:"
# Options that speak of the whole value, where a plugin is given one frame.
_NOT_OF_A_FRAME = frozenset({"number_of_frames", "extended_offsets", "transfer_syntax_uid", "high_bit", "use_pdh"})
# CharLS's words for bytes between the last sample and the end marker: padding, which changes no sample.
_EXCESS = (
    "the leading start byte (0xFF) for a JPEG marker was not found",
    "the decoding process is ready but the source buffer still contains",
)
_BITS = 8
_MOST_BITS = 16
_COLORS = 3


class Plugin(NamedTuple):
    """A plugin of pydicom, by its name there."""

    name: str
    requirement: str
    license: str


_GDCM = Plugin("gdcm", "python-gdcm>=3.0.10", "BSD-3-Clause")
_PILLOW = Plugin("pillow", "pillow>=10.0", "MIT-CMU")
_PYJPEGLS = Plugin("pyjpegls", "pyjpegls>=1.2", "MIT")
_LIBJPEG = Plugin("pylibjpeg", "pylibjpeg-libjpeg>=2.1", "GPL-3.0")
_OPENJPEG = Plugin("pylibjpeg", "pylibjpeg-openjpeg>=2.0", "MIT")


def groups(transfer_syntax: str) -> tuple[tuple[Plugin, ...], ...]:
    """Return all plugins for `transfer_syntax`: groups of equal values in pydicom's order, the fastest first in each.

    Milliseconds for 512 x 512 samples, one thread:

    ============= ==== ====== ======== ========= ================================================
    coding        gdcm pillow pyjpegls pylibjpeg values
    ============= ==== ====== ======== ========= ================================================
    JPEG, 8 bits  3.6  0.9             6.1       gdcm = pillow; pylibjpeg up to 5 levels apart
    JPEG Lossless 23                   35        equal
    JPEG-LS       24          17       84        equal
    JPEG 2000     97   103             101       equal where it is lossless; equally fast
    ============= ==== ====== ======== ========= ================================================
    """
    if transfer_syntax in {HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K}:
        return ((_OPENJPEG,),)
    if transfer_syntax in JPEG2000TransferSyntaxes:
        return ((_GDCM,), (_OPENJPEG,), (_PILLOW,))
    if transfer_syntax in JPEGLSTransferSyntaxes:
        return ((_PYJPEGLS, _GDCM, _LIBJPEG),)
    if transfer_syntax in {JPEGLossless, JPEGLosslessSV1}:
        return ((_GDCM, _LIBJPEG),)
    return ((_PILLOW, _GDCM), (_LIBJPEG,))


# The order in which pydicom asks its plugins. The first one that is installed decides which values come out.
_ORDER_OF_PYDICOM = ("gdcm", "pylibjpeg", "pillow", "pyjpegls")


def installed(transfer_syntax: str) -> list[str]:
    """Return the names of the installed plugins for `transfer_syntax`, in the order in which they are asked.

    The values are those of pydicom, which depend on what is installed; of plugins with equal values the faster is asked
    first. Plugins that the caller has added to pydicom's decoder come last.
    """
    available = get_decoder(transfer_syntax).available_plugins
    found = [[plugin.name for plugin in group if plugin.name in available] for group in groups(transfer_syntax)]
    found = sorted(filter(None, found), key=lambda names: min(map(_ORDER_OF_PYDICOM.index, names)))
    known = [name for names in found for name in names]
    return known + [name for name in available if name not in known]


def check_installed(transfer_syntax: str) -> None:
    """Raise `PixelDataError` where no plugin for `transfer_syntax` is installed."""
    if not get_decoder(transfer_syntax).is_available:
        raise PixelDataError(missing_plugin(transfer_syntax), element=PIXEL_DATA)


def missing_plugin(transfer_syntax: str) -> str:
    """Return the message that says which plugins decode `transfer_syntax`, and how to install them."""
    plugins = (plugin for group in groups(transfer_syntax) for plugin in group)
    ways = (f"{_installation(plugin)} (license: {plugin.license})" for plugin in plugins)
    return (
        f"{PIXEL_DATA}: the transfer syntax {name_of(transfer_syntax)} ({transfer_syntax}) needs a decoding plugin "
        f"that is not installed: {', or '.join(ways)}"
    )


def _installation(plugin: Plugin) -> str:
    packages = ["pylibjpeg>=2.0"] if plugin.name == "pylibjpeg" else []
    return "pip install " + " ".join(f'"{package}"' for package in [*packages, plugin.requirement])


class Samples(NamedTuple):
    """A decoded frame: its words, how they lie, and the plugin that has decoded it."""

    words: bytes | bytearray
    bits_allocated: int
    planar: bool
    plugin: str


class Frame(NamedTuple):
    """A frame to be decoded. `with_tail` returns its codestream with some more bytes of data in front of the end."""

    number: int
    header: Codestream
    with_tail: Callable[[bytes], bytes]


def decode(frame: Frame, description: Description, decoding_plugin: str) -> Samples:
    """Decode a frame, by `decoding_plugin` alone where it is given.

    Raises
    ------
    PixelDataError
        No plugin is able to decode the frame, or the one that is refuses it.

    """
    decoder = get_decoder(description.transfer_syntax)
    reasons = []
    for plugin in (decoding_plugin,) if decoding_plugin else installed(description.transfer_syntax):
        unable = _unable(plugin, frame.header, description.transfer_syntax)
        if unable is not None:
            reasons.append(f"{plugin}: {unable}")
            continue
        call = _Call(decoder, plugin, frame.header, description)
        try:
            samples = call(frame.with_tail(b""))
        except (MemoryError, AttributeError):
            raise
        except Exception as error:  # noqa: BLE001 - plugins raise anything
            reasons.append(" ".join(str(error).removeprefix(_ALL_FAILED).split()))
            if any(words in str(error) for words in _EXCESS):
                continue
            break
        if frame.header.family == "JPEG-LS" and _is_short(call, frame, samples.words):
            reasons.append(f"{plugin}: the codestream ends before its last sample")
            break
        return samples
    name = name_of(description.transfer_syntax)
    message = f"{PIXEL_DATA}, frame {frame.number}: the codec for {name} failed: {'; '.join(reasons)}"
    raise PixelDataError(message, element=PIXEL_DATA, frame=frame.number)


class _Quiet(logging.Filter):
    """Keeps the failures of probes, which are their expected outcome, out of pydicom's log."""

    def filter(self, _record: logging.LogRecord) -> bool:
        """Tell whether a record of this thread is to be logged."""
        return not _is_probing.get()


_is_probing: ContextVar[bool] = ContextVar("_is_probing", default=False)
logging.getLogger(get_decoder.__module__).addFilter(_Quiet())


class _Call(NamedTuple):
    """The call of one plugin, which is told what the codestream says of itself, in place of the data set."""

    decoder: Decoder
    plugin: str
    header: Codestream
    description: Description

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
        options = {name: value for name, value in self.description.options.items() if name not in _NOT_OF_A_FRAME}
        precision = self.header.precision
        options.update(
            bits_allocated=container_bits(precision),
            bits_stored=precision,
            pixel_representation=int(self.header.signed),
        )
        if options["samples_per_pixel"] == _COLORS:
            options["photometric_interpretation"] = "RGB"
        return options


# What the plugins do with colors. A frame of three components reaches them through `with_neutral_colors`: without JFIF
# and with an Adobe marker that says "no transform", or without JP2 boxes. They return then
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
# Left alone, Pillow converts by the Adobe marker and fails for identifiers "R", "G", "B", GDCM ends the process for an
# Adobe transform of 2, and Pillow and pylibjpeg convert JPEG 2000 in JP2 boxes that say sYCC.


def _unable(plugin: str, header: Codestream, transfer_syntax: str) -> str | None:
    """Return why `plugin` cannot decode such a codestream, or would return wrong samples; None where it can."""
    return next(_limits(plugin, header, transfer_syntax), None)


def _limits(plugin: str, header: Codestream, transfer_syntax: str) -> Iterator[str]:
    if header.family == "JPEG":
        yield from _limits_of_jpeg(plugin, header)
    elif header.family == "JPEG-LS":
        yield from _limits_of_jpeg_ls(plugin, header, near=transfer_syntax == JPEGLSNearLossless)
    elif plugin == "pillow":
        if header.is_subsampled:
            yield "misplaces the samples of subsampled components"
        if header.precision > (_BITS if len(header.sampling) > 1 else _MOST_BITS):
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


# The codes of JPEG-LS depend on the samples before them, so that only a decoder finds the end of the last one. To learn
# whether it has, decode again with these bytes behind the data.
#
# pyjpegls may accept a codestream whose last byte is missing, and read zeros in its place. It then accepts a byte of
# zeros as well, but no byte at all behind a complete codestream. GDCM, with an older CharLS, does the same, but accepts
# zeros behind a complete codestream; of the bytes with one bit set it accepts none there, and at least one where the
# last byte is missing. pylibjpeg fills in whatever is missing, and reads whatever is there. All of this was measured on
# cuts of some 400 codestreams.
_PROBES = {
    "pyjpegls": (b"\x00",),
    "gdcm": tuple(bytes([1 << bit]) for bit in range(7, -1, -1)),
    # First bits that differ, also behind FF, where the highest bit of a byte is not data (14495-1 A.1).
    "pylibjpeg": (b"\x00" * 24, b"\x7f" * 24, b"\xaa" * 24),
}


def _is_short(call: _Call, frame: Frame, words: bytes | bytearray) -> bool:
    """Tell whether a JPEG-LS codestream that `call` has decoded ends before its last sample."""
    for probe in _PROBES.get(call.plugin, ()):
        accepted = _probed(call, frame.with_tail(probe))
        if call.plugin == "pylibjpeg" and accepted != words:
            return True
        if call.plugin != "pylibjpeg" and accepted is not None:
            return True
    return False


def _probed(call: _Call, codestream: bytes) -> bytes | None:
    """Return what `call` makes of `codestream`; None where it refuses it."""
    token = _is_probing.set(True)
    try:
        return bytes(call(codestream).words)
    except (MemoryError, AttributeError):
        raise
    except Exception:  # noqa: BLE001 - plugins raise anything
        return None
    finally:
        _is_probing.reset(token)
