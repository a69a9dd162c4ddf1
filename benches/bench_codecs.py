"""Frames in memory next to the C and C++ libraries of imagecodecs; two cores next to one; lower resolutions.

``python benches/bench_codecs.py`` generates its images. `dicomet.open` parses each data set once, so that a call
decodes a frame and adds some microseconds; the other library gets the codestream alone. libjpeg-turbo returns YCbCr or
converts to RGB as dicomet does. Each pair is interleaved in one run. ``--only NAME`` selects rows.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from rich.console import Console
from rich.table import Table

import dicomet
import workloads
from dicomet._utils.timing import Limit, medians, time_interleaved
from frame_encoding import (
    BASELINE,
    CODECS,
    EXTENDED,
    JPEG_2000,
    JPEG_XL,
    SV1,
    Encoding,
    HighThroughputEncoding,
    Jpeg2000Encoding,
    JpegEncoding,
    JpegLsEncoding,
    JpegXlEncoding,
    decode,
)

LIMIT = Limit(7, 200, 2.0)
BYTE_BITS = 8
# Decoders round what is lossy.
LOSSY = frozenset({JPEG_2000, JPEG_XL})


def noise(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Return 16 random bits for each sample."""
    return rng.integers(0, 1 << 16, shape, np.uint16)


@dataclass(frozen=True)
class Image:
    """An image and its encoding. `samples` generates unsigned samples of `bits` bits."""

    group: str
    name: str
    samples: workloads.Samples
    shape: tuple[int, int, int]
    bits: int
    encoding: Encoding

    @property
    def label(self) -> str:
        """The name of the row, with its group."""
        return f"{self.group}: {self.name}"

    @property
    def codec(self) -> str:
        """The library that dicomet is compared with."""
        return CODECS[self.encoding.transfer_syntax]

    def codestreams(self) -> list[bytes]:
        """Return the encoded frames."""
        frames = self.samples(np.random.default_rng(20), self.shape)
        return [self.encoding.encode(frame, self.bits) for frame in frames]

    def dataset(self, codestreams: list[bytes]) -> Dataset:
        """Return the data set of the encoded frames."""
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = self.encoding.transfer_syntax
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = self.shape
        is_color = decode(codestreams[0], self.encoding.transfer_syntax).ndim == 3
        dataset.SamplesPerPixel = 3 if is_color else 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        if is_color:
            dataset.PlanarConfiguration = 0
            dataset.PhotometricInterpretation = self.encoding.photometric
        dataset.BitsAllocated = 8 if self.bits <= 8 else 16
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = self.bits, self.bits - 1, 0
        dataset.PixelData = encapsulate(codestreams)
        dataset["PixelData"].VR = "OB"
        return dataset

    def write(self, folder: Path) -> Path:
        """Write the image as a DICOM file. Return its path."""
        path = folder / f"{self.label.replace(':', '')}.dcm"
        self.dataset(self.codestreams()).save_as(path, enforce_file_format=True)
        return path


def _lossless(group: str, encoding: Encoding) -> Iterator[Image]:
    yield Image(group, "CT 512 x 512, 12 bits", workloads.positive_ct, (1, 512, 512), 12, encoding)
    yield Image(group, "MR 256 x 256, 12 bits", workloads.mr, (1, 256, 256), 12, encoding)
    yield Image(group, "CR 2140 x 1760, 10 bits", workloads.cr, (1, 2140, 1760), 10, encoding)
    yield Image(group, "XA 1024 x 1024, 8 bits", workloads.xa_8, (1, 1024, 1024), 8, encoding)
    yield Image(group, "mammogram 2048 x 1664, 12 bits", workloads.mammogram, (1, 2048, 1664), 12, encoding)
    yield Image(group, "ultrasound 480 x 640, RGB", workloads.ultrasound, (1, 480, 640), 8, encoding)
    yield Image(group, "noise 512 x 512, 16 bits", noise, (1, 512, 512), 16, encoding)


def _dct() -> Iterator[Image]:
    for name, samples, shape in (
        ("CT 512 x 512", workloads.positive_ct, (1, 512, 512)),
        ("mammogram 2048 x 1664", workloads.mammogram, (1, 2048, 1664)),
        ("XA 1024 x 1024", workloads.xa, (1, 1024, 1024)),
    ):
        yield Image("extended, 12 bits", name, samples, shape, 12, JpegEncoding(EXTENDED))
    gray = JpegEncoding(BASELINE), JpegEncoding(BASELINE, progressive=True)
    for name, encoding in zip(("baseline", "progressive"), gray, strict=True):
        yield Image(name, "gray, XA 1024 x 1024", workloads.xa_8, (1, 1024, 1024), 8, encoding)
    for sampling in ("444", "422", "420"):
        name, encoding = f"{sampling}, ultrasound 480 x 640", JpegEncoding(BASELINE, sampling)
        yield Image("baseline, color", name, workloads.ultrasound, (1, 480, 640), 8, encoding)
    for side in (64, 256):
        encoding = JpegEncoding(BASELINE, "420")
        yield Image("tiles", f"420, {side} x {side}", workloads.ultrasound, (1, side, side), 8, encoding)


