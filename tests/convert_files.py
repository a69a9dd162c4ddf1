"""DICOM files for the tests of the converter, and independent readers for its output."""

import io
import signal
import subprocess
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def dicom(array, *, signed=False, frames=1, bits=None) -> bytes:
    """Return a file in native form with the gray values or RGB pixels of `array`."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    shape = array.shape[1:] if frames > 1 else array.shape
    dataset.Rows, dataset.Columns = shape[:2]
    dataset.SamplesPerPixel = 3 if len(shape) == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        dataset.PlanarConfiguration = 0
    if frames > 1:
        dataset.NumberOfFrames = frames
    dataset.BitsAllocated = array.itemsize * 8
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = array.tobytes() + bytes(array.nbytes % 2)
    dataset["PixelData"].VR = "OW" if array.itemsize > 1 else "OB"
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def gray(value=0, shape=(6, 5)):
    """Return 12-bit gray values, starting at `value`."""
    return (np.arange(int(np.prod(shape)), dtype=np.uint16).reshape(shape) * 7 + value) % 4096


def image(value=0) -> bytes:
    """Return a file with the values of `gray(value)`."""
    return dicom(gray(value), bits=12)


def pixels(path) -> np.ndarray:
    """Read an image file."""
    from PIL import Image  # noqa: PLC0415 - tests without it are skipped

    with Image.open(path) as found:
        return np.asarray(found)


def folder(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below `root`, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def names(root: Path) -> set[str]:
    """Return the relative paths of all files below a folder."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def interruptible(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a command in its own process group, with the default handler for SIGINT, which background jobs may lack."""
    return subprocess.Popen(  # noqa: S603 - a command of the tests
        command,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no other thread runs
    )
