"""Data sets for the tests of `install`, and what `install` replaces in pydicom."""

import os
import subprocess
import sys

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import get_decoder, get_encoder, processing, utils
from pydicom.pixels.common import CoderBase
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

JPEG_SYNTAXES = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
JPEG_LS_SYNTAXES = (JPEGLSLossless, JPEGLSNearLossless)
PART_1_SYNTAXES = (JPEG2000Lossless, JPEG2000)
HTJ2K_SYNTAXES = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
JPEG_2000_SYNTAXES = (*PART_1_SYNTAXES, *HTJ2K_SYNTAXES)

EXCHANGED = (
    (Dataset, "convert_pixel_data"),
    (Decoder, "as_array"),
    (Decoder, "iter_array"),
    (CoderBase, "_validate_plugins"),
    (processing, "_convert_YBR_FULL_to_RGB"),
    (processing, "_convert_RGB_to_YBR_FULL"),
    (utils, "_array_common"),
)


def functions() -> list:
    return [getattr(owner, name) for owner, name in EXCHANGED]


def plugins() -> list:
    syntaxes = (RLELossless, *JPEG_SYNTAXES, *JPEG_LS_SYNTAXES, *JPEG_2000_SYNTAXES)
    coders = [get_encoder(RLELossless), *map(get_decoder, syntaxes)]
    return [list(coder._available) for coder in coders]


def dataset(values: np.ndarray, photometric: str = "MONOCHROME2", frames: int = 1, **elements) -> Dataset:
    """An image in Explicit VR Little Endian."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    samples = 3 if photometric not in ("MONOCHROME2", "PALETTE COLOR") else 1
    ds.Rows, ds.Columns = values.shape[-3 if samples == 3 else -2 :][:2]
    ds.SamplesPerPixel = samples
    if samples == 3:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated = ds.BitsStored = values.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.PixelData = values.tobytes() + bytes(values.nbytes % 2)
    for name, value in elements.items():
        setattr(ds, name, value)
    return ds


def smooth(frames: int, rows: int, columns: int) -> np.ndarray:
    """Values with and without runs."""
    noise = np.random.default_rng(5).integers(0, 20, (frames, rows, columns))
    ramp = np.arange(columns) // 7 * 300 + noise
    ramp[:, : rows // 3] = 0
    return ramp.astype(np.uint16)


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )
