"""Images for the tests of `open`, of `workers` and of prefetching."""

import files
import numpy as np
import oracle
from oracle import Image
from pydicom.uid import RLELossless
from small_images import DATA, IMAGE, rle

CASES = [
    case
    for case in files.cases()
    if case.expected.file in (files.EQUAL, files.ONLY) and not case.expected.transfer_syntax
]


INPUTS = {
    "native": DATA,
    "RLE": rle(IMAGE),
    "RLE without a table": rle(IMAGE, table=False),
    "one frame": oracle.dicom_file(
        oracle.elements(Image(IMAGE.values[:1], 16, 12), oracle.native(Image(IMAGE.values[:1], 16, 12)), "OW")
    ),
}


def large(frames: int) -> bytes:
    """An image worth several threads, with 12 bits of 16."""
    values = (np.arange(frames * 512 * 500) % 4093).astype(np.uint16).reshape(frames, 512, 500, 1)
    image = Image(values, 16, 12, garbage=0xF000)
    return oracle.dicom_file(oracle.elements(image, oracle.native(image), "OW"))


def slow_to_decode(frames: int) -> bytes:
    """Literal runs of one byte each."""
    pixels = 512 * 512
    segment = np.stack([np.zeros(pixels, np.uint8), np.arange(pixels, dtype=np.uint8)], axis=1).tobytes()
    value = oracle.encapsulated([oracle.fragments(oracle.rle_frame([segment]), [])] * frames, table=False)
    image = Image(np.broadcast_to(np.uint8(0), (frames, 512, 512, 1)), 8, 8)
    return oracle.dicom_file(oracle.elements(image, value, "OB"), RLELossless)


class Alarm(Exception):  # noqa: N818 - a signal, not an error
    """What the handler raises."""
