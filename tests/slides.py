"""Tiled images of any layout, made from their pixel matrices, and the plain assembly of their frames."""

import io
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from encoders import lossless, pillow
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    VLWholeSlideMicroscopyImageStorage,
    generate_uid,
)

PADDING = 77
Place = tuple[int, int, int, int]
"""Optical path, focal plane, and the row and column of the top left pixel, counted from 0."""


def _j2k(tile: np.ndarray) -> bytes:
    import imagecodecs  # noqa: PLC0415 - `encoders` skips without it

    return bytes(imagecodecs.jpeg2k_encode(tile, level=0, reversible=True, codecformat="j2k", mct=False, resolutions=4))


def _htj2k(tile: np.ndarray) -> bytes:
    return lossless("HTJ2K", tile, 8 * tile.itemsize)


def _jpeg(tile: np.ndarray) -> bytes:
    return pillow(tile, subsampling=0)


CODECS: dict[str, tuple[UID, Callable[[np.ndarray], bytes]]] = {
    "native": (ExplicitVRLittleEndian, np.ndarray.tobytes),
    "implicit VR": (ImplicitVRLittleEndian, np.ndarray.tobytes),
    "JPEG": (JPEGBaseline8Bit, _jpeg),
    "JPEG 2000": (JPEG2000Lossless, _j2k),
    "HTJ2K": (HTJ2KLossless, _htj2k),
}
EXACT = [codec for codec in CODECS if codec != "JPEG"]


