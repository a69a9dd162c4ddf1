"""Add what the source distribution of highdicom lacks to unpacked ones: images, a helper and a test of all of them.

highdicom's tests need images that are in its repository alone. Others stand in for them, so that most of the tests get
as far as pixel data. Where a test asks for the values of the real image, it fails, with dicomet and without.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.spatial import sort_datasets
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.data import get_testdata_file, get_testdata_files
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, VLWholeSlideMicroscopyImageStorage

HERE = Path(__file__).resolve().parent
TILE, TILES = 10, 5

UTILS = '''\
"""What the tests import from the module that the source distribution lacks."""

from io import BytesIO
from pathlib import Path

import data_store
import pydicom
from pydicom import dcmread


def write_and_read_dataset(dataset):
    buffer = BytesIO()
    if "TransferSyntaxUID" in getattr(dataset, "file_meta", {}):
        dataset.save_as(buffer)
    else:
        dataset.save_as(buffer, implicit_vr=True, little_endian=True)
    buffer.seek(0)
    return dcmread(buffer, force=True)


def find_readable_images():
    folders = Path(pydicom.__file__).parent / "data" / "test_files", Path(data_store.__file__).parent / "data"
    paths = [path for folder in folders for path in sorted(folder.glob("*.dcm"))]
    return [(str(path), None) for path in paths if _has_pixels(path)]


def _has_pixels(path):
    dataset = dcmread(path, specific_tags=["Rows", "NumberOfFrames", "PixelData"], force=True)
    return "Rows" in dataset and "PixelData" in dataset and str(dataset.get("NumberOfFrames")) != "120"
'''


def main(folders):
    """Make the files in the first folder and copy them to the others, so that they are the same in all."""
    first, *others = (Path(folder) for folder in folders)
    images = first / "data" / "test_files"
    images.mkdir(parents=True)
    shutil.copy(get_testdata_file("CT_small.dcm"), images / "ct_image.dcm")
    save_slides(images)
    save_segmentations(images)
    tests = first / "tests"
    (tests / "__init__.py").touch()
    (tests / "utils.py").write_text(UTILS)
    shutil.copy(HERE / "highdicom_use.py", tests / "test_use.py")
    for folder in others:
        shutil.copytree(first, folder, dirs_exist_ok=True)


def save_slides(folder):
    """Save slides, of which highdicom has several by the names of what is seen."""
    for seed, name in enumerate(("", "_control", "_dots", "_numbers")):
        slide(3, seed).save_as(folder / f"sm_image{name}.dcm", enforce_file_format=True)
    slide(1, 4).save_as(folder / "sm_image_grayscale.dcm", enforce_file_format=True)
    for name in ("sm_image_jpegls", "sm_image_jpegls_nobot"):
        image = slide(3, 5)
        image.compress(JPEGLSLossless, generate_instance_uid=False)
        image.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def save_segmentations(folder):
    """Save segmentations of a series and of a slide, binary, fractional and as label maps."""
    series = sort_datasets([dcmread(path) for path in get_testdata_files("dicomdirtests/77654033/CT2/*")])
    control = [dcmread(folder / "sm_image_control.dcm")]
    dots = [dcmread(folder / "sm_image_dots.dcm")]
    radiograph = [dcmread(get_testdata_file("dicomdirtests/77654033/CR1/6154"))]
    binary, fractional, labels = "BINARY", "FRACTIONAL", "LABELMAP"
    for name, sources, kind, segments in (
        ("ct_binary", series, binary, 1),
        ("ct_binary_overlap", series, binary, 2),
        ("ct_binary_single_frame", series[:1], binary, 1),
        ("ct_binary_fractional", series, fractional, 1),
        ("ct_true_fractional", series, fractional, 2),
        ("cr_binary", radiograph, binary, 1),
        ("sm_control", control, binary, 3),
        ("sm_control_labelmap", control, labels, 3),
        ("sm_control_labelmap_palette_color", control, labels, 3),
        ("sm_dots", dots, binary, 2),
        ("sm_dots_tiled_full", dots, binary, 1),
        ("sm_numbers", dots, binary, 3),
    ):
        segmentation(sources, kind, segments).save_as(folder / f"seg_image_{name}.dcm", enforce_file_format=True)


def slide(samples, seed):
    """Return a slide of 5 by 5 tiles."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = VLWholeSlideMicroscopyImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = f"1.2.3.{seed}"
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = "1.2.4", f"1.2.5.{seed}", "1.2.6"
    image.Modality, image.Manufacturer, image.ImageType = "SM", "M", ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber"):
        setattr(image, keyword, "")
    for keyword in ("StudyDate", "StudyTime", "ReferringPhysicianName", "PositionReferenceIndicator"):
        setattr(image, keyword, "")
    image.InstanceNumber = image.SeriesNumber = 1
    _describe_specimen(image)
    _describe_pixels(image, samples)
    _describe_tiles(image)
    values = np.random.default_rng(seed).integers(0, 256, TILES * TILES * TILE * TILE * samples)
    image.PixelData = values.astype(np.uint8).tobytes()
    return image


