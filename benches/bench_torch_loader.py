"""Measure the loaders for PyTorch and MONAI, interleaved with typical code that does without them.

python benches/bench_torch_loader.py
python benches/bench_torch_loader.py --only RLE --files 50 --seconds 20
python benches/bench_torch_loader.py --only resized --files 400

A `DicomDataset` and a data set of a few lines around pydicom each go through a `DataLoader`, once without processes and
once with two that are started in advance. Then MONAI's `LoadImage` reads a series with each reader. Both sides produce
the same tensors: gray values from 0 to 1, stored values, the volume, or images of 224 x 224 with three channels.

The rows "bad files" compare a `DicomDataset` of good files with one of which 2 % are damaged, and skipped.
"""

import argparse
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import torch
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

from dicomet._utils.timing import Limit, medians, time_interleaved
from dicomet.torch import DicomDataset
from workloads import Workload, cr, ct

KINDS = [
    Workload("CT", ct, (1, 512, 512)),
    Workload("CT, RLE", ct, (1, 512, 512), rle=True),
    Workload("CR", cr, (1, 2140, 1760), bits=(16, 10)),
]
PROCESSES = (0, 2)
SIZE, CHANNELS = (224, 224), 3
# One of 50 files is damaged.
BAD_STEP = 50
MIN_ROUNDS, MAX_ROUNDS = 3, 30


class Usual(Dataset[Any]):
    """A typical data set: rescaling and window by pydicom, then normalization to 0 to 1."""

    def __init__(
        self, paths: list[Path], values: str, transform: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> None:
        self.paths, self.values, self.transform = paths, values, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        ds = pydicom.dcmread(self.paths[index])
        array = ds.pixel_array
        if self.values == "display":
            array = apply_voi_lut(apply_modality_lut(array, ds), ds).astype(np.float32)
            array = (array - array.min()) / (array.max() - array.min())
        image = torch.from_numpy(array[None])
        return image if self.transform is None else self.transform(image)


def resize(image: torch.Tensor) -> torch.Tensor:
    """Resize as `torchvision.transforms.v2.Resize` does, and repeat the gray values."""
    resized = torch.nn.functional.interpolate(image[None], SIZE, mode="bilinear", antialias=True)[0]
    return resized.repeat(CHANNELS, 1, 1)


def write(kind: Workload, folder: Path, count: int) -> list[Path]:
    """Write `count` files of a kind, with a window, as the slices of a series."""
    ds = pydicom.dcmread(kind.write(folder))
    ds.RescaleIntercept, ds.RescaleSlope = 0, 1
    ds.WindowCenter, ds.WindowWidth = 300, 900
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.7, 0.7]
    series = folder / kind.name
    series.mkdir()
    for number in range(count):
        ds.InstanceNumber, ds.ImagePositionPatient = number + 1, [0, 0, number]
        ds.save_as(series / f"{number:04}.dcm")
    return sorted(series.iterdir())


def loaders(paths: list[Path], values: str) -> dict[str, Callable[[], object]]:
    """Return functions that load all files once, without and with processes."""
    options: dict[str, Any] = {"dtype": np.float32} if values == "display" else {}
    return epochs({"usual": Usual(paths, values), "dicomet": DicomDataset(paths, values=values, **options)})


def resized_loaders(paths: list[Path]) -> dict[str, Callable[[], object]]:
    """Return functions that load all files resized."""
    usual = Usual(paths, "display", resize)
    ours = DicomDataset(paths, size=SIZE, channels=CHANNELS, dtype=np.float32)
    difference = max((ours[index] - by_torch(path)).abs().max().item() for index, path in enumerate(paths[:4]))
    if difference > 1e-5:
        raise ValueError(f"the resized images differ by {difference}")
    return epochs({"usual": usual, "dicomet": ours})


def by_torch(path: Path) -> torch.Tensor:
    return resize(DicomDataset([path], dtype=np.float32)[0])


