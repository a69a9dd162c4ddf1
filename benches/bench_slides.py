"""Regions of whole slide images next to wsidicom, highdicom and OpenSlide, and the time to open 100,000 tiles.

``python benches/bench_slides.py`` generates its slides; it measures the peers that are installed (``pip install
wsidicom highdicom openslide-python openslide-bin``). Each result is compared with dicomet's first, value by value; of
lossy JPEG, another decoder may differ by a few units. Images stay open, except in the rows of opening. The caches of
wsidicom and OpenSlide are off: the same region is read again and again. The readers of a row are interleaved in one
run. ``--only NAME`` selects rows, ``--seconds`` is the time for a row.
"""

import argparse
import struct
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, VLWholeSlideMicroscopyImageStorage, generate_uid
from rich.console import Console
from rich.table import Table

import dicomet
from dicomet._utils.timing import Limit, medians, time_interleaved
from frame_encoding import BASELINE, Encoding, HighThroughputEncoding, Jpeg2000Encoding, JpegEncoding

Read = Callable[[], np.ndarray]
DIFFERENT_TILES = 16
MANY = 100_000


@dataclass(frozen=True)
class Slide:
    """A slide of `grid` tiles of `size` x `size` pixels; `encoding` None for uncompressed ones."""

    name: str
    grid: tuple[int, int]
    size: int
    encoding: Encoding | None
    sparse: bool = False

    def write(self, folder: Path) -> Path:
        """Write the slide. Return its path."""
        found = _elements(self)
        tiles = [tissue(np.random.default_rng(seed), self.size) for seed in range(DIFFERENT_TILES)]
        encode = np.ndarray.tobytes if self.encoding is None else partial(self.encoding.encode, bits=8)
        frames = [encode(tile) for tile in tiles]
        order = [(7 * number) % DIFFERENT_TILES for number in range(self.grid[0] * self.grid[1])]
        if self.encoding is None:
            found.PixelData = b"".join(frames[number] for number in order)
        else:
            found.file_meta.TransferSyntaxUID = self.encoding.transfer_syntax
            found.PhotometricInterpretation = self.encoding.photometric
            found.PixelData = encapsulate([frames[number] for number in order])
            found["PixelData"].VR = "OB"
        path = folder / f"{self.name}.dcm"
        found.save_as(path, enforce_file_format=True)
        return path