def _describe_specimen(image):
    specimen, path = Dataset(), Dataset()
    specimen.SpecimenIdentifier, specimen.SpecimenUID, specimen.SpecimenPreparationSequence = "S", "1.2.7", []
    path.OpticalPathIdentifier = "1"
    path.IlluminationTypeCodeSequence = [_code(codes.DCM.BrightfieldIllumination)]
    path.IlluminationColorCodeSequence = [_code(codes.SCT.FullSpectrum)]
    image.ContainerIdentifier = "C"
    image.IssuerOfTheContainerIdentifierSequence, image.ContainerComponentSequence = [], []
    image.ContainerTypeCodeSequence = [_code(codes.SCT.MicroscopeSlide)]
    image.SpecimenDescriptionSequence = [specimen]
    image.OpticalPathSequence, image.NumberOfOpticalPaths = [path], 1


def _code(code):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _describe_pixels(image, samples):
    image.Rows = image.Columns = TILE
    image.NumberOfFrames = TILES * TILES
    image.SamplesPerPixel = samples
    image.PhotometricInterpretation = "RGB" if samples > 1 else "MONOCHROME2"
    if samples > 1:
        image.PlanarConfiguration = 0
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
    image.LossyImageCompression = "00"


def _describe_tiles(image):
    origin, measures, shared = Dataset(), Dataset(), Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 10.0, 20.0
    measures.PixelSpacing, measures.SliceThickness = [0.01, 0.01], 0.001
    shared.PixelMeasuresSequence = [measures]
    image.TotalPixelMatrixRows = image.TotalPixelMatrixColumns = TILE * TILES
    image.TotalPixelMatrixFocalPlanes = 1
    image.TotalPixelMatrixOriginSequence = [origin]
    image.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    image.ImagedVolumeWidth = image.ImagedVolumeHeight = 0.5
    image.ImagedVolumeDepth = 0.001
    image.DimensionOrganizationType = "TILED_SPARSE"
    image.DimensionOrganizationSequence, image.DimensionIndexSequence = [], []
    image.SharedFunctionalGroupsSequence = [shared]
    image.PerFrameFunctionalGroupsSequence = [_place(row, column) for row in range(TILES) for column in range(TILES)]


def _place(row, column):
    position, frame, path = Dataset(), Dataset(), Dataset()
    position.RowPositionInTotalImagePixelMatrix = row * TILE + 1
    position.ColumnPositionInTotalImagePixelMatrix = column * TILE + 1
    position.XOffsetInSlideCoordinateSystem = 10.0 - row * TILE * 0.01
    position.YOffsetInSlideCoordinateSystem = 20.0 - column * TILE * 0.01
    position.ZOffsetInSlideCoordinateSystem = 0.0
    path.OpticalPathIdentifier = "1"
    frame.PlanePositionSlideSequence, frame.OpticalPathIdentificationSequence = [position], [path]
    return frame


def segmentation(sources, kind, segments):
    """Return a segmentation of all of the sources' pixels, with segments that overlap unless it is a label map."""
    first = sources[0]
    frames = len(sources) * int(first.get("NumberOfFrames", 1))
    shape = (frames, first.Rows, first.Columns)
    random = np.random.default_rng(segments)
    if kind == "LABELMAP":
        mask = random.integers(0, segments + 1, shape, np.uint8)
    elif kind == "BINARY":
        mask = random.integers(0, 2, (*shape, segments), np.uint8)
    else:
        mask = random.random((*shape, segments), np.float32)
    return Segmentation(
        sources,
        mask,
        SegmentationTypeValues(kind),
        [_segment(number) for number in range(1, segments + 1)],
        series_instance_uid="1.2.8",
        series_number=2,
        sop_instance_uid=f"1.2.9.{segments}.{frames}",
        instance_number=1,
        manufacturer="M",
        manufacturer_model_name="M",
        software_versions="1",
        device_serial_number="1",
    )


def _segment(number):
    return SegmentDescription(
        number,
        f"Segment {number}",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Neoplasm,
        SegmentAlgorithmTypeValues.AUTOMATIC,
        AlgorithmIdentificationSequence("A", codes.DCM.ArtificialIntelligence, "1"),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
