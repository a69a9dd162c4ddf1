"""Draw the pictures of the documentation with dicomet, from generated images and from one of pydicom's.

Usage: python tools/draw_images.py; it writes docs/images/NAME.png. Needs Pillow.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
    VLWholeSlideMicroscopyImageStorage,
    generate_uid,
)

import dicomet

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
GAP, COLORS = 6, 64
MARK = (40, 0, 80)


def image(sop_class: str, samples: np.ndarray, **elements: object) -> Dataset:
    """Return samples of shape ``(frames, rows, columns[, 3])`` as a data set."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID, found.SOPInstanceUID = sop_class, generate_uid()
    found.NumberOfFrames, found.Rows, found.Columns = samples.shape[:3]
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    if samples.ndim == 4:  # noqa: PLR2004
        found.SamplesPerPixel, found.PhotometricInterpretation, found.PlanarConfiguration = 3, "RGB", 0
    bits = 8 * samples.itemsize
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = bits, bits, bits - 1, 0
    found.PixelData = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def ball(grid: Sequence[np.ndarray], center: Sequence[float], radii: Sequence[float]) -> np.ndarray:
    """Return which points of `grid` are in an ellipsoid."""
    axes = zip(grid, center, radii, strict=True)
    inside: np.ndarray = sum(((points - middle) / radius) ** 2 for points, middle, radius in axes) < 1
    return inside


