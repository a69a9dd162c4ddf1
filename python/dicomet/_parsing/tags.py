"""The data elements that dicomet reads (PS3.6 6): tag, keyword, name and VR. Other tables of elements are views."""

from functools import cache
from typing import Self


class Tag(int):
    """The tag of a data element, with its entry in the data dictionary.

    Attributes
    ----------
    keyword, name, vr : str
        The entry of PS3.6; of two possible VRs, both.
    label : str
        The element as messages name it: ``"(0028,0008) Number of Frames"``.

    """

    keyword: str
    name: str
    vr: str
    label: str

    def __new__(cls, number: int, keyword: str, name: str, vr: str) -> Self:
        """Create the tag."""
        tag = super().__new__(cls, number)
        tag.keyword, tag.name, tag.vr = keyword, name, vr
        tag.label = f"{number_text(number)} {name}"
        return tag

    def __repr__(self) -> str:
        """Return the label."""
        return f"<{self.label}>"

    @property
    def quoted(self) -> str:
        """The element as pydicom's messages name it: ``"(0028,0008) 'Number of Frames'"``."""
        return f"{number_text(self)} '{self.name}'"

    @property
    def option_name(self) -> str:
        """The name of the option in pydicom: ``"number_of_frames"``."""
        return self.name.lower().replace(" ", "_")


