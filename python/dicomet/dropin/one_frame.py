"""The image that a decoding plugin gets: one frame. Imports nothing from pydicom, which may be importing this."""

from dicomet._native import Image


def one_frame(rows: int, columns: int, samples_per_pixel: int, bits_allocated: int, *, signed: bool = False) -> Image:
    """Return the description of one frame of samples, whose bits are all stored.

    Raises
    ------
    PixelDataError
        A value is not allowed.

    """
    return Image(
        rows=rows,
        columns=columns,
        samples_per_pixel=samples_per_pixel,
        number_of_frames=1,
        bits_allocated=bits_allocated,
        bits_stored=bits_allocated,
        high_bit=None,
        pixel_representation=int(signed),
        planar_configuration=0,
        photometric_interpretation="MONOCHROME2" if samples_per_pixel == 1 else "RGB",
        keyword="PixelData",
    )
