"""Real world values, overlays, and windows over all frames, side by side with pydicom and highdicom in one run.

``python benches/bench_values.py`` makes its own files in memory. Each row has the median time of dicomet, and that of
another way to the same array; highdicom is measured if it is installed.
"""

import argparse
import io
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from rich.console import Console
from rich.table import Table

import dicomet
from bench_display import median

SIDE, FRAMES = 512, 30
TURNS = 3


def file_of(frames: int) -> bytes:
    """Return a file of 12 of 16 bits with a mapping to real world values and an overlay."""
    rng = np.random.default_rng(1)
    ds, item, code = Dataset(), Dataset(), Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    ds.Rows = ds.Columns = SIDE
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    if frames > 1:
        ds.NumberOfFrames = frames
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "Bq/ml", "UCUM", "Becquerels per milliliter"
    item.MeasurementUnitsCodeSequence, item.LUTLabel, item.LUTExplanation = [code], "activity", "activity"
    item.add_new(0x00409216, "US", 0)
    item.add_new(0x00409211, "US", 4095)
    item.RealWorldValueSlope, item.RealWorldValueIntercept = 0.37, 1.0
    ds.RealWorldValueMappingSequence = [item]
    mask = rng.random((SIDE, SIDE)) < 0.02
    for number, vr, value in (
        *((0x10, "US", SIDE), (0x11, "US", SIDE), (0x40, "CS", "G"), (0x50, "SS", [1, 1]), (0x100, "US", 1)),
        *((0x102, "US", 0), (0x3000, "OW", np.packbits(mask, bitorder="little").tobytes())),
    ):
        ds.add_new(0x60000000 | number, vr, value)
    ds.PixelData = rng.integers(0, 4096, (frames, SIDE, SIDE)).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    file = io.BytesIO()
    pydicom.dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


def rows(one: bytes, several: bytes) -> list[tuple[str, Callable[[], Any], str, Callable[[], Any]]]:
    """Return the name of each row, the function of dicomet, and the other way with its name."""

    def read() -> Dataset:
        return pydicom.dcmread(io.BytesIO(one))

    found: list[tuple[str, Callable[[], Any], str, Callable[[], Any]]] = [
        (
            "real world values",
            lambda: dicomet.real_world_values(one).values,
            "pydicom and NumPy",
            lambda: read().pixel_array * 0.37 + 1.0,
        ),
        (
            f"real world values, {FRAMES} frames",
            lambda: dicomet.real_world_values(several).values,
            "pydicom and NumPy",
            lambda: pydicom.dcmread(io.BytesIO(several)).pixel_array * 0.37 + 1.0,
        ),
        ("overlays", lambda: dicomet.overlays(one)[0].array, "pydicom", lambda: read().overlay_array(0x6000)),
        (
            "drawn overlay",
            lambda: dicomet.to_display(one, overlays=True),
            "to_display without it",
            lambda: dicomet.to_display(one),
        ),
        (
            f"minmax over {FRAMES} frames",
            lambda: dicomet.to_display(several, window="minmax", window_over="image"),
            "each frame by itself",
            lambda: dicomet.to_display(several, window="minmax"),
        ),
        (
            f"percentile over {FRAMES} frames",
            lambda: dicomet.to_display(several, window="percentile", window_over="image"),
            "each frame by itself",
            lambda: dicomet.to_display(several, window="percentile"),
        ),
    ]
    try:
        import highdicom  # noqa: PLC0415 - a peer that may not be installed
    except ImportError:
        return found

    def by_highdicom() -> Any:
        return highdicom.imread(io.BytesIO(one)).get_frame(1, apply_real_world_transform=True)

    return [found[0], ("real world values", found[0][1], "highdicom", by_highdicom), *found[1:]]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="timed runs of each way in each turn (default: 9)")
    rounds = parser.parse_args().rounds
    table = Table("what", "dicomet", "other way", "ms", "ratio", title=f"ms, medians, {SIDE} x {SIDE}")
    for name, ours, other, theirs in rows(file_of(1), file_of(FRAMES)):
        if other not in {"to_display without it", "each frame by itself"}:
            np.testing.assert_array_equal(ours(), theirs())
        each = [(median(ours, rounds), median(theirs, rounds)) for _ in range(TURNS)]
        mine, peer = (statistics.median(times) for times in zip(*each, strict=True))
        table.add_row(name, f"{mine:.3g}", other, f"{peer:.3g}", f"{peer / mine:.2g} x")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
