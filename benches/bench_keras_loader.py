"""Images per second of the loaders for Keras, compared with a `keras.utils.PyDataset` written with pydicom.

$ pip install '.[tf,jpeg]' && python benches/bench_keras_loader.py [FOLDER_OF_CLASS_FOLDERS]

All loaders read the same files, interleaved, so that a slowdown of the machine affects all of them. Without a folder,
the script generates files like those of archives: 512 x 512, 16 bits, signed, with rescaling and a window, half of them
native and half in RLE Lossless. "2 % bad" reads a copy in which one of 50 files is damaged, and skips it.
"""

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Measure pydicom without dicomet, which pylibjpeg would otherwise use as a plugin.
os.environ["DICOMET"] = "0"

import keras
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RLELossless, generate_uid

from dicomet.keras import DicomPyDataset, image_dataset_from_directory
from dicomet.loaders.folders import find_class_files

SIZE = (224, 224)
BATCH = 32


class Naive(keras.utils.PyDataset):
    """A typical loader written with pydicom and Keras: read, decode, rescale, window, stretch, resize."""

    def __init__(self, folder: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _, self.paths, self.labels = find_class_files(folder)

    def __len__(self) -> int:
        return math.ceil(len(self.paths) / BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(index * BATCH, (index + 1) * BATCH)
        return np.stack([self.image(path) for path in self.paths[part]]), np.array(self.labels[part], np.int32)

    @staticmethod
    def image(path: Path) -> np.ndarray:
        ds = pydicom.dcmread(path)
        values = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds).astype(np.float32)
        gray = (values - values.min()) / max(float(np.ptp(values)), 1.0) * 255
        return np.asarray(keras.ops.image.resize(gray[..., np.newaxis], SIZE))


def generate(folder: Path, per_class: int) -> None:
    """Write the files of two classes, half of them in RLE Lossless."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:512, :512] - 256
    for name, radius in (("large", 200), ("small", 120)):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            body = np.where(np.hypot(x, y) < radius, 40, -1000) + rng.normal(0, 12, (512, 512))
            ds = ct((body + 24).astype("<i2"))
            if number % 2:
                ds.compress(RLELossless, generate_instance_uid=False)
            ds.save_as(folder / name / f"{number}.dcm", enforce_file_format=True)


def ct(array: np.ndarray) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
    ds.Rows, ds.Columns = array.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.WindowCenter, ds.WindowWidth = -24, 1, 40, 400
    ds.PixelData = array.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def damage(folder: Path) -> Path:
    """Return a copy of the class folders in which 2 % of the files are damaged."""
    copy = folder.with_name("damaged")
    shutil.copytree(folder, copy)
    for path in sorted(copy.rglob("*.dcm"))[::50]:
        path.write_bytes(path.read_bytes()[:-1000])
    return copy


def loaders(folder: Path, damaged: Path | None) -> dict[str, Callable[[], Iterable[Any]]]:
    """Return functions that create each loader anew, ready for iteration."""
    common: dict[str, Any] = {"color_mode": "grayscale", "image_size": SIZE, "batch_size": BATCH, "verbose": False}
    skip: dict[str, Any] = {**common, "on_error": "skip"}
    threads = os.cpu_count() or 1
    found: dict[str, Callable[[], Iterable[Any]]] = {
        "pydicom, PyDataset, 1 worker": lambda: Naive(folder),
        f"pydicom, PyDataset, {threads} threads": lambda: parallel(Naive(folder), threads),
        "dicomet, DicomPyDataset, 1 worker": lambda: DicomPyDataset(folder, **common),
        f"dicomet, DicomPyDataset, {threads} threads": lambda: parallel(DicomPyDataset(folder, **common), threads),
        "dicomet, image_dataset_from_directory": lambda: image_dataset_from_directory(folder, **common),
    }
    if damaged is not None:
        found["dicomet, DicomPyDataset, 1 worker, 2 % bad"] = lambda: DicomPyDataset(damaged, **skip)
        found["dicomet, image_dataset..., 2 % bad"] = lambda: image_dataset_from_directory(damaged, **skip)
    return found


def parallel(dataset: keras.utils.PyDataset, threads: int) -> Iterable[Any]:
    """Yield the batches in order, prefetched by threads, as Keras' `fit` does with `workers`."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - used only here

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(dataset.__getitem__, range(len(dataset)))


def seconds(batches: Iterable[Any]) -> tuple[float, int]:
    """Return the seconds to iterate over all batches, and their number of images."""
    start = time.perf_counter()
    images = sum(len(images) for images, _ in batches)
    return time.perf_counter() - start, images


def main() -> None:
    """Measure the loaders interleaved, and print the best rate of each."""
    parser = argparse.ArgumentParser(description="Images per second of the loaders for Keras.")
    parser.add_argument("folder", type=Path, nargs="?", help="with a folder for every class (default: generated)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each loader goes over all files (default: 5)")
    parser.add_argument("--per-class", type=int, default=64, help="files to generate of each class (default: 64)")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*the file is skipped")
    with tempfile.TemporaryDirectory() as work:
        folder = options.folder or Path(work) / "classes"
        if options.folder is None:
            generate(folder, options.per_class)
        candidates = loaders(folder, damage(folder) if options.folder is None else None)
        times: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(options.rounds):
            for name, make in candidates.items():
                elapsed, images = seconds(make())
                times[name].append(images / elapsed)
    slowest = max(next(iter(times.values())))
    for name, rates in times.items():
        best = max(rates)
        sys.stdout.write(f"{name:45} {best:8.1f} images/s  {best / slowest:6.2f}x  (median {np.median(rates):.1f})\n")


if __name__ == "__main__":
    main()
