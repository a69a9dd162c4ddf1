"""Display and modality values of dicomet, compared with pydicom's functions in one run.

``python benches/bench_display.py`` writes its own files into a temporary folder. There are two figures for pydicom: the
time from the file name to the result, and the time of its functions alone on a decoded array. Those of dicomet always
start at the file name.
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from rich.console import Console
from rich.table import Table

import dicomet
from bench_convert import ct, mammogram, write_dicom


def read(path: Path) -> tuple[pydicom.Dataset, np.ndarray]:
    ds = pydicom.dcmread(path)
    return ds, ds.pixel_array


def displayed(ds: pydicom.Dataset, array: np.ndarray) -> np.ndarray:
    """Return the result of `to_display`, computed with pydicom's functions."""
    shown = apply_voi_lut(apply_modality_lut(array, ds), ds)
    low, high = (float(ds.RescaleIntercept) + stored for stored in (0, 2**ds.BitsStored - 1))
    return ((shown - low) * (255 / (high - low)) + 0.5).astype(np.uint8)


def median(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of `call` in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def row(name: str, path: Path, rounds: int) -> list[str]:
    """Return the table row of one file, with the interleaved times of all functions."""
    ds, array = read(path)
    assert np.abs(dicomet.to_display(path).astype(int) - displayed(ds, array)).max() <= 1
    ways: dict[str, Callable[[], object]] = {
        "pydicom": lambda: displayed(*read(path)),
        "functions": lambda: displayed(ds, array),
        "to_display": lambda: dicomet.to_display(path),
        "minmax": lambda: dicomet.to_display(path, window="minmax"),
        "modality": lambda: apply_modality_lut(*reversed(read(path))),
        "modality_values": lambda: dicomet.modality_values(path),
    }
    each: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(3):
        for way, call in ways.items():
            each[way].append(median(call, rounds))
    times = {way: statistics.median(found) for way, found in each.items()}
    ratios = [f"{times[way] / times['to_display']:.0f} x" for way in ("pydicom", "functions")]
    ratios.append(f"{times['modality'] / times['modality_values']:.0f} x")
    return [name, *(f"{times[way]:.3g}" for way in ways), ", ".join(ratios)]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="timed runs of each way in each turn (default: 9)")
    rounds = parser.parse_args().rounds
    table = Table(title="ms, medians")
    for column in (
        "image",
        "pydicom",
        "functions alone",
        "to_display",
        "minmax",
        "pydicom, modality",
        "modality_values",
    ):
        table.add_column(column)
    table.add_column("ratios")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small, large = Path(folder, "ct.dcm"), Path(folder, "mg.dcm")
        write_dicom(small, ct(0), (40, 400), -1024)
        write_dicom(large, mammogram(0), (1500, 3000), 0)
        table.add_row(*row("CT, 512 x 512", small, rounds))
        table.add_row(*row("mammogram, 3328 x 2560", large, rounds))
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