def number_text(tag: int) -> str:
    """Return a tag as text: ``"(0028,0008)"``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def label_of(tag: int) -> str:
    """Return the label of any element of the data dictionary."""
    from pydicom.datadict import dictionary_description  # noqa: PLC0415 - imports pydicom

    return f"{number_text(tag)} {dictionary_description(tag)}"


TRANSFER_SYNTAX_UID = Tag(0x00020010, "TransferSyntaxUID", "Transfer Syntax UID", "UI")

# Image Pixel module and Multi-frame module (PS3.3 C.7.6.3, C.7.6.6).
SAMPLES_PER_PIXEL = Tag(0x00280002, "SamplesPerPixel", "Samples per Pixel", "US")
PHOTOMETRIC_INTERPRETATION = Tag(0x00280004, "PhotometricInterpretation", "Photometric Interpretation", "CS")
PLANAR_CONFIGURATION = Tag(0x00280006, "PlanarConfiguration", "Planar Configuration", "US")
NUMBER_OF_FRAMES = Tag(0x00280008, "NumberOfFrames", "Number of Frames", "IS")
ROWS = Tag(0x00280010, "Rows", "Rows", "US")
COLUMNS = Tag(0x00280011, "Columns", "Columns", "US")
BITS_ALLOCATED = Tag(0x00280100, "BitsAllocated", "Bits Allocated", "US")
BITS_STORED = Tag(0x00280101, "BitsStored", "Bits Stored", "US")
HIGH_BIT = Tag(0x00280102, "HighBit", "High Bit", "US")
PIXEL_REPRESENTATION = Tag(0x00280103, "PixelRepresentation", "Pixel Representation", "US")
EXTENDED_OFFSET_TABLE = Tag(0x7FE00001, "ExtendedOffsetTable", "Extended Offset Table", "OV")
EXTENDED_OFFSET_TABLE_LENGTHS = Tag(0x7FE00002, "ExtendedOffsetTableLengths", "Extended Offset Table Lengths", "OV")
ENCAPSULATED_LENGTH = Tag(
    0x7FE00003, "EncapsulatedPixelDataValueTotalLength", "Encapsulated Pixel Data Value Total Length", "UV"
)
FLOAT_PIXEL_DATA = Tag(0x7FE00008, "FloatPixelData", "Float Pixel Data", "OF")
DOUBLE_FLOAT_PIXEL_DATA = Tag(0x7FE00009, "DoubleFloatPixelData", "Double Float Pixel Data", "OD")
PIXEL_DATA = Tag(0x7FE00010, "PixelData", "Pixel Data", "OB or OW")

IMAGE_PIXEL = (
    SAMPLES_PER_PIXEL,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    NUMBER_OF_FRAMES,
    ROWS,
    COLUMNS,
    BITS_ALLOCATED,
    BITS_STORED,
    PIXEL_REPRESENTATION,
)
"""The elements that pydicom takes for options of decoding, in the order of its `get_image_pixel_ids`."""
PIXEL_DATA_ELEMENTS = {tag.keyword: tag for tag in (FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA, PIXEL_DATA)}
"""The elements that hold samples, by keyword."""

# Tiled images (PS3.3 C.7.6.17, C.8.12.5, C.8.12.6, C.8.12.14).
CONCATENATION_FRAME_OFFSET_NUMBER = Tag(
    0x00209228, "ConcatenationFrameOffsetNumber", "Concatenation Frame Offset Number", "UL"
)
DIMENSION_ORGANIZATION_TYPE = Tag(0x00209311, "DimensionOrganizationType", "Dimension Organization Type", "CS")
SPACING_BETWEEN_SLICES = Tag(0x00180088, "SpacingBetweenSlices", "Spacing Between Slices", "DS")
PIXEL_MEASURES_SEQUENCE = Tag(0x00289110, "PixelMeasuresSequence", "Pixel Measures Sequence", "SQ")
Z_OFFSET = Tag(0x0040074A, "ZOffsetInSlideCoordinateSystem", "Z Offset in Slide Coordinate System", "DS")
TOTAL_PIXEL_MATRIX_COLUMNS = Tag(0x00480006, "TotalPixelMatrixColumns", "Total Pixel Matrix Columns", "UL")
TOTAL_PIXEL_MATRIX_ROWS = Tag(0x00480007, "TotalPixelMatrixRows", "Total Pixel Matrix Rows", "UL")
TOTAL_PIXEL_MATRIX_ORIGIN_SEQUENCE = Tag(
    0x00480008, "TotalPixelMatrixOriginSequence", "Total Pixel Matrix Origin Sequence", "SQ"
)
OPTICAL_PATH_IDENTIFIER = Tag(0x00480106, "OpticalPathIdentifier", "Optical Path Identifier", "SH")
OPTICAL_PATH_DESCRIPTION = Tag(0x00480107, "OpticalPathDescription", "Optical Path Description", "ST")
OPTICAL_PATH_IDENTIFICATION_SEQUENCE = Tag(
    0x00480207, "OpticalPathIdentificationSequence", "Optical Path Identification Sequence", "SQ"
)
PLANE_POSITION_SLIDE_SEQUENCE = Tag(0x0048021A, "PlanePositionSlideSequence", "Plane Position (Slide) Sequence", "SQ")
COLUMN_POSITION = Tag(
    0x0048021E, "ColumnPositionInTotalImagePixelMatrix", "Column Position In Total Image Pixel Matrix", "SL"
)
ROW_POSITION = Tag(0x0048021F, "RowPositionInTotalImagePixelMatrix", "Row Position In Total Image Pixel Matrix", "SL")
NUMBER_OF_OPTICAL_PATHS = Tag(0x00480302, "NumberOfOpticalPaths", "Number of Optical Paths", "UL")
TOTAL_PIXEL_MATRIX_FOCAL_PLANES = Tag(
    0x00480303, "TotalPixelMatrixFocalPlanes", "Total Pixel Matrix Focal Planes", "UL"
)

# Display (PS3.3 C.7.6.3, C.7.6.16.2, C.8.16.2, C.11).
PIXEL_PRESENTATION = Tag(0x00089205, "PixelPresentation", "Pixel Presentation", "CS")
PIXEL_PADDING_VALUE = Tag(0x00280120, "PixelPaddingValue", "Pixel Padding Value", "US or SS")
PIXEL_PADDING_RANGE_LIMIT = Tag(0x00280121, "PixelPaddingRangeLimit", "Pixel Padding Range Limit", "US or SS")
WINDOW_CENTER = Tag(0x00281050, "WindowCenter", "Window Center", "DS")
WINDOW_WIDTH = Tag(0x00281051, "WindowWidth", "Window Width", "DS")
RESCALE_INTERCEPT = Tag(0x00281052, "RescaleIntercept", "Rescale Intercept", "DS")
RESCALE_SLOPE = Tag(0x00281053, "RescaleSlope", "Rescale Slope", "DS")
RESCALE_TYPE = Tag(0x00281054, "RescaleType", "Rescale Type", "LO")
WINDOW_EXPLANATION = Tag(0x00281055, "WindowCenterWidthExplanation", "Window Center & Width Explanation", "LO")
VOI_LUT_FUNCTION = Tag(0x00281056, "VOILUTFunction", "VOI LUT Function", "CS")
ICC_PROFILE = Tag(0x00282000, "ICCProfile", "ICC Profile", "OB")
MODALITY_LUT_SEQUENCE = Tag(0x00283000, "ModalityLUTSequence", "Modality LUT Sequence", "SQ")
LUT_DESCRIPTOR = Tag(0x00283002, "LUTDescriptor", "LUT Descriptor", "US or SS")
LUT_DATA = Tag(0x00283006, "LUTData", "LUT Data", "US or OW")
VOI_LUT_SEQUENCE = Tag(0x00283010, "VOILUTSequence", "VOI LUT Sequence", "SQ")
FRAME_VOI_LUT_SEQUENCE = Tag(0x00289132, "FrameVOILUTSequence", "Frame VOI LUT Sequence", "SQ")
PIXEL_VALUE_TRANSFORMATION_SEQUENCE = Tag(
    0x00289145, "PixelValueTransformationSequence", "Pixel Value Transformation Sequence", "SQ"
)
REAL_WORLD_MAPPING_SEQUENCE = Tag(
    0x00409096, "RealWorldValueMappingSequence", "Real World Value Mapping Sequence", "SQ"
)
OPTICAL_PATH_SEQUENCE = Tag(0x00480105, "OpticalPathSequence", "Optical Path Sequence", "SQ")
PRESENTATION_LUT_SHAPE = Tag(0x20500020, "PresentationLUTShape", "Presentation LUT Shape", "CS")
SHARED_GROUPS = Tag(0x52009229, "SharedFunctionalGroupsSequence", "Shared Functional Groups Sequence", "SQ")
PER_FRAME_GROUPS = Tag(0x52009230, "PerFrameFunctionalGroupsSequence", "Per-Frame Functional Groups Sequence", "SQ")

# Real world values (PS3.3 C.7.6.16.2.11), and the dose of RT Dose (C.8.8.3).
MEASUREMENT_UNITS_SEQUENCE = Tag(0x004008EA, "MeasurementUnitsCodeSequence", "Measurement Units Code Sequence", "SQ")
CODE_VALUE = Tag(0x00080100, "CodeValue", "Code Value", "SH")
CODING_SCHEME = Tag(0x00080102, "CodingSchemeDesignator", "Coding Scheme Designator", "SH")
LONG_CODE_VALUE = Tag(0x00080119, "LongCodeValue", "Long Code Value", "UC")
CODE_MEANING = Tag(0x00080104, "CodeMeaning", "Code Meaning", "LO")
LUT_LABEL = Tag(0x00409210, "LUTLabel", "LUT Label", "SH")
REAL_WORLD_FIRST = Tag(0x00409216, "RealWorldValueFirstValueMapped", "Real World Value First Value Mapped", "US or SS")
REAL_WORLD_LAST = Tag(0x00409211, "RealWorldValueLastValueMapped", "Real World Value Last Value Mapped", "US or SS")
DOUBLE_FLOAT_FIRST = Tag(
    0x00409214, "DoubleFloatRealWorldValueFirstValueMapped", "Double Float Real World Value First Value Mapped", "FD"
)
DOUBLE_FLOAT_LAST = Tag(
    0x00409213, "DoubleFloatRealWorldValueLastValueMapped", "Double Float Real World Value Last Value Mapped", "FD"
)
REAL_WORLD_LUT_DATA = Tag(0x00409212, "RealWorldValueLUTData", "Real World Value LUT Data", "FD")
REAL_WORLD_INTERCEPT = Tag(0x00409224, "RealWorldValueIntercept", "Real World Value Intercept", "FD")
REAL_WORLD_SLOPE = Tag(0x00409225, "RealWorldValueSlope", "Real World Value Slope", "FD")
DOSE_UNITS = Tag(0x30040002, "DoseUnits", "Dose Units", "CS")
DOSE_GRID_SCALING = Tag(0x3004000E, "DoseGridScaling", "Dose Grid Scaling", "DS")

# Overlay planes (PS3.3 C.9.2, C.9.3) of the first of the repeating groups; `in_group` gives those of another group.
OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
"""The repeating groups of overlays (PS3.5 7.6)."""
OVERLAY_ROWS = Tag(0x60000010, "OverlayRows", "Overlay Rows", "US")
OVERLAY_COLUMNS = Tag(0x60000011, "OverlayColumns", "Overlay Columns", "US")
OVERLAY_FRAMES = Tag(0x60000015, "NumberOfFramesInOverlay", "Number of Frames in Overlay", "IS")
OVERLAY_DESCRIPTION = Tag(0x60000022, "OverlayDescription", "Overlay Description", "LO")
OVERLAY_TYPE = Tag(0x60000040, "OverlayType", "Overlay Type", "CS")
OVERLAY_SUBTYPE = Tag(0x60000045, "OverlaySubtype", "Overlay Subtype", "LO")
OVERLAY_ORIGIN = Tag(0x60000050, "OverlayOrigin", "Overlay Origin", "SS")
IMAGE_FRAME_ORIGIN = Tag(0x60000051, "ImageFrameOrigin", "Image Frame Origin", "US")
OVERLAY_BITS_ALLOCATED = Tag(0x60000100, "OverlayBitsAllocated", "Overlay Bits Allocated", "US")
OVERLAY_BIT_POSITION = Tag(0x60000102, "OverlayBitPosition", "Overlay Bit Position", "US")
OVERLAY_LABEL = Tag(0x60001500, "OverlayLabel", "Overlay Label", "LO")
OVERLAY_DATA = Tag(0x60003000, "OverlayData", "Overlay Data", "OB or OW")
OVERLAY_PLANE = (
    *(OVERLAY_ROWS, OVERLAY_COLUMNS, OVERLAY_FRAMES, OVERLAY_DESCRIPTION, OVERLAY_TYPE, OVERLAY_SUBTYPE),
    *(OVERLAY_ORIGIN, IMAGE_FRAME_ORIGIN, OVERLAY_BITS_ALLOCATED, OVERLAY_BIT_POSITION, OVERLAY_LABEL, OVERLAY_DATA),
)


@cache
def in_group(tag: Tag, group: int) -> Tag:
    """Return the same element of another repeating group."""
    return Tag(group << 16 | tag & 0xFFFF, tag.keyword, tag.name, tag.vr)


def _of_colors(first: int, prefix: str, suffix: str, vr: str) -> tuple[Tag, Tag, Tag]:
    red, green, blue = (
        Tag(first + number, f"{prefix}{color}{suffix}".replace(" ", ""), f"{prefix}{color}{suffix}", vr)
        for number, color in enumerate(("Red", "Green", "Blue"))
    )
    return red, green, blue


PALETTE_DESCRIPTORS = _of_colors(0x00281101, "", " Palette Color Lookup Table Descriptor", "US or SS")
PALETTE_DATA = _of_colors(0x00281201, "", " Palette Color Lookup Table Data", "OW")
SEGMENTED_PALETTE_DATA = _of_colors(0x00281221, "Segmented ", " Palette Color Lookup Table Data", "OW")

BY_NUMBER = {int(tag): tag for tag in tuple(globals().values()) if isinstance(tag, Tag)}
"""The tags above, except those of palettes."""
