"""The rule for stored bits: which bits of a sample are significant, and which one is the sign (PS3.5 8.1.1).

Bits above Bits Stored are unused in every transfer syntax: they are cleared, or, for signed samples, filled with bit
Bits Stored - 1. "P" is the precision of the codestream, "PR" Pixel Representation, "stored" Bits Stored.

====================== ============ ==============================================================================
form                   P            rule
====================== ============ ==============================================================================
native, RLE Lossless                the low Bits Stored bits, by PR
JPEG                   any          the same. The codestream is unsigned: a narrower sample is zero-extended
JPEG-LS                >= stored    the same
JPEG-LS                < stored     the low P bits, by PR: the codestream has no sign, and the words of signed samples
                                    are two's complement in P bits
JPEG XL                any          as for JPEG-LS; those of a recompressed JPEG codestream (P = 8) as for JPEG
JPEG 2000, HTJ2K       >= stored    the low Bits Stored bits, by PR
JPEG 2000, HTJ2K       < stored     the low P bits, by PR. If the codestream agrees with PR about the sign, these are
                                    the decoded values; otherwise the words are reinterpreted
====================== ============ ==============================================================================

pydicom's options disable the rule. With ``correct_unused_bits=False``, bits above Bits Stored stay, as far as the
codestream has them. With ``apply_jls_sign_correction=False`` and ``apply_j2k_sign_correction=False``, the words stay as
decoded.
"""

from collections.abc import Iterator

from dicomet._decoding.description import ImageDescription
from dicomet._native import Codestream
from dicomet._parsing.tags import BITS_ALLOCATED, BITS_STORED, PIXEL_REPRESENTATION


def container_bits(bits: int) -> int:
    """Return the size of the words in which decoders return samples of `bits` bits."""
    return next(size for size in (8, 16, 32, 64) if bits <= size)


def significant_bits(header: Codestream, description: ImageDescription) -> int | None:
    """Return the number of significant low bits of a decoded word; None if the words need no correction."""
    options, stored = description.options, description.image.bits_stored
    if _is_jpeg(header):
        return stored if options.correct_unused_bits else None
    corrected = {"JPEG-LS": options.apply_jls_sign_correction, "JPEG 2000": options.apply_j2k_sign_correction}
    if not corrected.get(header.family, True):
        return None
    return min(header.precision, stored) if options.correct_unused_bits else header.precision


def color_bits(header: Codestream, description: ImageDescription) -> int:
    """Return the bits of the samples of a color conversion, which sets the offset of chrominance (C.7.6.3.1.2)."""
    return min(header.precision, significant_bits(header, description) or header.precision)


def has_signed_words(header: Codestream, description: ImageDescription) -> bool:
    """Return whether decoded words that are narrower than those of the result are sign-extended."""
    return not _is_jpeg(header) and description.image.pixel_representation == 1


def _is_jpeg(header: Codestream) -> bool:
    """Return whether the samples are those of a JPEG codestream (ISO/IEC 10918-1)."""
    return header.family == "JPEG" or header.recompressed


def warnings(header: Codestream, description: ImageDescription) -> Iterator[str]:
    """Yield warnings about contradictions between codestream and data set that make the values ambiguous."""
    image = description.image
    stored, signed = image.bits_stored, image.pixel_representation == 1
    precision = header.precision
    narrower = container_bits(precision) < container_bits(image.bits_allocated)
    ambiguous = signed and header.family != "JPEG 2000"
    if precision < stored and (narrower or ambiguous):
        name = BITS_STORED.label
        yield f"{name}: found {stored}, expected the {precision} bits of the codestream: its samples have no more"
    elif narrower and _is_jpeg(header) and not header.lossless:
        name = BITS_ALLOCATED.label
        yield f"{name}: found {image.bits_allocated}, expected 8 for the {precision} bits of the codestream"
    if header.family == "JPEG 2000" and header.signed != signed:
        found, expected = ("signed", "unsigned") if signed else ("unsigned", "signed")
        yield (
            f"{PIXEL_REPRESENTATION.label}: found {int(signed)} ({found}), expected that of the codestream "
            f"({expected}): the sign is that of Pixel Representation"
        )
