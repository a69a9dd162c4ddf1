//! PS3.6: the data elements that this crate reads or names in messages, in one table.

use std::fmt;

/// A data element, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// Group in the upper, element number in the lower 16 bits.
    pub number: u32,
    /// The name in PS3.6.
    pub name: &'static str,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X}) {}", self.number >> 16, self.number & 0xFFFF, self.name)
    }
}

macro_rules! tags {
    ($($ident:ident = $number:literal, $name:literal;)*) => {
        $(#[doc = $name] pub const $ident: Tag = Tag { number: $number, name: $name };)*

        /// The same tags as plain numbers, for patterns.
        pub mod number {
            $(#[doc = $name] pub const $ident: u32 = $number;)*
        }
    };
}

tags! {
    FILE_META_INFORMATION_GROUP_LENGTH = 0x0002_0000, "File Meta Information Group Length";
    FILE_META_INFORMATION_VERSION = 0x0002_0001, "File Meta Information Version";
    TRANSFER_SYNTAX_UID = 0x0002_0010, "Transfer Syntax UID";
    SPECIFIC_CHARACTER_SET = 0x0008_0005, "Specific Character Set";
    SAMPLES_PER_PIXEL = 0x0028_0002, "Samples per Pixel";
    PHOTOMETRIC_INTERPRETATION = 0x0028_0004, "Photometric Interpretation";
    PLANAR_CONFIGURATION = 0x0028_0006, "Planar Configuration";
    NUMBER_OF_FRAMES = 0x0028_0008, "Number of Frames";
    ROWS = 0x0028_0010, "Rows";
    COLUMNS = 0x0028_0011, "Columns";
    BITS_ALLOCATED = 0x0028_0100, "Bits Allocated";
    BITS_STORED = 0x0028_0101, "Bits Stored";
    HIGH_BIT = 0x0028_0102, "High Bit";
    PIXEL_REPRESENTATION = 0x0028_0103, "Pixel Representation";
    PIXEL_PADDING_VALUE = 0x0028_0120, "Pixel Padding Value";
    PIXEL_PADDING_RANGE_LIMIT = 0x0028_0121, "Pixel Padding Range Limit";
    WINDOW_CENTER = 0x0028_1050, "Window Center";
    WINDOW_WIDTH = 0x0028_1051, "Window Width";
    RESCALE_INTERCEPT = 0x0028_1052, "Rescale Intercept";
    RESCALE_SLOPE = 0x0028_1053, "Rescale Slope";
    RESCALE_TYPE = 0x0028_1054, "Rescale Type";
    WINDOW_EXPLANATION = 0x0028_1055, "Window Center & Width Explanation";
    VOI_LUT_FUNCTION = 0x0028_1056, "VOI LUT Function";
    RED_PALETTE_DESCRIPTOR = 0x0028_1101, "Red Palette Color Lookup Table Descriptor";
    SEGMENTED_RED_PALETTE_DATA = 0x0028_1221, "Segmented Red Palette Color Lookup Table Data";
    MODALITY_LUT_SEQUENCE = 0x0028_3000, "Modality LUT Sequence";
    LUT_DESCRIPTOR = 0x0028_3002, "LUT Descriptor";
    LUT_DATA = 0x0028_3006, "LUT Data";
    VOI_LUT_SEQUENCE = 0x0028_3010, "VOI LUT Sequence";
    Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM = 0x0040_074A, "Z Offset in Slide Coordinate System";
    OPTICAL_PATH_IDENTIFIER = 0x0048_0106, "Optical Path Identifier";
    OPTICAL_PATH_IDENTIFICATION_SEQUENCE = 0x0048_0207, "Optical Path Identification Sequence";
    PLANE_POSITION_SLIDE_SEQUENCE = 0x0048_021A, "Plane Position (Slide) Sequence";
    COLUMN_POSITION = 0x0048_021E, "Column Position In Total Image Pixel Matrix";
    ROW_POSITION = 0x0048_021F, "Row Position In Total Image Pixel Matrix";
    PRESENTATION_LUT_SHAPE = 0x2050_0020, "Presentation LUT Shape";
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x5200_9230, "Per-Frame Functional Groups Sequence";
    EXTENDED_OFFSET_TABLE = 0x7FE0_0001, "Extended Offset Table";
    EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE0_0002, "Extended Offset Table Lengths";
    FLOAT_PIXEL_DATA = 0x7FE0_0008, "Float Pixel Data";
    DOUBLE_FLOAT_PIXEL_DATA = 0x7FE0_0009, "Double Float Pixel Data";
    PIXEL_DATA = 0x7FE0_0010, "Pixel Data";
    ITEM = 0xFFFE_E000, "Item";
    ITEM_DELIMITATION_ITEM = 0xFFFE_E00D, "Item Delimitation Item";
    SEQUENCE_DELIMITATION_ITEM = 0xFFFE_E0DD, "Sequence Delimitation Item";
}
