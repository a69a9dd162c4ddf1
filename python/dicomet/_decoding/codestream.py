"""How the samples of a codestream become those of the result, regardless of the decoder."""

from typing import NamedTuple

from dicomet._decoding import stored_bits
from dicomet._decoding.color_rule import Conversion
from dicomet._decoding.description import ImageDescription
from dicomet._native import Codestream, Decoder
from dicomet._parsing.tags import PIXEL_DATA
from dicomet._parsing.transfer_syntax import JPEG_2000, JPEG_XL_RECOMPRESSION, name_of

_NOT_RECONSTRUCTED = (
    f"{PIXEL_DATA.label}: found a codestream without the data to reconstruct the JPEG codestream, expected it for "
    f"{name_of(JPEG_XL_RECOMPRESSION)}: the samples are those of JPEG XL, which differ from those of a JPEG decoder"
)


class Decoding(NamedTuple):
    """How consecutive frames are decoded.

    Attributes
    ----------
    decoder : Decoder
        The decoder of the frames.
    codec : str or Codestream
        The name of the codec; for codestreams the header that these frames have.
    warnings : list of str
        Warnings about the colors and bits.

    """

    decoder: Decoder
    codec: "str | Codestream"
    warnings: list[str]


def codestream_decoding(header: Codestream, description: ImageDescription) -> Decoding:
    """Return how dicomet decodes the codestreams with this header.

    Raises
    ------
    PixelDataError
        The colors cannot be converted as the caller requires.

    """
    color = description.decide_color(header)
    color_warning = description.color_warning(color)
    decoder = words_decoder(
        header,
        description,
        bits_allocated=stored_bits.container_bits(header.precision),
        planar=False,
        conversion=description.conversion(color.components),
    )
    decoder = _with_jpeg_2000_options(decoder, header, description)
    warnings = [color_warning] if color_warning else []
    if description.transfer_syntax == JPEG_XL_RECOMPRESSION and not header.recompressed:
        warnings.append(_NOT_RECONSTRUCTED)
    return Decoding(decoder, header, [*warnings, *stored_bits.warnings(header, description)])


def _with_jpeg_2000_options(decoder: Decoder, header: Codestream, description: ImageDescription) -> Decoder:
    reduce, on_truncation = description.reduce, description.options.on_truncation
    if header.family != JPEG_2000.name or (not reduce and on_truncation == "error"):
        return decoder
    return decoder.with_jpeg_2000_options(reduce=reduce, on_truncation=on_truncation)


def words_decoder(
    header: Codestream,
    description: ImageDescription,
    *,
    bits_allocated: int,
    planar: bool,
    conversion: Conversion | None,
) -> Decoder:
    """Return the decoder that turns the words of a codestream's samples into samples of the result.

    Parameters
    ----------
    header : Codestream
        The header of the codestream.
    description : ImageDescription
        The description of the image.
    bits_allocated : int
        The size of the words.
    planar : bool
        Whether the words are ordered by component.
    conversion : str, optional
        The color conversion.

    """
    return Decoder.for_codec_output(
        description.image,
        bits_allocated=bits_allocated,
        planar=planar,
        significant_bits=stored_bits.significant_bits(header, description),
        conversion=conversion,
        color_bits=stored_bits.color_bits(header, description),
        signed=stored_bits.has_signed_words(header, description),
    )