def tissue(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a stained tile: nuclei and fibers on pink, with the noise of a camera."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    fibers = np.sin(x / 9 + 3 * np.sin(y / 31 + rng.uniform(0, 6)))
    nuclei = np.zeros((size, size), np.float32)
    for row, column in rng.uniform(0, size, (size * size // 900, 2)):
        box = np.s_[max(0, int(row) - 12) : int(row) + 12, max(0, int(column) - 12) : int(column) + 12]
        nuclei[box] = np.maximum(nuclei[box], np.exp(-((y[box] - row) ** 2 + (x[box] - column) ** 2) / 30))
    color = np.stack(
        (225 - 20 * fibers - 130 * nuclei, 170 - 40 * fibers - 120 * nuclei, 205 - 15 * fibers - 60 * nuclei)
    )
    return (np.moveaxis(color, 0, -1) + rng.normal(0, 3, (size, size, 3))).clip(0, 255).astype(np.uint8)


def _item(**elements: object) -> Dataset:
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def _code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    return [_item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def _elements(slide: Slide) -> Dataset:
    """Return all elements except the frames: those of the standard that peers require."""
    rows, columns = (tiles * slide.size - slide.size // 3 for tiles in slide.grid)
    found = _item(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage, SOPInstanceUID=generate_uid(), StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(), FrameOfReferenceUID=generate_uid(), Modality="SM", PatientID="1",
        PatientName="", StudyID="1", SeriesNumber=1, InstanceNumber=1, AcquisitionDateTime="20260101120000",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], FocusMethod="AUTO", ExtendedDepthOfField="NO",
        BurnedInAnnotation="NO", SpecimenLabelInImage="NO", VolumetricProperties="VOLUME", ContainerIdentifier="1",
        LossyImageCompression="00", PositionReferenceIndicator="SLIDE_CORNER", Manufacturer="",
        ManufacturerModelName="", DeviceSerialNumber="1", SoftwareVersions="1",
        Rows=slide.size, Columns=slide.size, NumberOfFrames=slide.grid[0] * slide.grid[1], SamplesPerPixel=3,
        PlanarConfiguration=0, PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8, HighBit=7,
        PixelRepresentation=0, DimensionOrganizationType="TILED_SPARSE" if slide.sparse else "TILED_FULL",
        TotalPixelMatrixRows=rows, TotalPixelMatrixColumns=columns, TotalPixelMatrixFocalPlanes=1,
        NumberOfOpticalPaths=1, ImagedVolumeWidth=columns * 0.0005, ImagedVolumeHeight=rows * 0.0005,
        ImagedVolumeDepth=1.0, ImageOrientationSlide=[0.0, -1.0, 0.0, -1.0, 0.0, 0.0],
        TotalPixelMatrixOriginSequence=[
            _item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)
        ],
        OpticalPathSequence=[
            _item(OpticalPathIdentifier="1", IlluminationTypeCodeSequence=_code("111744", "DCM", "Brightfield"),
                  IlluminationColorCodeSequence=_code("11744", "SRT", "Full Spectrum"))
        ],
        SharedFunctionalGroupsSequence=[
            _item(PixelMeasuresSequence=[
                _item(PixelSpacing=[0.0005, 0.0005], SliceThickness=0.001, SpacingBetweenSlices=0.001)
            ], OpticalPathIdentificationSequence=[_item(OpticalPathIdentifier="1")])
        ],
    )  # fmt: skip
    organization = generate_uid()
    found.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    found.DimensionIndexSequence = [
        _item(DimensionIndexPointer=tag, FunctionalGroupPointer=0x0048021A, DimensionOrganizationUID=organization)
        for tag in (0x0048021F, 0x0048021E)
    ]
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if slide.sparse:
        found["PerFrameFunctionalGroupsSequence"] = _groups(slide)
    return found


def _groups(slide: Slide) -> pydicom.dataelem.RawDataElement:
    """Return the functional groups of all frames, encoded: a data set for each would take minutes."""
    value = bytearray()
    for row in range(slide.grid[0]):
        for column in range(slide.grid[1]):
            index = _element(0x0020, 0x9157, b"UL", struct.pack("<2L", row + 1, column + 1))
            position = b"".join(
                (
                    _element(0x0040, 0x072A, b"DS", f"{20 - row * slide.size * 0.0005:.6f}".ljust(12).encode()),
                    _element(0x0040, 0x073A, b"DS", f"{40 - column * slide.size * 0.0005:.6f}".ljust(12).encode()),
                    _element(0x0040, 0x074A, b"DS", b"0 "),
                    _element(0x0048, 0x021E, b"SL", struct.pack("<l", column * slide.size + 1)),
                    _element(0x0048, 0x021F, b"SL", struct.pack("<l", row * slide.size + 1)),
                )
            )
            path = _element(0x0048, 0x0106, b"SH", b"1 ")
            value += _item_of(
                _sequence(0x0020, 0x9111, index) + _sequence(0x0048, 0x0207, path) + _sequence(0x0048, 0x021A, position)
            )
    tag = pydicom.tag.Tag(0x52009230)
    return pydicom.dataelem.RawDataElement(tag, "SQ", len(value), bytes(value), 0, False, True)  # noqa: FBT003


def _element(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<2H2sH", group, element, vr, len(value)) + value


def _item_of(content: bytes) -> bytes:
    return struct.pack("<2HL", 0xFFFE, 0xE000, len(content)) + content


def _sequence(group: int, element: int, content: bytes) -> bytes:
    item = _item_of(content)
    return struct.pack("<2H2s2xL", group, element, b"SQ", len(item)) + item


class Reader:
    """A library: how it opens a slide, and how it reads a region of an open one."""

    def __init__(self, name: str, opens: Callable[[Path], object], reads: Callable[..., np.ndarray]) -> None:
        self.name, self.open, self.read = name, opens, reads


def _dicomet() -> Reader:
    def opens(path: Path) -> object:
        return dicomet.open(path).pixel_matrix

    return Reader(
        "dicomet", opens, lambda matrix, row, column, height, width: matrix.region(row, column, height, width)
    )


def _wsidicom() -> Reader:
    from wsidicom import WsiDicom, set_default_settings  # noqa: PLC0415
    from wsidicom.config import Settings  # noqa: PLC0415

    set_default_settings(Settings(decoded_frame_cache_size=1, encoded_frame_cache_size=1))

    def reads(slide: "WsiDicom", row: int, column: int, height: int, width: int) -> np.ndarray:
        return np.asarray(slide.read_region((column, row), 0, (width, height), threads=2))

    return Reader("wsidicom", WsiDicom.open, reads)


def _highdicom() -> Reader:
    import highdicom  # noqa: PLC0415

    def reads(image: "highdicom.Image", row: int, column: int, height: int, width: int) -> np.ndarray:
        ends = {"row_end": row + height, "column_end": column + width}
        return image.get_total_pixel_matrix(
            row_start=row, column_start=column, as_indices=True, dtype=np.uint8, apply_icc_profile=False, **ends
        )

    return Reader("highdicom", lambda path: highdicom.imread(path, lazy_frame_retrieval=True), reads)


def _openslide() -> Reader:
    from openslide import OpenSlide, OpenSlideCache  # noqa: PLC0415

    def opens(path: Path) -> "OpenSlide":
        slide = OpenSlide(path)
        slide.set_cache(OpenSlideCache(0))
        return slide

    def reads(slide: "OpenSlide", row: int, column: int, height: int, width: int) -> np.ndarray:
        return np.asarray(slide.read_region((column, row), 0, (width, height)))[..., :3]

    return Reader("OpenSlide", opens, reads)


PEERS: dict[str, Callable[[], Reader]] = {"wsidicom": _wsidicom, "highdicom": _highdicom, "openslide": _openslide}


def readers() -> list[Reader]:
    """Return dicomet and the peers that are installed."""
    found = []
    for reader in (_dicomet, *PEERS.values()):
        try:
            found.append(reader())
        except ImportError as error:
            print(f"not installed: {error.name}")  # noqa: T201
    return found


SLIDES = (
    Slide("native", (16, 16), 256, None),
    Slide("JPEG 4:2:0", (32, 32), 256, JpegEncoding(BASELINE, "420")),
    Slide("JPEG 4:4:4", (16, 16), 512, JpegEncoding(BASELINE, "444")),
    Slide("JPEG sparse", (32, 32), 256, JpegEncoding(BASELINE, "420"), sparse=True),
    Slide("JPEG 2000", (16, 16), 256, Jpeg2000Encoding()),
    Slide("HTJ2K", (16, 16), 256, HighThroughputEncoding()),
)
REGIONS = {"one tile": (512, 512, 256, 256), "512 x 512": (300, 400, 512, 512), "2000 x 2000": (100, 200, 2000, 2000)}
LARGE = (
    Slide("100,000 tiles, full", (250, 400), 8, None),
    Slide("100,000 tiles, sparse", (250, 400), 8, None, sparse=True),
)


def calls_of(path: Path, region: tuple[int, int, int, int], peers: list[Reader]) -> tuple[dict[str, Read], list[str]]:
    """Return a call for each reader whose result is right, and what is wrong with those of others."""
    calls: dict[str, Read] = {}
    remarks: list[str] = []
    expected = None
    for reader in peers:
        try:
            image = reader.open(path)
            call = partial(reader.read, image, *region)
            found = call()
        except Exception as error:  # noqa: BLE001 - a peer that refuses the file is reported
            remarks.append(f"{reader.name}: {type(error).__name__}: {str(error)[:80]}")
            continue
        expected = found if expected is None else expected
        if found.shape != expected.shape:
            remarks.append(f"{reader.name}: shape {found.shape}")
            continue
        difference = np.abs(found.astype(int) - expected).max()
        if difference:
            remarks.append(f"{reader.name}: differs by up to {difference}")
        calls[reader.name] = call
    return calls, remarks


def opening(path: Path, peers: list[Reader]) -> dict[str, Read]:
    """Return a call for each reader that opens the file and reads one pixel."""
    return {reader.name: (lambda reader=reader: reader.read(reader.open(path), 0, 0, 1, 1)) for reader in peers}


def main() -> None:
    """Measure all rows, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    peers, console = readers(), Console(width=150)
    table = Table("slide", "region", *(f"{reader.name}, ms" for reader in peers), "ratios", "remarks")
    with tempfile.TemporaryDirectory() as folder:
        # Peers import and set up much on the first call, which takes longer than most rows.
        small = Slide("small", (2, 2), 64, None, sparse=True).write(Path(folder))
        for call in opening(small, peers).values():
            call()
        for slide in (*SLIDES, *LARGE):
            if arguments.only and not any(name in slide.name for name in arguments.only):
                continue
            path = slide.write(Path(folder))
            rows = {"open, one pixel": (opening(path, peers), [])} if slide in LARGE else {
                name: calls_of(path, region, peers) for name, region in REGIONS.items()
            }  # fmt: skip
            for name, (calls, remarks) in rows.items():
                limit = Limit(1 if slide in LARGE else 3, 100, arguments.seconds)
                times = medians(time_interleaved(calls, limit))
                cells = [f"{1000 * times[reader.name]:.2f}" if reader.name in times else "" for reader in peers]
                ratios = ", ".join(f"{seconds / times['dicomet']:.1f} {peer}" for peer, seconds in times.items())
                table.add_row(slide.name, name, *cells, ratios, "; ".join(remarks))
            path.unlink()
    console.print(table)


if __name__ == "__main__":
    main()
