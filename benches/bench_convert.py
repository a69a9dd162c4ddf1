"""Conversion of DICOM files to PNG, in files per second: dicomet, pydicom with Pillow, and pydicom with OpenCV.

``python benches/bench_convert.py`` writes its own files, with realistic noise and background, into a temporary folder.
All converters run in the same processes, started in advance. The rounds are interleaved, and the result is the median.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from rich.console import Console
from rich.table import Table

import dicomet

Convert = Callable[[str, str], object]
CHUNK = 4


def by_dicomet(source: str, out: str, *, raw: bool) -> None:
    dicomet.convert_file(source, out, values="stored" if raw else "display", workers=1)


def _values(source: str, *, raw: bool) -> np.ndarray:
    dataset = pydicom.dcmread(source)
    array = dataset.pixel_array
    if raw:
        return array
    shown = apply_voi_lut(apply_modality_lut(array, dataset), dataset).astype(np.float64)
    low, high = shown.min(), shown.max()
    return ((shown - low) * (255 / max(high - low, 1e-9)) + 0.5).astype(np.uint8)


def by_pillow(source: str, out: str, *, raw: bool) -> None:
    Image.fromarray(_values(source, raw=raw)).save(out)


def by_opencv(source: str, out: str, *, raw: bool) -> None:
    cv2.imwrite(out, _values(source, raw=raw))


WAYS = {"dicomet": by_dicomet, "pydicom + Pillow": by_pillow, "pydicom + OpenCV": by_opencv}


def ct(seed: int, side: int = 512) -> np.ndarray:
    """Return a CT slice: air, a body with organs, and the noise of a soft reconstruction kernel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side - 0.5
    body = (x / 0.41) ** 2 + (y / 0.33) ** 2 < 1
    values = np.where(body, 40.0, -1000.0)
    for column, row, radius, value in [(-0.17, -0.03, 0.14, -800), (0.16, -0.03, 0.14, -800), (0, 0.2, 0.06, 500)]:
        values[(x - column) ** 2 + (y - row) ** 2 < radius**2] = value
    noise = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), 0.8)
    values = cv2.GaussianBlur(values, (0, 0), 1.2) + noise * (18 / noise.std())
    return np.clip(np.where(x**2 + y**2 < 0.25, values + 1024, 0), 0, 4095).astype(np.uint16)


def mammogram(seed: int, rows: int = 3328, columns: int = 2560) -> np.ndarray:
    """Return one breast on black, with tissue texture and quantum noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    inside = 1 - (x / 1700) ** 2 - ((y - rows / 2) / 1500) ** 2
    texture = cv2.GaussianBlur(rng.normal(size=(rows // 8, columns // 8)), (0, 0), 6)
    texture = cv2.resize(texture / texture.std(), (columns, rows))
    tissue = 1500 + 900 * np.sqrt(np.clip(inside, 0, 1)) + 200 * texture + rng.normal(0, 18, (rows, columns))
    return np.clip(np.where(inside > 0, tissue, 0), 0, 4095).astype(np.uint16)


def write_dicom(path: Path, array: np.ndarray, window: tuple[int, int], intercept: int) -> None:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Rows, dataset.Columns = array.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth = window
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, intercept
    dataset.PixelData = array.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path, enforce_file_format=True)


def write_files(folder: Path) -> dict[str, list[str]]:
    """Write the files and return them by kind. They repeat eight different CT slices and two mammograms."""
    kinds = {
        "CT, 512 x 512": (ct, 8, 240, (40, 400), -1024),
        "mammogram, 3328 x 2560": (mammogram, 2, 16, (2000, 3000), 0),
    }
    files: dict[str, list[str]] = {}
    for kind, (make, different, count, window, intercept) in kinds.items():
        arrays = [make(seed) for seed in range(different)]
        files[kind] = []
        for number in range(count):
            path = folder / f"{make.__name__}{number:04}.dcm"
            write_dicom(path, arrays[number % different], window, intercept)
            files[kind].append(str(path))
    return files


def check(source: str, out: str) -> None:
    """Check that all converters write the same stored values; otherwise their times are not comparable."""
    expected = pydicom.dcmread(source).pixel_array
    for name, convert in WAYS.items():
        convert(source, out, raw=True)
        if not np.array_equal(cv2.imread(out, cv2.IMREAD_UNCHANGED), expected):
            raise SystemExit(f"{name}: other values than pydicom's")


def rate(executor: Executor, convert: Convert, files: list[str], out: str) -> float:
    """Return the files per second."""
    outs = [f"{out}/{os.path.basename(file)}.png" for file in files]  # noqa: PTH119 - not timed
    start = time.perf_counter()
    list(executor.map(convert, files, outs, chunksize=CHUNK))
    return len(files) / (time.perf_counter() - start)


def rates(executors: dict[str, Executor], files: list[str], out: str, *, raw: bool, rounds: int) -> dict[str, float]:
    """Return the median rate of each converter, measured interleaved; dicomet also with threads."""
    ways = {name: (executors["processes"], partial(way, raw=raw)) for name, way in WAYS.items()}
    ways["dicomet, threads"] = (executors["threads"], partial(by_dicomet, raw=raw))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for executor, way in ways.values():
        rate(executor, way, files[:CHUNK], out)
    for _ in range(rounds):
        for name, (executor, way) in ways.items():
            found[name].append(rate(executor, way, files, out))
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes, or threads, of every way")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    table = Table("files", "PNG", *WAYS, "dicomet, threads", title="files a second")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(arguments.workers, get_context("spawn")) as processes,
        ThreadPoolExecutor(arguments.workers) as threads,
    ):
        executors: dict[str, Executor] = {"processes": processes, "threads": threads}
        for kind, files in write_files(Path(folder)).items():
            check(files[0], f"{folder}/check.png")
            for raw, name in [(False, "8 bits, displayed"), (True, "16 bits, stored")]:
                found = rates(executors, files, folder, raw=raw, rounds=arguments.rounds)
                table.add_row(kind, name, *(f"{found[way]:.1f}" for way in [*WAYS, "dicomet, threads"]))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
