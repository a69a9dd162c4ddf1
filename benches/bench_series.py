"""Measure volumes and headers of series, interleaved with pydicom and, if they are installed, SimpleITK and highdicom.

python benches/bench_series.py
python benches/bench_series.py --files 1500 --seconds 60

The slices are CT images with the header of a real one, in random order. Each reader sorts them by position. The arrays
must be equal before anything is measured.
"""

import argparse
import importlib.util
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from rich.console import Console
from rich.table import Table

import dicomet
from dicomet._utils.timing import Limit, medians, time_interleaved
from workloads import positive_ct

SIZE = (512, 512)
MIN_ROUNDS, MAX_ROUNDS = 3, 30
TAGS = ["SeriesInstanceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"]
# Slices that differ: more would take long to generate.
DIFFERENT = 8


def write(folder: Path, count: int) -> list[Path]:
    """Write a series of `count` slices."""
    data = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    stored = positive_ct(np.random.default_rng(20), (DIFFERENT, *SIZE))
    data.Rows, data.Columns = SIZE
    data.BitsStored, data.HighBit, data.PixelRepresentation = 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    del data.PixelPaddingValue
    for name, number in enumerate(np.random.default_rng(0).permutation(count).tolist()):
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
        data.InstanceNumber, data.ImagePositionPatient = number + 1, [-158.1358, -179.0358, 0.625 * number]
        data.PixelData = stored[number % DIFFERENT].tobytes()
        data.save_as(folder / f"{name:05}.dcm")
    return sorted(folder.iterdir())


def by_pydicom(folder: Path, *, hu: bool) -> np.ndarray:
    """Return a volume as most programs do: read all, sort by position, stack."""
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    slices.sort(key=lambda data: float(data.ImagePositionPatient[2]))
    stored = np.stack([data.pixel_array for data in slices])
    if not hu:
        return stored
    return (stored * float(slices[0].RescaleSlope) + float(slices[0].RescaleIntercept)).astype(np.int16)


def by_dicomet(folder: Path, *, hu: bool) -> np.ndarray:
    """Return a volume."""
    return dicomet.read_volume(folder, values="modality" if hu else "stored").array


def by_simpleitk(folder: Path) -> np.ndarray:
    """Return a volume of Hounsfield units."""
    import SimpleITK as sitk  # noqa: N813, PLC0415 - may not be installed

    return sitk.GetArrayFromImage(sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))))


def by_highdicom(folder: Path) -> np.ndarray:
    """Return a volume of Hounsfield units."""
    import highdicom as hd  # noqa: PLC0415 - may not be installed

    volume = hd.get_volume_from_series([pydicom.dcmread(path) for path in folder.iterdir()], dtype=np.int16)
    # Slices are ordered by the opposite normal.
    return volume.array[::-1]


def headers_by_pydicom(paths: list[Path]) -> int:
    """Read the elements that order slices, and no others."""
    found = [pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS) for path in paths]
    return len([[data.get(keyword) for keyword in TAGS] for data in found])


def calls(folder: Path, paths: list[Path]) -> dict[str, dict[str, Callable[[], object]]]:
    """Return the calls of each row, dicomet's first."""
    rows: dict[str, dict[str, Callable[[], object]]] = {
        "Hounsfield units": {
            "dicomet": partial(by_dicomet, folder, hu=True),
            "pydicom": partial(by_pydicom, folder, hu=True),
        },
        "stored values": {
            "dicomet": partial(by_dicomet, folder, hu=False),
            "pydicom": partial(by_pydicom, folder, hu=False),
        },
        "headers": {
            "dicomet": partial(dicomet.read_headers, paths, TAGS),
            "pydicom": partial(headers_by_pydicom, paths),
        },
    }
    for peer, read in (("SimpleITK", by_simpleitk), ("highdicom", by_highdicom)):
        if importlib.util.find_spec(peer):
            rows["Hounsfield units"][peer] = partial(read, folder)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure volumes and headers of series.")
    parser.add_argument("--files", type=int, default=300, help="slices; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=20, help="of taking turns, for each row; default: %(default)s")
    options = parser.parse_args()
    # Measure pydicom without dicomet, which pylibjpeg would otherwise use as a plugin.
    os.environ["DICOMET"] = "0"
    limit = Limit(MIN_ROUNDS, MAX_ROUNDS, options.seconds)
    table = Table("", "reader", "s", "times as long", title=f"{options.files} slices, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        paths = write(Path(name), options.files)
        for row, readers in calls(Path(name), paths).items():
            results = [np.asarray(reader()) for reader in readers.values()] if row != "headers" else []
            if any(not np.array_equal(results[0], other) for other in results):
                raise ValueError(f"{row}: the arrays differ")
            del results
            times = medians(time_interleaved(readers, limit))
            for reader, seconds in times.items():
                table.add_row(row, reader, f"{seconds:.3f}", f"{seconds / times['dicomet']:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