def _jpeg_ls() -> Iterator[Image]:
    yield from _lossless("JPEG-LS", JpegLsEncoding())
    for near in (1, 2, 3, 10):
        for name, samples, size, bits in (
            ("CT 512 x 512, 12 bits", workloads.positive_ct, 512, 12),
            ("XA 1024 x 1024, 8 bits", workloads.xa_8, 1024, 8),
        ):
            encoding = JpegLsEncoding(near)
            yield Image("JPEG-LS, near-lossless", f"{name}, {near}", samples, (1, size, size), bits, encoding)
    for interleave, group in ((1, "JPEG-LS, by line"), (2, "JPEG-LS, by sample")):
        for near in (0, 2):
            name, encoding = f"ultrasound 480 x 640, RGB, near {near}", JpegLsEncoding(near, interleave)
            yield Image(group, name, workloads.ultrasound, (1, 480, 640), 8, encoding)
    yield Image("JPEG-LS, tiles", "CT 64 x 64", workloads.positive_ct, (1, 64, 64), 12, JpegLsEncoding())
    yield Image("JPEG-LS, tiles", "XA 64 x 64", workloads.xa_8, (1, 64, 64), 8, JpegLsEncoding())


def _jpeg_2000() -> Iterator[Image]:
    reversible, irreversible = Jpeg2000Encoding(), Jpeg2000Encoding(level=45)
    yield from _lossless("JPEG 2000", reversible)
    for name, samples, shape, bits in (
        ("CT 512 x 512, 12 bits", workloads.positive_ct, (1, 512, 512), 12),
        ("XA 1024 x 1024, 8 bits", workloads.xa_8, (1, 1024, 1024), 8),
        ("mammogram 2048 x 1664, 12 bits", workloads.mammogram, (1, 2048, 1664), 12),
        ("ultrasound 480 x 640, RGB", workloads.ultrasound, (1, 480, 640), 8),
    ):
        yield Image("JPEG 2000, irreversible", name, samples, shape, bits, irreversible)
    for encoding, kind in ((reversible, "reversible"), (irreversible, "irreversible")):
        name = f"ultrasound 256 x 256, RGB, {kind}"
        yield Image("JPEG 2000, tiles", name, workloads.ultrasound, (1, 256, 256), 8, encoding)
    for image in _lossless("HTJ2K", HighThroughputEncoding()):
        yield replace(image, bits=8 if image.bits <= BYTE_BITS else 16)


def _jpeg_xl() -> Iterator[Image]:
    yield from (image for image in _lossless("JPEG XL", JpegXlEncoding()) if image.shape[1] <= 1024)
    lossy = JpegXlEncoding(distance=1)
    yield Image("JPEG XL, lossy", "XA 1024 x 1024, 8 bits", workloads.xa_8, (1, 1024, 1024), 8, lossy)
    yield Image("JPEG XL, lossy", "ultrasound 480 x 640, RGB", workloads.ultrasound, (1, 480, 640), 8, lossy)


IMAGES = [*_lossless("lossless SV1", JpegEncoding(SV1)), *_dct(), *_jpeg_ls(), *_jpeg_2000(), *_jpeg_xl()]
MAMMOGRAM = (1, 4096, 3328)
PARALLEL = [
    Image(
        "two cores",
        "100 frames 480 x 640, 422",
        workloads.ultrasound,
        (100, 480, 640),
        8,
        JpegEncoding(BASELINE, "422"),
    ),
    Image("two cores", "20 CT slices, SV1", workloads.positive_ct, (20, 512, 512), 12, JpegEncoding(SV1)),
    Image("two cores", "20 CT slices, JPEG-LS", workloads.positive_ct, (20, 512, 512), 12, JpegLsEncoding()),
    Image("two cores", "20 CT slices, JPEG 2000", workloads.positive_ct, (20, 512, 512), 12, Jpeg2000Encoding()),
    Image("two cores", "one mammogram 4096 x 3328, SV1", workloads.mammogram, MAMMOGRAM, 12, JpegEncoding(SV1)),
    Image("two cores", "one XA 1024 x 1024, JPEG 2000", workloads.xa, (1, 1024, 1024), 12, Jpeg2000Encoding()),
    Image("two cores", "one mammogram 4096 x 3328, JPEG 2000", workloads.mammogram, MAMMOGRAM, 12, Jpeg2000Encoding()),
    Image(
        "two cores", "one mammogram 4096 x 3328, HTJ2K", workloads.mammogram, MAMMOGRAM, 16, HighThroughputEncoding()
    ),
]
REDUCED = [
    Image(
        "lower resolutions", "mammogram 4096 x 3328, JPEG 2000", workloads.mammogram, MAMMOGRAM, 12, Jpeg2000Encoding()
    ),
    Image(
        "lower resolutions",
        "mammogram 4096 x 3328, HTJ2K",
        workloads.mammogram,
        MAMMOGRAM,
        16,
        HighThroughputEncoding(),
    ),
]


