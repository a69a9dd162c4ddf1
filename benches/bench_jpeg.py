"""JPEG frames in memory: dicomet compared with libjpeg-turbo (imagecodecs), and two cores with one.

``python benches/bench_jpeg.py`` generates its images. `dicomet.open` parses each file once, so that a call decodes a
frame and adds some microseconds; libjpeg-turbo gets the codestream alone, and returns YCbCr or converts to RGB as
dicomet does. Each pair is interleaved in one run. ``--only NAME`` selects rows.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import dicomet
import jpeg_encoding
import workloads
from dicomet._utils.timing import Limit, medians, time_interleaved
from jpeg_encoding import BASELINE, EXTENDED, SV1, JpegEncoding

LIMIT = Limit(7, 200, 2.0)


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
    transfer_syntax: str
    subsampling: str | None = None

    @property
    def label(self) -> str:
        """The name of the row, with its group."""
        return f"{self.group}: {self.name}"

    def codestreams(self) -> list[bytes]:
        """Return the encoded frames."""
        frames = self.samples(np.random.default_rng(20), self.shape)
        encoding = JpegEncoding(self.transfer_syntax, self.subsampling)
        return [encoding.encode(frame, self.bits) for frame in frames]

    def write(self, folder: Path) -> tuple[Path, list[bytes]]:
        """Write the image as a DICOM file. Return its path and the codestreams."""
        from pydicom.dataset import Dataset, FileMetaDataset  # noqa: PLC0415
        from pydicom.encaps import encapsulate  # noqa: PLC0415

        codestreams = self.codestreams()
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = self.transfer_syntax
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = self.shape
        is_color = jpeg_encoding.decode(codestreams[0]).ndim == 3
        dataset.SamplesPerPixel = 3 if is_color else 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        if is_color:
            dataset.PlanarConfiguration = 0
            dataset.PhotometricInterpretation = "YBR_FULL_422" if self.subsampling else "RGB"
        dataset.BitsAllocated = 8 if self.bits <= 8 else 16
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = self.bits, self.bits - 1, 0
        dataset.PixelData = encapsulate(codestreams)
        dataset["PixelData"].VR = "OB"
        path = folder / f"{self.label.replace(':', '')}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path, codestreams


def _lossless() -> Iterator[Image]:
    group = "lossless SV1"
    yield Image(group, "CT 512 x 512, 12 bits", workloads.positive_ct, (1, 512, 512), 12, SV1)
    yield Image(group, "MR 256 x 256, 12 bits", workloads.mr, (1, 256, 256), 12, SV1)
    yield Image(group, "CR 2140 x 1760, 10 bits", workloads.cr, (1, 2140, 1760), 10, SV1)
    yield Image(group, "XA 1024 x 1024, 8 bits", workloads.xa_8, (1, 1024, 1024), 8, SV1)
    yield Image(group, "mammogram 2048 x 1664, 12 bits", workloads.mammogram, (1, 2048, 1664), 12, SV1)
    yield Image(group, "ultrasound 480 x 640, RGB", workloads.ultrasound, (1, 480, 640), 8, SV1)
    yield Image(group, "noise 512 x 512, 16 bits", noise, (1, 512, 512), 16, SV1)


def _dct() -> Iterator[Image]:
    for name, samples, shape in (
        ("CT 512 x 512", workloads.positive_ct, (1, 512, 512)),
        ("mammogram 2048 x 1664", workloads.mammogram, (1, 2048, 1664)),
        ("XA 1024 x 1024", workloads.xa, (1, 1024, 1024)),
    ):
        yield Image("extended, 12 bits", name, samples, shape, 12, EXTENDED)
    yield Image("baseline", "gray, XA 1024 x 1024", workloads.xa_8, (1, 1024, 1024), 8, BASELINE)
    for sampling in ("444", "422", "420"):
        name = f"{sampling}, ultrasound 480 x 640"
        yield Image("baseline", name, workloads.ultrasound, (1, 480, 640), 8, BASELINE, sampling)
    for side in (64, 256):
        yield Image("tiles", f"420, {side} x {side}", workloads.ultrasound, (1, side, side), 8, BASELINE, "420")


IMAGES = [*_lossless(), *_dct()]
PARALLEL = [
    Image("two cores", "100 frames 480 x 640, 422", workloads.ultrasound, (100, 480, 640), 8, BASELINE, "422"),
    Image("two cores", "20 CT slices, SV1", workloads.positive_ct, (20, 512, 512), 12, SV1),
    Image("two cores", "one mammogram 4096 x 3328, SV1", workloads.mammogram, (1, 4096, 3328), 12, SV1),
]


def measure(image: Image, folder: Path) -> dict[str, float]:
    """Return the median seconds of both decoders for one frame, after a check that their samples are equal."""
    path, (codestream,) = image.write(folder)
    with dicomet.open(path, workers=1) as opened:
        own = opened[0]
        other = np.empty_like(own)
        calls: dict[str, Callable[[], object]] = {
            "dicomet": lambda: opened.frame(0, out=own),
            "libjpeg-turbo": lambda: jpeg_encoding.decode(codestream, other, to_rgb=bool(image.subsampling)),
        }
        times = medians(time_interleaved(calls, LIMIT))
    # The color equations of libjpeg-turbo are rounded, those of dicomet are exact.
    difference = np.abs(own.astype(int) - other).max()
    if difference > bool(image.subsampling):
        raise AssertionError(f"{image.label}: the samples differ by {difference}")
    return times


def measure_workers(image: Image, folder: Path) -> dict[str, float]:
    """Return the median seconds on one and on two cores."""
    path, _ = image.write(folder)
    calls = {f"{workers}": partial(dicomet.pixel_array, path, workers=workers) for workers in (1, 2)}
    return medians(time_interleaved(calls, LIMIT))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure JPEG decoding beside libjpeg-turbo.")
    parser.add_argument("--only", default="", help="rows whose names contain this")
    only = parser.parse_args().only.lower()
    console, cores = Console(width=110), os.sched_getaffinity(0)
    table = Table("frames in memory, one core", "dicomet, ms", "libjpeg-turbo, ms", "times as fast")
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.sched_setaffinity(0, {min(cores)})
        for image in (image for image in IMAGES if only in image.label.lower()):
            found = measure(image, Path(folder))
            ratio = found["libjpeg-turbo"] / found["dicomet"]
            ratios.setdefault(image.group, []).append(ratio)
            figures = [f"{1e3 * found[name]:.3g}" for name in ("dicomet", "libjpeg-turbo")]
            table.add_row(image.label, *figures, f"{ratio:.2f}")
        os.sched_setaffinity(0, cores)
        console.print(table)
        for group, found_ratios in ratios.items():
            console.print(f"{group}: geometric mean {statistics.geometric_mean(found_ratios):.2f}")
        table = Table("from path to array", "1 core, ms", "2 cores, ms", "times as fast")
        for image in (image for image in PARALLEL if only in image.label.lower()):
            found = measure_workers(image, Path(folder))
            figures = [f"{1e3 * found[name]:.3g}" for name in ("1", "2")]
            table.add_row(image.label, *figures, f"{found['1'] / found['2']:.2f}")
        console.print(table)


if __name__ == "__main__":
    main()