def skipping_loaders(paths: list[Path]) -> dict[str, Callable[[], object]]:
    """Return functions that load good files, and as many files of which 2 % are damaged."""
    folder = paths[0].parent.with_name("damaged")
    shutil.copytree(paths[0].parent, folder)
    damaged = sorted(folder.iterdir())
    for path in damaged[::BAD_STEP]:
        path.write_bytes(path.read_bytes()[:-1000])
    options: dict[str, Any] = {"dtype": np.float32, "on_error": "skip"}
    return epochs({"good": DicomDataset(paths, **options), "2 % bad": DicomDataset(damaged, **options)})


def epochs(sets: dict[str, Dataset[Any]]) -> dict[str, Callable[[], object]]:
    """Return functions that go once over each data set, without and with processes."""
    calls: dict[str, Callable[[], object]] = {}
    for processes in PROCESSES:
        for name, images in sets.items():
            loader = DataLoader(images, batch_size=8, num_workers=processes, persistent_workers=processes > 0)
            calls[f"{name}, {processes}"] = partial(epoch, loader)
    return calls


def epoch(loader: DataLoader[Any]) -> int:
    """Load all files, and return their number."""
    return sum(len(batch) for batch in loader)


def readers(series: Path) -> dict[str, Callable[[], object]]:
    """Return functions that load the series with MONAI."""
    from monai.data.image_reader import PydicomReader  # noqa: PLC0415 - takes seconds, and may not be installed
    from monai.transforms import LoadImage  # noqa: PLC0415

    from dicomet.monai import DicometReader  # noqa: PLC0415

    found = {"PydicomReader": LoadImage(reader=PydicomReader()), "DicometReader": LoadImage(reader=DicometReader())}
    return {name: partial(load, series) for name, load in found.items()}


def measure(table: Table, row: str, calls: dict[str, Callable[[], object]], files: int, limit: Limit) -> None:
    """Add a row for each pair of calls: the images per second of both, and the ratio of the second to the first."""
    for call in calls.values():
        call()
    times = medians(time_interleaved(calls, limit))
    pairs = list(zip(*[iter(times)] * 2, strict=True))
    for usual, ours in pairs:
        rates = [files / times[name] for name in (usual, ours)]
        table.add_row(row, usual, f"{rates[0]:.0f}", ours, f"{rates[1]:.0f}", f"{rates[1] / rates[0]:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the loaders for PyTorch and MONAI.")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose names contain this")
    parser.add_argument("--files", type=int, default=200, help="of each kind; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=15, help="of taking turns, for each row; default: %(default)s")
    options = parser.parse_args()
    # Measure pydicom without dicomet, which pylibjpeg would otherwise use as a plugin.
    os.environ["DICOMET"] = "0"
    # One thread, as in the worker processes. On a busy machine, OpenMP's threads wait for each other at every batch.
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*the file is skipped")
    limit = Limit(MIN_ROUNDS, MAX_ROUNDS, options.seconds)
    table = Table(
        "", "", "images/s", "", "images/s", "times", title=f"{os.cpu_count()} cores, torch {torch.__version__}"
    )
    for kind in KINDS:
        # About the same number of pixels for each kind.
        files = max(8, options.files * 512 * 512 // (kind.shape[1] * kind.shape[2]))
        with tempfile.TemporaryDirectory() as folder:
            paths = write(kind, Path(folder), files)
            for values in ("display", "stored"):
                if options.only in (row := f"{kind.name}, {values}"):
                    measure(table, row, loaders(paths, values), files, limit)
            if options.only in (row := f"{kind.name}, resized"):
                measure(table, row, resized_loaders(paths), files, limit)
            if options.only in (row := f"{kind.name}, bad files"):
                measure(table, row, skipping_loaders(paths), files, limit)
            if options.only in (row := f"{kind.name}, MONAI series"):
                measure(table, row, readers(paths[0].parent), files, limit)
    Console().print(table)


if __name__ == "__main__":
    main()
