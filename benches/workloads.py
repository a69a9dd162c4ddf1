"""Generated files for the benchmarks, with the noise and the background of real images.

Constant images would make RLE look too fast; images without the black around an ultrasound fan, too slow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset, validate_file_meta
from pydicom.encaps import encapsulate
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

from frame_encoding import (
    BASELINE,
    EXTENDED,
    IRREVERSIBLE,
    SV1,
    Encoding,
    HighThroughputEncoding,
    Jpeg2000Encoding,
    JpegEncoding,
    JpegLsEncoding,
    JpegXlEncoding,
)

Samples = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]


def _grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of each pixel, from -1 to 1."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j].astype(np.float32)
    return x, y


def ct(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return Hounsfield units: tissue in an ellipse, noisy air, and padding outside the reconstructed circle."""
    x, y = _grid(*shape[1:])
    level = np.where(x**2 + 2 * y**2 < 0.8, 40 + 30 * np.sin(9 * x) * np.cos(7 * y), -1000)
    samples = level + rng.normal(0, 12, shape)
    return np.where(x**2 + y**2 > 1, -1024, samples).clip(-1024, 2047).astype(np.int16)


def positive_ct(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the samples of `ct` from 0 to 4095, as most scanners store them."""
    return (ct(rng, shape) + 1024).astype(np.uint16)


def mammogram(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a breast at the left edge, on a background of 0."""
    x, y = _grid(*shape[1:])
    distance = ((x + 1) / 1.4) ** 2 + (y / 0.9) ** 2
    samples = 600 + 1800 * np.sqrt(np.maximum(0, 1 - distance)) + rng.normal(0, 25, shape)
    return np.where(distance < 1, samples, 0).clip(0, 4095).astype(np.uint16)


def mr(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a head with tissues, with the Rician noise of a magnitude image, also in the air."""
    x, y = _grid(*shape[1:])
    tissue = 500 + 250 * np.sin(6 * x + 2 * y) * np.cos(5 * y)
    level = np.where(1.6 * x**2 + y**2 < 0.8, tissue, 0)
    samples = np.hypot(level + rng.normal(0, 12, shape), rng.normal(0, 12, shape))
    return samples.clip(0, 4095).astype(np.uint16)


def cr(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a chest with ribs, direct exposure at its sides, and the black border of the shutter, in 10 bits."""
    x, y = _grid(*shape[1:])
    chest = 420 + 150 * np.cos(3 * x) * np.cos(2 * y) + 40 * np.sin(30 * y + 6 * x**2)
    level = np.where(abs(x) < 0.8 - 0.1 * y, chest, 1000)
    samples = level + rng.normal(0, 4, shape)
    return np.where((abs(x) < 0.93) & (abs(y) < 0.95), samples, 0).clip(0, 1023).astype(np.uint16)


def xa(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return vessels with contrast agent on a noisy background, black outside the round field, in 10 bits."""
    x, y = _grid(*shape[1:])
    vessels = sum(np.exp(-(((x - a * np.sin(b * y)) / 0.015) ** 2)) for a, b in ((0.3, 2), (0.6, 3), (-0.5, 1.5)))
    samples = 600 - 120 * (x**2 + y**2) - 220 * vessels + rng.normal(0, 9, shape)
    return np.where(x**2 + y**2 < 1.1, samples, 0).clip(0, 1023).astype(np.uint16)


def xa_8(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return `xa` in 8 bits."""
    return (xa(rng, shape) >> 2).astype(np.uint8)


def ultrasound(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a fan of speckle on black, with a box of color Doppler, as RGB."""
    x, y = _grid(*shape[1:])
    radius = np.hypot(x, y + 1)
    gray = np.where((radius < 1.9) & (abs(x) < 0.6 * (y + 1)), rng.rayleigh(35, shape), 0).clip(0, 255)
    flow = np.where((abs(x) < 0.2) & (abs(y) < 0.3), 90 * np.sin(8 * x + 5 * y), 0)
    return np.stack([gray + flow, gray, gray - flow], axis=-1).clip(0, 255).astype(np.uint8)


def ultrasound_ybr(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return `ultrasound` as luminance and chrominance (ISO/IEC 10918-5)."""
    r, g, b = np.moveaxis(ultrasound(rng, shape).astype(np.float32), -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    ybr = np.stack([y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402], axis=-1)
    return np.rint(ybr).clip(0, 255).astype(np.uint8)


def segmentation(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a structure with a frayed edge that grows and shrinks from frame to frame."""
    x, y = _grid(*shape[1:])
    size = 0.5 * np.sin(np.linspace(0.1, 3, shape[0], dtype=np.float32))[:, None, None]
    fray = rng.normal(0, 0.01, shape).astype(np.float32)
    return (np.hypot(x, 1.3 * y) + fray < size).astype(np.uint8)


@dataclass(frozen=True)
class Workload:
    """An image and how it is stored."""

    name: str
    samples: Samples
    shape: tuple[int, int, int]
    photometric: str = "MONOCHROME2"
    bits: tuple[int, int] = (16, 16)
    planar: int = 0
    rle: bool = False
    encoding: Encoding | None = None
    times: int = 1
    """How often the generated frames repeat, because generating every frame would take too long."""

    @property
    def frame_bits(self) -> int:
        """Bits of a native frame."""
        _, rows, columns = self.shape
        samples_per_pixel = {"MONOCHROME2": 1, "YBR_FULL_422": 2}.get(self.photometric, 3)
        return rows * columns * samples_per_pixel * self.bits[0]

    @property
    def value_bytes(self) -> int:
        """Bytes of native Pixel Data at the end of the file: the bits rounded up to an even number of bytes."""
        return -(-self.shape[0] * self.frame_bits // 16) * 2

    @property
    def tolerance(self) -> int:
        """The allowed difference of values: readers round color equations and irreversible transforms differently."""
        is_irreversible = self.encoding is not None and self.encoding.transfer_syntax in IRREVERSIBLE
        return int(is_irreversible or self.photometric.startswith("YBR_FULL"))

    def result_bytes(self, frames: int) -> int:
        """Return the bytes of an array of `frames`, with a byte for each single bit and full color for each pixel."""
        _, rows, columns = self.shape
        samples = 1 if self.photometric == "MONOCHROME2" else 3
        return frames * rows * columns * samples * -(-self.bits[0] // 8)

    def write(self, folder: Path, seed: int = 20) -> Path:
        """Write the file. The same seed gives the same file."""
        frames, *size = self.shape
        stored = self.samples(np.random.default_rng(seed), (frames // self.times, *size))
        stored = np.concatenate([stored] * self.times)
        dataset = self._dataset(signed=stored.dtype.kind == "i")
        if self.encoding:
            self._encapsulate(dataset, stored)
        else:
            dataset.PixelData = self._native(stored)
        if self.rle:
            dataset.compress(RLELossless, encoding_plugin="pylibjpeg")
        path = folder / f"{self.name}.dcm"
        # The steps of `enforce_file_format=True`, which pydicom 3.0 refuses for JPEG XL.
        dataset.preamble = bytes(128)
        dataset.file_meta.FileMetaInformationGroupLength = 0
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        validate_file_meta(dataset.file_meta)
        dataset.save_as(path, force_encoding=True, implicit_vr=False, little_endian=True)
        return path

    def _encapsulate(self, dataset: Dataset, samples: np.ndarray) -> None:
        """Encode the frames. `samples` has RGB where the Photometric Interpretation is that of subsampled colors."""
        different = [self.encoding.encode(frame, self.bits[1]) for frame in samples[: len(samples) // self.times]]
        dataset.file_meta.TransferSyntaxUID = UID(self.encoding.transfer_syntax)
        dataset.PixelData = encapsulate(different * self.times)
        dataset["PixelData"].VR = "OB"

    def _native(self, samples: np.ndarray) -> bytes:
        """Return the value of native Pixel Data (PS3.5 8.1.1, 8.2)."""
        allocated, stored = self.bits
        if allocated == 1:
            value = np.packbits(samples.ravel(), bitorder="little").tobytes()
        elif self.photometric == "YBR_FULL_422":
            pairs = samples.reshape(-1, 6)
            value = pairs[:, [0, 3, 1, 2]].tobytes()
        elif self.planar:
            value = np.moveaxis(samples, -1, 1).tobytes()
        elif stored < allocated:
            # Clear the bits above Bits Stored, so that a reader must extend the sign itself.
            value = (samples & (2**stored - 1)).tobytes()
        else:
            value = samples.tobytes()
        return value + b"\0" * (len(value) % 2)

    def _dataset(self, *, signed: bool) -> Dataset:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[self.name])
        frames, dataset.Rows, dataset.Columns = self.shape
        if frames > 1:
            dataset.NumberOfFrames = frames
        dataset.PhotometricInterpretation = self.photometric
        dataset.SamplesPerPixel = 1 if self.photometric == "MONOCHROME2" else 3
        if dataset.SamplesPerPixel > 1:
            dataset.PlanarConfiguration = self.planar
        dataset.BitsAllocated, dataset.BitsStored = self.bits
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(signed)
        return dataset


CINE = (100, 480, 640)

WORKLOADS = [
    Workload("CT", ct, (1, 512, 512)),
    Workload("CT, 12 of 16, signed", ct, (1, 512, 512), bits=(16, 12)),
    Workload("CT, RLE", ct, (1, 512, 512), rle=True),
    Workload("mammogram, 12 of 16", mammogram, (1, 4096, 3328), bits=(16, 12)),
    Workload("ultrasound, RGB", ultrasound, CINE, "RGB", (8, 8)),
    Workload("ultrasound, RGB, planar", ultrasound, CINE, "RGB", (8, 8), planar=1),
    Workload("ultrasound, YBR_FULL", ultrasound_ybr, CINE, "YBR_FULL", (8, 8)),
    Workload("ultrasound, YBR_FULL_422", ultrasound_ybr, CINE, "YBR_FULL_422", (8, 8)),
    Workload("segmentation", segmentation, (200, 512, 512), bits=(1, 1)),
    Workload("segmentation, off the bytes", segmentation, (200, 510, 511), bits=(1, 1)),
    Workload("enhanced CT, RLE", ct, (60, 512, 512), rle=True),
    Workload("ultrasound, RGB, RLE", ultrasound, (10, 480, 640), "RGB", (8, 8), planar=1, rle=True),
]

# One frame of each kind that is stored as RLE Lossless in practice, and in NEMA's examples of it.
RLE_KINDS = [
    Workload("CT 512 x 512", ct, (1, 512, 512), rle=True),
    Workload("MR 256 x 256, 12 of 16", mr, (1, 256, 256), bits=(16, 12), rle=True),
    Workload("CR 2140 x 1760, 10 of 16", cr, (1, 2140, 1760), bits=(16, 10), rle=True),
    Workload("US 480 x 640, RGB", ultrasound, (1, 480, 640), "RGB", (8, 8), planar=1, rle=True),
    Workload("XA 1024 x 1024, 8 bits", xa_8, (1, 1024, 1024), bits=(8, 8), rle=True),
    Workload("XA 1024 x 1024, 10 of 16", xa, (1, 1024, 1024), bits=(16, 10), rle=True),
]

# Small, unsigned, 16 bits: every reader takes it.
WARM_UP = Workload("warm-up", mr, (1, 64, 64))

LONG_CINES = [
    Workload("300 CT frames", ct, (300, 512, 512), times=10),
    Workload("300 CT frames, RLE", ct, (300, 512, 512), rle=True, times=10),
]

# To measure the cost of the number of frames, with everything else small.
SMALL_FRAMES = [
    Workload(f"{frames} small frames{', RLE' * rle}", ct, (frames, 64, 64), rle=rle, times=frames // 30)
    for rle in (False, True)
    for frames in (30, 3000)
]

_SV1, _EXTENDED, _BASELINE = JpegEncoding(SV1), JpegEncoding(EXTENDED), JpegEncoding(BASELINE)
_422, _PROGRESSIVE = JpegEncoding(BASELINE, "422"), JpegEncoding(BASELINE, progressive=True)

_JPEG_LS, _NEAR = JpegLsEncoding(), JpegLsEncoding(near=2)

_JPEG_2000, _JPEG_2000_LOSSY = Jpeg2000Encoding(), Jpeg2000Encoding(level=45)
_HTJ2K, _JPEG_XL = HighThroughputEncoding(), JpegXlEncoding()

# One frame of each kind of codestream that archives hold.
CODEC_KINDS = [
    Workload("SV1, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_SV1),
    Workload("SV1, mammogram 4096 x 3328, 12 of 16", mammogram, (1, 4096, 3328), bits=(16, 12), encoding=_SV1),
    Workload("SV1, XA 1024 x 1024, 8 bits", xa_8, (1, 1024, 1024), bits=(8, 8), encoding=_SV1),
    Workload("Extended, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_EXTENDED),
    Workload(
        "Extended, mammogram 2048 x 1664, 12 of 16", mammogram, (1, 2048, 1664), bits=(16, 12), encoding=_EXTENDED
    ),
    Workload("Baseline, XA 1024 x 1024", xa_8, (1, 1024, 1024), bits=(8, 8), encoding=_BASELINE),
    Workload("Baseline, US 480 x 640, 4:2:2", ultrasound, (1, 480, 640), "YBR_FULL_422", (8, 8), encoding=_422),
    Workload("progressive, XA 1024 x 1024", xa_8, (1, 1024, 1024), bits=(8, 8), encoding=_PROGRESSIVE),
    Workload("JPEG-LS, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_JPEG_LS),
    Workload("JPEG-LS, CR 2140 x 1760, 10 of 16", cr, (1, 2140, 1760), bits=(16, 10), encoding=_JPEG_LS),
    Workload("JPEG-LS, US 480 x 640, RGB", ultrasound, (1, 480, 640), "RGB", (8, 8), encoding=_JPEG_LS),
    Workload("near-lossless, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_NEAR),
    Workload("JPEG 2000, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_JPEG_2000),
    Workload("JPEG 2000, CR 2140 x 1760, 10 of 16", cr, (1, 2140, 1760), bits=(16, 10), encoding=_JPEG_2000),
    Workload("JPEG 2000, US 480 x 640, RGB", ultrasound, (1, 480, 640), "YBR_RCT", (8, 8), encoding=_JPEG_2000),
    Workload("irreversible, XA 1024 x 1024, 8 bits", xa_8, (1, 1024, 1024), bits=(8, 8), encoding=_JPEG_2000_LOSSY),
    Workload("HTJ2K, CT 512 x 512, 16 bits", positive_ct, (1, 512, 512), encoding=_HTJ2K),
    Workload("HTJ2K, CR 2140 x 1760, 16 bits", cr, (1, 2140, 1760), encoding=_HTJ2K),
    Workload("HTJ2K, US 480 x 640, RGB", ultrasound, (1, 480, 640), "YBR_RCT", (8, 8), encoding=_HTJ2K),
    Workload("JPEG XL, CT 512 x 512, 12 of 16", positive_ct, (1, 512, 512), bits=(16, 12), encoding=_JPEG_XL),
]

# On all cores.
CODEC_CINES = [
    Workload("ultrasound, 100 frames, JPEG 4:2:2", ultrasound, CINE, "YBR_FULL_422", (8, 8), encoding=_422, times=10),
    Workload("20 CT frames, JPEG SV1", positive_ct, (20, 512, 512), bits=(16, 12), encoding=_SV1, times=2),
    Workload("20 CT frames, JPEG-LS", positive_ct, (20, 512, 512), bits=(16, 12), encoding=_JPEG_LS, times=2),
    Workload("mammogram, JPEG SV1", mammogram, (1, 4096, 3328), bits=(16, 12), encoding=_SV1),
    Workload("20 CT frames, JPEG 2000", positive_ct, (20, 512, 512), bits=(16, 12), encoding=_JPEG_2000, times=2),
    Workload("mammogram, JPEG 2000", mammogram, (1, 4096, 3328), bits=(16, 12), encoding=_JPEG_2000),
    Workload("mammogram, HTJ2K", mammogram, (1, 4096, 3328), encoding=_HTJ2K),
]
