"""Generated series, whose voxels have values that say where they are."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def oblique() -> tuple[float, ...]:
    """Return direction cosines that are parallel to no axis, as decimals of 16 characters hold them."""
    x, y = np.array([0.8, 0.36, -0.48]), np.array([0.0, 0.8, 0.6])
    assert abs(x @ y) < 1e-12
    return (*x.tolist(), *y.tolist())


@dataclass
class Stack:
    """A stack of slices. `step`: the vector from one slice to the next; by default along the normal."""

    count: int = 5
    shape: tuple[int, int] = (4, 6)
    orientation: tuple[float, ...] = AXIAL
    spacing: tuple[float, float] = (0.5, 0.75)
    distance: float = 2.5
    origin: tuple[float, float, float] = (-100.25, -50.5, 20.125)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    uid: str = field(default_factory=generate_uid)
    frame_of_reference: str = field(default_factory=generate_uid)

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def step(self) -> np.ndarray:
        return self.distance * self.normal + np.array(self.shift)

    def position(self, number: float) -> list[float]:
        return [round(one, 8) for one in (np.array(self.origin) + number * self.step).tolist()]

    def samples(self, number: int) -> np.ndarray:
        """Return the stored values of a slice, which are those of no other pixel of the stack."""
        rows, columns = self.shape
        return (number * rows * columns + np.arange(rows * columns)).reshape(rows, columns).astype(np.uint16)

    def array(self) -> np.ndarray:
        return np.stack([self.samples(number) for number in range(self.count)])

    def affine(self) -> np.ndarray:
        """Return the matrix from (slice, row, column, 1) to LPS, by PS3.3 C.7.6.2.1.1."""
        affine = np.eye(4)
        affine[:3, 0] = self.step
        affine[:3, 1] = self.spacing[0] * np.array(self.orientation[3:])
        affine[:3, 2] = self.spacing[1] * np.array(self.orientation[:3])
        affine[:3, 3] = self.origin
        return affine

    def slice(self, number: int, **elements: Any) -> Dataset:
        """Return one slice as a CT image; `elements` replace others, or delete them if they are None."""
        data = _image(CTImageStorage, self.samples(number))
        data.SeriesInstanceUID, data.FrameOfReferenceUID = self.uid, self.frame_of_reference
        data.InstanceNumber = number + 1
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.ImagePositionPatient = self.position(number)
        data.ImageOrientationPatient = list(self.orientation)
        data.PixelSpacing = list(self.spacing)
        data.SliceThickness = 5
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        for keyword, value in elements.items():
            if value is None:
                delattr(data, keyword)
            else:
                setattr(data, keyword, value)
        return data

    def slices(self) -> list[Dataset]:
        return [self.slice(number) for number in range(self.count)]

    def write(self, folder: Path, seed: int = 0) -> list[Path]:
        """Write the slices in random order, named by it, and return their paths in the order of space."""
        return write(folder, self.slices(), seed)


def write(folder: Path, slices: list[Dataset], seed: int = 0) -> list[Path]:
    folder.mkdir(exist_ok=True, parents=True)
    names = np.random.default_rng(seed).permutation(len(slices)).tolist()
    paths = [folder / f"{name:03}.dcm" for name in names]
    for path, data in zip(paths, slices, strict=True):
        data.save_as(path, enforce_file_format=True)
    return paths


def _image(sop_class: str, samples: np.ndarray) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = sop_class, generate_uid()
    data.file_meta.MediaStorageSOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.PatientName, data.Modality, data.SeriesDescription, data.SeriesNumber = "DOE^JANE", "CT", "Thorax", 3
    data.StudyInstanceUID = generate_uid()
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = samples.shape[-2:]
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = samples.astype("<u2").tobytes()
    return data


def enhanced(stack: Stack, order: list[int], slopes: list[float] | None = None) -> Dataset:
    """Return a stack as one enhanced CT file, with its frames in `order`."""
    data = _image(EnhancedCTImageStorage, np.stack([stack.samples(number) for number in order]))
    data.NumberOfFrames = len(order)
    data.SeriesInstanceUID, data.FrameOfReferenceUID = stack.uid, stack.frame_of_reference
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(stack.orientation))]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(stack.spacing), SliceThickness=5)]
    data.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for place, number in enumerate(order):
        frame = Dataset()
        frame.PlanePositionSequence = [_item(ImagePositionPatient=stack.position(number))]
        slope = slopes[place] if slopes else 1
        frame.PixelValueTransformationSequence = [_item(RescaleSlope=slope, RescaleIntercept=-1024, RescaleType="HU")]
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = frames
    return data


def _item(**elements: Any) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item
