"""Class folders of small generated DICOM images, for the examples and their tests.

$ python examples/toy_data.py FOLDER

writes ``FOLDER/train`` and ``FOLDER/test``, each with one folder per class. The images show a disc, a ring or a cross,
in the forms that real archives mix: signed and unsigned, gray and color, compressed and uncompressed, inverted or not,
with and without rescaling and windows. A model learns only if the loader reads all of them correctly.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

SIZE = 48
CLASSES = ("cross", "disc", "ring")
# The ratio of training files to test files in each class.
TRAIN_TO_TEST = 4


def make(folder: str | Path, *, per_class: int = 100, seed: int = 0) -> Path:
    """Write the files and return the folder. The same arguments give the same files.

    Parameters
    ----------
    folder : path
        Folder in which ``train`` and ``test`` are created.
    per_class : int
        Number of files per class in ``train``; ``test`` has a quarter of that, at least one.
    seed : int
        Seed of the random numbers.

    """
    counts = {"train": per_class, "test": max(1, per_class // TRAIN_TO_TEST)}
    for part, (split, count) in enumerate(counts.items()):
        for label, name in enumerate(CLASSES):
            target = Path(folder) / split / name
            target.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                rng = np.random.default_rng([seed, part, label, number])
                form = FORMS[number % len(FORMS)]
                ds = form(_picture(name, rng))
                _identify(ds, f"{seed}/{split}/{name}/{number}")
                ds.save_as(target / f"{name}_{number:04}.dcm", enforce_file_format=True)
    return Path(folder)


def _picture(name: str, rng: np.random.Generator) -> np.ndarray:
    """Return an image of the class `name`, bright on dark, with values from 0 to 1."""
    radius = rng.uniform(7, 12)
    y, x = np.mgrid[:SIZE, :SIZE] - rng.uniform(14, SIZE - 14, (2, 1, 1))
    distance = np.hypot(x, y)
    shape = {
        "cross": (np.maximum(abs(x), abs(y)) < radius) & (np.minimum(abs(x), abs(y)) < radius / 4),
        "disc": distance < radius,
        "ring": (distance < radius) & (distance > radius / 2),
    }[name]
    dark, bright = rng.uniform(0.05, 0.25), rng.uniform(0.6, 0.9)
    return np.clip(np.where(shape, bright, dark) + rng.normal(0, 0.04, (SIZE, SIZE)), 0, 1)


def _signed(picture: np.ndarray) -> Dataset:
    """Return an image like those of CT: 12 bits, signed, water at 0."""
    ds = _image((picture * 1000 - 500).astype("<i2"), bits_stored=12)
    ds.RescaleIntercept, ds.RescaleSlope = 0, 1
    ds.WindowCenter, ds.WindowWidth = 0, 1000
    return ds


def _run_length_encoded(picture: np.ndarray) -> Dataset:
    """Return an image in RLE Lossless, without a window."""
    ds = _image((picture * 4095).astype("<u2"), bits_stored=12)
    ds.compress(RLELossless, generate_instance_uid=False)
    return ds


def _inverted(picture: np.ndarray) -> Dataset:
    """Return an image like a radiograph, whose lowest value is white."""
    ds = _image(((1 - picture) * 1023).astype("<u2"), bits_stored=10, photometric_interpretation="MONOCHROME1")
    ds.WindowCenter, ds.WindowWidth = 512, 1024
    return ds


def _colored(picture: np.ndarray) -> Dataset:
    """Return an image like those of endoscopes, or a screenshot: RGB with 8 bits per sample."""
    tint = np.array([1.0, 0.85, 0.7])
    return _image((picture[..., None] * tint * 255).astype("u1"), bits_stored=8, photometric_interpretation="RGB")


def _rescaled(picture: np.ndarray) -> Dataset:
    """Return an image like those of PET: 16 bits, with a slope, and a window on the rescaled values."""
    ds = _image((picture * 60000 + 1000).astype("<u2"), bits_stored=16)
    ds.RescaleIntercept, ds.RescaleSlope = -50, 0.05
    ds.WindowCenter, ds.WindowWidth = 1500, 3000
    return ds


FORMS: tuple[Callable[[np.ndarray], Dataset], ...] = (_signed, _run_length_encoded, _inverted, _colored, _rescaled)


def _image(array: np.ndarray, *, bits_stored: int, photometric_interpretation: str = "MONOCHROME2") -> Dataset:
    """Return the data set of an uncompressed image (PS3.3 C.7.6.3)."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.Rows, ds.Columns = array.shape[:2]
    ds.SamplesPerPixel = array.shape[2] if array.ndim > 2 else 1  # noqa: PLR2004 - rows, columns, samples
    if ds.SamplesPerPixel > 1:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = photometric_interpretation
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit = bits_stored, bits_stored - 1
    ds.PixelRepresentation = int(array.dtype.kind == "i")
    # Bits above Bits Stored have no meaning, and a reader must ignore them (PS3.5 8.1.1).
    unsigned = array.view(f"<u{array.dtype.itemsize}") & ((1 << bits_stored) - 1)
    ds.PixelData = unsigned.tobytes()
    ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"  # noqa: PLR2004 - PS3.5 8.1
    return ds


def _identify(ds: Dataset, name: str) -> None:
    """Set the SOP class and the identifiers that every DICOM file has, derived from `name` only."""
    is_color = ds.SamplesPerPixel > 1
    ds.SOPClassUID = SecondaryCaptureImageStorage if is_color else CTImageStorage
    ds.Modality = "OT" if is_color else "CT"
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[name, "instance"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "series"])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[name, "study"])
    ds.PatientName, ds.PatientID = "Toy^Data", "toy"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write class folders of generated DICOM images.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-class", type=int, default=100, help="files of each class for training (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: 0)")
    options = parser.parse_args()
    make(options.folder, per_class=options.per_class, seed=options.seed)