def measure(image: Image) -> tuple[float, float]:
    """Return the median seconds of dicomet and of the other library, after a check that their samples are equal."""
    (codestream,) = codestreams = image.codestreams()
    transfer_syntax, to_rgb = image.encoding.transfer_syntax, image.encoding.photometric == "YBR_FULL_422"
    with dicomet.open(image.dataset(codestreams), workers=1) as opened:
        own = opened[0]
        other = np.empty_like(own)
        calls: dict[str, Callable[[], object]] = {
            "dicomet": lambda: opened.frame(0, out=own),
            image.codec: lambda: decode(codestream, transfer_syntax, other, to_rgb=to_rgb),
        }
        times = medians(time_interleaved(calls, LIMIT))
    # libjpeg-turbo rounds its color equations.
    found = decode(codestream, transfer_syntax, other, to_rgb=to_rgb)
    difference = np.abs(own.astype(int) - found).max()
    if difference > (to_rgb or transfer_syntax in LOSSY):
        raise AssertionError(f"{image.label}: the samples differ by {difference}")
    return times["dicomet"], times[image.codec]


def measure_workers(image: Image, folder: Path) -> dict[str, float]:
    """Return the median seconds on one and on two cores."""
    path = image.write(folder)
    calls = {f"{workers}": partial(dicomet.pixel_array, path, workers=workers) for workers in (1, 2)}
    return medians(time_interleaved(calls, LIMIT))


def _compare_codecs(console: Console, images: list[Image]) -> None:
    """Measure on one core, and print a table and the geometric means of its groups."""
    table = Table("frames in memory, one core", "dicomet, ms", "compared with", "ms", "times as fast")
    ratios: dict[str, list[float]] = {}
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        for image in images:
            own, other = measure(image)
            ratios.setdefault(image.group, []).append(other / own)
            table.add_row(image.label, f"{1e3 * own:.3g}", image.codec, f"{1e3 * other:.3g}", f"{other / own:.2f}")
    finally:
        os.sched_setaffinity(0, cores)
    console.print(table)
    for group, found in ratios.items():
        console.print(f"{group}: geometric mean {statistics.geometric_mean(found):.2f}")


def _compare_workers(console: Console, images: list[Image], folder: Path) -> None:
    table = Table("from path to array", "1 core, ms", "2 cores, ms", "times as fast")
    for image in images:
        found = measure_workers(image, folder)
        figures = [f"{1e3 * found[name]:.3g}" for name in ("1", "2")]
        table.add_row(image.label, *figures, f"{found['1'] / found['2']:.2f}")
    console.print(table)


def _compare_resolutions(console: Console, images: list[Image], folder: Path) -> None:
    table = Table("from path to array, one core", *(f"1/{1 << reduce}, ms" for reduce in range(4)), "1/4 to 1")
    for image in images:
        path = image.write(folder)
        calls = {str(reduce): partial(dicomet.pixel_array, path, workers=1, reduce=reduce) for reduce in range(4)}
        found = medians(time_interleaved(calls, LIMIT))
        table.add_row(image.label, *(f"{1e3 * found[name]:.3g}" for name in calls), f"{found['0'] / found['2']:.1f}")
    console.print(table)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description="Measure decoding beside the C and C++ libraries.")
    parser.add_argument("--only", default="", help="rows whose names contain this")
    only = parser.parse_args().only.lower()
    console = Console(width=120)
    _compare_codecs(console, [image for image in IMAGES if only in image.label.lower()])
    with tempfile.TemporaryDirectory() as folder:
        _compare_workers(console, [image for image in PARALLEL if only in image.label.lower()], Path(folder))
        _compare_resolutions(console, [image for image in REDUCED if only in image.label.lower()], Path(folder))


if __name__ == "__main__":
    main()