def head(shape: tuple[int, int, int]) -> np.ndarray:
    """Return Hounsfield units of a phantom of a head: skin, skull, brain, ventricles, a lesion and the sinuses."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    grid = z, y, x
    values = np.full(shape, -1000.0)
    values[ball(grid, (0, 0, 0), (0.95, 0.9, 0.75))] = 50
    values[ball(grid, (0, 0, 0), (0.9, 0.84, 0.69))] = 900
    values[ball(grid, (0, 0, 0), (0.82, 0.76, 0.62))] = 36
    for side in (-1, 1):
        values[ball(grid, (0.1, 0.05, side * 0.16), (0.3, 0.34, 0.09))] = 4
        values[ball(grid, (-0.45, -0.62, side * 0.12), (0.12, 0.12, 0.1))] = -900
    values[ball(grid, (0.25, 0.3, 0.33), (0.12, 0.1, 0.1))] = 82
    return values


def volume() -> np.ndarray:
    """Return the axial, coronal and sagittal plane through the lesion of a phantom, with square pixels."""
    values = head((48, 160, 130))
    series, frame = generate_uid(), generate_uid()
    slices = [
        image(
            CTImageStorage, (values[number : number + 1] + 1024).astype(np.uint16), Modality="CT",
            SeriesInstanceUID=series, FrameOfReferenceUID=frame, ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            ImagePositionPatient=[-65, -80, 4 * number], PixelSpacing=[1.25, 1.25], RescaleSlope=1,
            RescaleIntercept=-1024,
        )
        for number in np.random.default_rng(0).permutation(len(values)).tolist()
    ]  # fmt: skip
    found = dicomet.read_volume(slices, values="display", window=(40, 160))
    between = round(found.spacing[0] / found.spacing[1] * found.shape[0])
    axial = found.array[29]
    planes = [found.array[::-1, 103], found.array[::-1, :, 86]]
    return side_by_side([axial, *(np.asarray(Image.fromarray(one).resize((one.shape[1], between))) for one in planes)])


def tissue(rows: int, columns: int) -> np.ndarray:
    """Return a stained section on glass: fibers and nuclei."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    fibers = np.sin(x / 23 + 3 * np.sin(y / 71 + 1))
    nuclei = np.zeros((rows, columns))
    for row, column in rng.uniform(0, (rows, columns), (rows * columns // 700, 2)):
        box = np.s_[max(0, int(row) - 12) : int(row) + 12, max(0, int(column) - 12) : int(column) + 12]
        nuclei[box] = np.maximum(nuclei[box], np.exp(-((y[box] - row) ** 2 + (x[box] - column) ** 2) / 25))
    angle = np.arctan2(y - rows / 2, x - columns / 2)
    radius = np.hypot((y - rows / 2) / rows, (x - columns / 2) / columns)
    is_tissue = radius < 0.42 + 0.03 * np.sin(5 * angle) + 0.02 * np.sin(11 * angle)
    colors = [225 - 20 * fibers - 130 * nuclei, 170 - 40 * fibers - 120 * nuclei, 205 - 15 * fibers - 60 * nuclei]
    return np.where(is_tissue[..., np.newaxis], np.stack(colors, axis=-1), 246).clip(0, 255).astype(np.uint8)


def slide() -> np.ndarray:
    """Return the thumbnail of a slide with the region that is marked in it."""
    rows, columns, tile = 1536, 2048, 256
    whole = tissue(rows, columns)
    tiles = whole.reshape(rows // tile, tile, columns // tile, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    data = image(
        VLWholeSlideMicroscopyImageStorage, tiles, DimensionOrganizationType="TILED_FULL",
        TotalPixelMatrixRows=rows, TotalPixelMatrixColumns=columns,
    )  # fmt: skip
    matrix = dicomet.open(data).pixel_matrix
    top, left, height, width = 330, 560, 240, 320
    thumbnail = matrix.thumbnail(320)
    box = [number * thumbnail.shape[1] // columns for number in (top, left, top + height, left + width)]
    thumbnail[box[0] : box[2], [box[1], box[1] + 1, box[3] - 1, box[3]]] = MARK
    thumbnail[[box[0], box[0] + 1, box[2] - 1, box[2]], box[1] : box[3]] = MARK
    return side_by_side([thumbnail, matrix[top : top + height, left : left + width]])


def overlays() -> np.ndarray:
    """Return an image without and with its overlay, a contour."""
    path = get_testdata_file("examples_overlay.dcm", download=False)
    return side_by_side([dicomet.to_display(path)[:, :300], dicomet.to_display(path, overlays=True)[:, :300]])


def window_over() -> np.ndarray:
    """Return frames in which contrast medium fills a vessel: above with a window for each, below with one for all."""
    rows, columns, frames = 96, 96, 6
    y, x = np.mgrid[:rows, :columns]
    tissue = 300 + 40 * np.sin(x / 9) * np.cos(y / 7)
    vessel = abs(x - 48 - 18 * np.sin(y / 16)) < 5  # noqa: PLR2004
    film = np.stack([np.where(vessel, 320 + 60 * number, tissue) for number in range(frames)]).astype(np.uint16)
    data = image(UltrasoundMultiFrameImageStorage, film)
    shown = [dicomet.to_display(data, window="minmax", window_over=over) for over in ("frame", "image")]
    return np.concatenate([side_by_side(list(one)) for one in shown])


def side_by_side(images: Sequence[np.ndarray]) -> np.ndarray:
    """Return images, gray or RGB, in a row on white, with gaps."""
    colored = [one if one.ndim == 3 else np.repeat(one[..., np.newaxis], 3, axis=2) for one in images]  # noqa: PLR2004
    height, width = max(len(one) for one in images), sum(one.shape[1] + GAP for one in images) + GAP
    found, left = np.full((height + 2 * GAP, width, 3), 255, np.uint8), GAP
    for one in colored:
        found[GAP : GAP + len(one), left : left + one.shape[1]] = one
        left += one.shape[1] + GAP
    return found


PICTURES: dict[str, Callable[[], np.ndarray]] = {
    "volume": volume,
    "slide": slide,
    "overlays": overlays,
    "window-over": window_over,
}


def main() -> None:
    """Write all pictures, with few colors, which halves them."""
    for name, draw in PICTURES.items():
        path = IMAGES / f"{name}.png"
        Image.fromarray(draw()).quantize(COLORS).save(path, optimize=True)
        sys.stdout.write(f"docs/images/{path.name}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
