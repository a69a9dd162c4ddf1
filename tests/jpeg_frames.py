"""Lossless JPEG frames with every choice that ISO/IEC 10918-1 H leaves to an encoder, and images around JPEG frames."""

import struct

import codestreams
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

PREDICTORS = {
    1: lambda a, b, c: a,  # noqa: ARG005
    2: lambda a, b, c: b,  # noqa: ARG005
    3: lambda a, b, c: c,  # noqa: ARG005
    4: lambda a, b, c: a + b - c,
    5: lambda a, b, c: a + ((b - c) >> 1),
    6: lambda a, b, c: b + ((a - c) >> 1),
    7: lambda a, b, c: (a + b) >> 1,  # noqa: ARG005
}


def lossless(  # noqa: PLR0913
    samples: np.ndarray,
    bits: int,
    *,
    predictor: int = 1,
    point_transform: int = 0,
    restart: int = 0,
    segments: bytes = b"",
    ids: tuple[int, ...] = (1, 2, 3),
    interleaved: bool = True,
    before_end: bytes = b"",
) -> bytes:
    """A lossless JPEG of samples of shape ``(rows, columns, components)``. `restart`: rows of a restart interval."""
    rows, columns, count = samples.shape
    shifted = samples.astype(int) >> point_transform
    groups = [[*range(count)]] if interleaved else [[component] for component in range(count)]
    parts = []
    for group in groups:
        data, writer = b"", codestreams.BitWriter()
        for row in range(rows):
            first = row if restart == 0 else row % restart
            if row and first == 0:
                data += writer.stuffed() + bytes([0xFF, 0xD0 + (row // restart - 1) % 8])
                writer = codestreams.BitWriter()
            for column in range(columns):
                for component in group:
                    plane = shifted[..., component]
                    predicted = 1 << (bits - point_transform - 1)
                    if column and first:
                        a, b, c = plane[row, column - 1], plane[row - 1, column], plane[row - 1, column - 1]
                        predicted = PREDICTORS[predictor](a, b, c)
                    elif column:
                        predicted = plane[row, column - 1]
                    elif first:
                        predicted = plane[row - 1, 0]
                    difference = (int(plane[row, column]) - int(predicted) + 0x8000) % 0x10000 - 0x8000
                    writer.category(0x8000 if difference == -0x8000 else difference)
        header = codestreams.scan_header(
            [ids[component] for component in group], bytes([predictor, 0, point_transform])
        )
        parts.append(header + data + writer.stuffed() + before_end)
    interval = codestreams.segment(0xDD, struct.pack(">H", restart * columns)) if restart else b""
    frame = codestreams.frame_header(0xC3, bits, (rows, columns), ids[:count], [(1, 1)] * count)
    table = codestreams.five_bit_table(0, 17)
    return b"".join([b"\xff\xd8", segments, frame, table, interval, *parts, b"\xff\xd9"])


def image(syntax: UID, frames: list[bytes], shape: tuple[int, int, int], bits: int, **elements: object) -> Dataset:
    """A data set of these frames, of shape ``(rows, columns, components)``."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns, ds.SamplesPerPixel = shape
    ds.PhotometricInterpretation = "MONOCHROME2"
    if ds.SamplesPerPixel == 3:
        ds.PhotometricInterpretation = "RGB"
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    for name, value in elements.items():
        setattr(ds, name, value)
    return ds