def matrices(paths: int, planes: int, rows: int, columns: int, *, samples: int = 3) -> np.ndarray:
    """Pixel matrices of shape ``(paths, planes, rows, columns[, samples])``: smooth, with noise, all different."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:rows, :columns]
    smooth = 120 + 60 * np.sin(x / 17) * np.cos(y / 13)
    shape = (paths, planes, rows, columns, samples)
    values = (
        smooth[..., np.newaxis]
        + rng.integers(-9, 10, shape)
        + np.arange(paths * planes).reshape(paths, planes, 1, 1, 1)
    )
    found = values.clip(0, 254).astype(np.uint8)
    return found if samples > 1 else found[..., 0]


@dataclass(frozen=True)
class Slide:
    """A slide with the pixel matrices `values` of shape ``(paths, planes, rows, columns[, samples])``."""

    values: np.ndarray
    tile: tuple[int, int] = (32, 48)
    codec: str = "native"
    sparse: bool = False
    missing: frozenset[Place] = frozenset()
    names: tuple[str, ...] = ("1", "2", "3", "4")
    z_offsets: tuple[float, ...] = (0.0, 1.5, 3.0, 4.5)
    order: Callable[[list[Place]], Iterable[Place]] = field(default=list)

    @property
    def places(self) -> list[Place]:
        """The places of the frames: rows of tiles, then focal planes, then optical paths, except the missing ones."""
        paths, planes, rows, columns = self.values.shape[:4]
        axes = (range(paths), range(planes), range(0, rows, self.tile[0]), range(0, columns, self.tile[1]))
        return list(self.order([place for place in itertools.product(*axes) if place not in self.missing]))

    def frame(self, place: Place) -> np.ndarray:
        """The tile at `place`, padded to the size of a tile."""
        path, plane, row, column = place
        shown = self.values[path, plane, row : row + self.tile[0], column : column + self.tile[1]]
        padded = np.full((*self.tile, *self.values.shape[4:]), PADDING, self.values.dtype)
        padded[: shown.shape[0], : shown.shape[1]] = shown
        return padded

    def expected(self, path: int = 0, plane: int = 0, background: int = 255) -> np.ndarray:
        """The matrix of one plane, without the missing tiles."""
        matrix = self.values[path, plane].copy()
        for one, depth, row, column in self.missing:
            if (one, depth) == (path, plane):
                matrix[row : row + self.tile[0], column : column + self.tile[1]] = background
        return matrix


def assembled(slide: Slide, frames: np.ndarray, path: int = 0, plane: int = 0) -> np.ndarray:
    """The matrix of one plane of a slide without missing tiles, from its decoded frames."""
    matrix = np.zeros((slide.values.shape[2] + slide.tile[0], slide.values.shape[3] + slide.tile[1], *frames.shape[3:]))
    for frame, (one, depth, row, column) in zip(frames, slide.places, strict=True):
        if (one, depth) == (path, plane):
            matrix[row : row + slide.tile[0], column : column + slide.tile[1]] = frame
    return matrix[: slide.values.shape[2], : slide.values.shape[3]].astype(frames.dtype)


def item(**elements: object) -> Dataset:
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def dataset(slide: Slide, **changes: object) -> Dataset:
    """The slide as a data set with the elements `changes`; those that are None are left out."""
    syntax, encode = CODECS[slide.codec]
    paths, planes, rows, columns = slide.values.shape[:4]
    found = item(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage,
        SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(),
        FrameOfReferenceUID=generate_uid(),
        PatientID="1",
        Modality="SM",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        Rows=slide.tile[0],
        Columns=slide.tile[1],
        NumberOfFrames=len(slide.places),
        SamplesPerPixel=3 if slide.values.ndim == 5 else 1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=8 * slide.values.itemsize,
        BitsStored=8 * slide.values.itemsize,
        HighBit=8 * slide.values.itemsize - 1,
        PixelRepresentation=0,
        DimensionOrganizationType="TILED_SPARSE" if slide.sparse else "TILED_FULL",
        TotalPixelMatrixRows=rows,
        TotalPixelMatrixColumns=columns,
        TotalPixelMatrixFocalPlanes=planes,
        NumberOfOpticalPaths=paths,
        ImagedVolumeWidth=columns * 0.0005,
        ImagedVolumeHeight=rows * 0.0005,
        ImagedVolumeDepth=1.0,
        ImageOrientationSlide=[0.0, -1.0, 0.0, -1.0, 0.0, 0.0],
        TotalPixelMatrixOriginSequence=[
            item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0,
                 ZOffsetInSlideCoordinateSystem=slide.z_offsets[0])
        ],
        OpticalPathSequence=[
            item(OpticalPathIdentifier=name, OpticalPathDescription=f"dye {name}") for name in slide.names[:paths]
        ],
        SharedFunctionalGroupsSequence=[
            item(PixelMeasuresSequence=[
                item(PixelSpacing=[0.0005, 0.0005], SliceThickness=0.001,
                     SpacingBetweenSlices=(slide.z_offsets[1] - slide.z_offsets[0]) / 1000)
            ])
        ],
    )  # fmt: skip
    if found.SamplesPerPixel == 3:
        found.PlanarConfiguration = 0
        found.PhotometricInterpretation = "YBR_FULL_422" if slide.codec == "JPEG" else "RGB"
    if slide.sparse:
        found.PerFrameFunctionalGroupsSequence = [groups_of(slide, place) for place in slide.places]
    frames = [encode(slide.frame(place)) for place in slide.places]
    found.PixelData = (
        b"".join(frames) if syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian) else encapsulate(frames)
    )
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = syntax
    for keyword, value in changes.items():
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)
    return found


def groups_of(slide: Slide, place: Place) -> Dataset:
    """The functional groups of the frame at `place`."""
    path, plane, row, column = place
    return item(
        FrameContentSequence=[item(DimensionIndexValues=[column // slide.tile[1] + 1, row // slide.tile[0] + 1])],
        PlanePositionSlideSequence=[
            item(
                XOffsetInSlideCoordinateSystem=f"{20 - row * 0.0005:.4f}",
                YOffsetInSlideCoordinateSystem=f"{40 - column * 0.0005:.4f}",
                ZOffsetInSlideCoordinateSystem=slide.z_offsets[plane],
                ColumnPositionInTotalImagePixelMatrix=column + 1,
                RowPositionInTotalImagePixelMatrix=row + 1,
            )
        ],
        OpticalPathIdentificationSequence=[item(OpticalPathIdentifier=slide.names[path])],
    )


def undefined_lengths(found: Dataset) -> None:
    """Encode all sequences and items with undefined lengths."""
    for element in found:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for each in element.value:
                each.is_undefined_length_sequence_item = True
                undefined_lengths(each)


def file_of(found: Dataset) -> bytes:
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, found, enforce_file_format=True)
    return stream.getvalue()


def saved(path: Path, slide: Slide, **changes: object) -> Path:
    path.write_bytes(file_of(dataset(slide, **changes)))
    return path
