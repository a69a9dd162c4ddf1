//! PS3.3 C.7.6.3 Image Pixel Module: the description of an image, validated once, and its size arithmetic.

use crate::error::{Error, ErrorKind, Result};
use crate::tag::{
    COLUMNS, DOUBLE_FLOAT_PIXEL_DATA, FLOAT_PIXEL_DATA, HIGH_BIT, NUMBER_OF_FRAMES, PHOTOMETRIC_INTERPRETATION,
    PIXEL_DATA, PLANAR_CONFIGURATION, ROWS, SAMPLES_PER_PIXEL, Tag,
};
use validation::{odd_high_bit, one_of, sample_format};

mod native;
mod validation;
pub(crate) use validation::in_range;

/// The values of the Image Pixel Module as read from a data set, not yet validated.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// Rows.
    pub rows: i64,
    /// Columns.
    pub columns: i64,
    /// Samples per Pixel.
    pub samples_per_pixel: i64,
    /// Number of Frames.
    pub number_of_frames: i64,
    /// Bits Allocated.
    pub bits_allocated: i64,
    /// Bits Stored; ignored for the float elements.
    pub bits_stored: i64,
    /// High Bit, if the data set has it.
    pub high_bit: Option<i64>,
    /// Pixel Representation; ignored for the float elements.
    pub pixel_representation: i64,
    /// Planar Configuration; ignored for one sample per pixel.
    pub planar_configuration: i64,
    /// Photometric Interpretation.
    pub photometric_interpretation: String,
    /// The element that contains the samples.
    pub element: PixelElement,
}

/// The three elements that can contain samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelElement {
    /// (7FE0,0010) Pixel Data: integers.
    PixelData,
    /// (7FE0,0008) Float Pixel Data.
    FloatPixelData,
    /// (7FE0,0009) Double Float Pixel Data.
    DoubleFloatPixelData,
}

impl PixelElement {
    /// Returns the element, for messages.
    #[must_use]
    pub fn element(self) -> Tag {
        match self {
            Self::PixelData => PIXEL_DATA,
            Self::FloatPixelData => FLOAT_PIXEL_DATA,
            Self::DoubleFloatPixelData => DOUBLE_FLOAT_PIXEL_DATA,
        }
    }
}

/// Byte order of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first (Explicit VR Big Endian, retired).
    Big,
}

impl ByteOrder {
    /// The byte order of the machine, and the default of every result.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
}

/// The interpretation of a sample's bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SampleKind {
    /// Pixel Representation 0.
    Unsigned,
    /// Pixel Representation 1: two's complement.
    Signed,
    /// IEEE 754.
    Float,
}

/// Photometric Interpretation (PS3.3 C.7.6.3.1.2), reduced to what determines how samples are stored or converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Photometric {
    /// One sample per pixel: MONOCHROME1, MONOCHROME2, PALETTE COLOR.
    Single,
    /// RGB, and every other three-sample interpretation that is returned as stored.
    Color,
    /// `YBR_FULL`.
    YbrFull,
    /// `YBR_FULL_422`: in native form, two luminance samples share their chrominance samples.
    YbrFull422,
}

impl Photometric {
    fn new(term: &str, samples_per_pixel: u8) -> Result<Self> {
        let photometric = match term {
            "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR" | "PALETTE_COLOR" => Self::Single,
            "RGB" | "YBR_ICT" | "YBR_RCT" | "YBR_PARTIAL_422" | "YBR_PARTIAL_420" | "HSV" | "ARGB" | "CMYK" | "XYB" => {
                Self::Color
            }
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            _ => {
                let found = term.chars().take(32).collect();
                let expected = "a defined term such as MONOCHROME2, RGB or YBR_FULL";
                return Err(Error::new(PHOTOMETRIC_INTERPRETATION, ErrorKind::Text { found, expected }));
            }
        };
        if samples_per_pixel == 1 && photometric != Self::Single {
            let found = term.to_owned();
            let expected = "MONOCHROME1, MONOCHROME2 or PALETTE COLOR for one sample per pixel";
            return Err(Error::new(PHOTOMETRIC_INTERPRETATION, ErrorKind::Text { found, expected }));
        }
        Ok(photometric)
    }
}

/// A validated description: the format of an image's samples, and their number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    rows: u32,
    columns: u32,
    samples_per_pixel: u8,
    number_of_frames: u32,
    bits_allocated: u8,
    bits_stored: u8,
    pixel_representation: u8,
    kind: SampleKind,
    planar: bool,
    photometric: Photometric,
    photometric_interpretation: String,
    element: PixelElement,
    odd_high_bit: Option<i64>,
}

impl Image {
    /// Validates `attributes` against PS3.3 C.7.6.3 and each other.
    pub fn new(attributes: &Attributes) -> Result<Self> {
        let size = "1 to 65535";
        let rows = in_range(ROWS, attributes.rows, 1, 65535, size)?;
        let columns = in_range(COLUMNS, attributes.columns, 1, 65535, size)?;
        let samples_per_pixel = one_of(SAMPLES_PER_PIXEL, attributes.samples_per_pixel, &[1, 3], "1 or 3")?;
        let number_of_frames =
            in_range(NUMBER_OF_FRAMES, attributes.number_of_frames, 1, i64::from(i32::MAX), "1 to 2147483647")?;
        let (bits_allocated, bits_stored, kind) = sample_format(attributes)?;
        let is_integer = attributes.element == PixelElement::PixelData;
        let planar = samples_per_pixel == 3
            && one_of(PLANAR_CONFIGURATION, attributes.planar_configuration, &[0, 1], "0 or 1")? == 1;
        let image = Self {
            rows,
            columns,
            samples_per_pixel,
            number_of_frames,
            bits_allocated,
            bits_stored,
            pixel_representation: u8::from(is_integer && attributes.pixel_representation == 1),
            kind,
            planar,
            photometric: Photometric::new(&attributes.photometric_interpretation, samples_per_pixel)?,
            photometric_interpretation: attributes.photometric_interpretation.clone(),
            element: attributes.element,
            odd_high_bit: odd_high_bit(attributes)?,
        };
        image.frame_bytes()?;
        Ok(image)
    }

    /// Returns a warning about an irregularity that does not change the samples.
    #[must_use]
    pub fn warning(&self) -> Option<Error> {
        let found = self.odd_high_bit?;
        let expected = "Bits Stored - 1: it is not used";
        Some(Error::new(HIGH_BIT, ErrorKind::Value { found, expected }))
    }

    /// Returns the description of the same image at another size.
    pub(crate) fn with_size(&self, (rows, columns): (u32, u32)) -> Self {
        Self { rows, columns, ..self.clone() }
    }

    /// Rows of a frame.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Columns of a frame.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns as usize
    }

    /// Samples per Pixel: 1 or 3.
    #[must_use]
    pub fn samples_per_pixel(&self) -> usize {
        usize::from(self.samples_per_pixel)
    }

    /// Number of Frames.
    #[must_use]
    pub fn number_of_frames(&self) -> usize {
        self.number_of_frames as usize
    }

    /// Bits Allocated: 1, 8, 12 (packed), 16, 32 or 64.
    #[must_use]
    pub fn bits_allocated(&self) -> u8 {
        self.bits_allocated
    }

    /// Bits Stored: 1 to Bits Allocated.
    #[must_use]
    pub fn bits_stored(&self) -> u8 {
        self.bits_stored
    }

    /// Pixel Representation as declared: 0 or 1; 0 for the float elements. `kind` decides about the sign of a sample.
    #[must_use]
    pub fn pixel_representation(&self) -> u8 {
        self.pixel_representation
    }

    /// The interpretation of a sample's bits.
    #[must_use]
    pub fn kind(&self) -> SampleKind {
        self.kind
    }

    /// Planar Configuration 1: each frame is stored as one plane per component.
    #[must_use]
    pub fn is_planar(&self) -> bool {
        self.planar
    }

    /// Photometric Interpretation, as far as it determines how samples are stored or converted.
    #[must_use]
    pub fn photometric(&self) -> Photometric {
        self.photometric
    }

    /// Photometric Interpretation: the defined term.
    #[must_use]
    pub fn photometric_interpretation(&self) -> &str {
        &self.photometric_interpretation
    }

    /// The element that contains the samples, for messages.
    #[must_use]
    pub fn element(&self) -> Tag {
        self.element.element()
    }

    /// Bytes of a sample in the result: the smallest integer type that holds Bits Allocated.
    #[must_use]
    pub fn sample_bytes(&self) -> usize {
        match self.bits_allocated {
            1 | 8 => 1,
            12 | 16 => 2,
            32 => 4,
            _ => 8,
        }
    }

    /// Pixels of a frame. Never overflows: Rows and Columns have 16 bits.
    #[must_use]
    pub fn frame_pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Samples of a frame of the result.
    #[must_use]
    pub fn frame_samples(&self) -> u64 {
        self.frame_pixels() * u64::from(self.samples_per_pixel)
    }

    /// Bytes of a frame of the result.
    pub fn frame_bytes(&self) -> Result<usize> {
        let bytes = self.frame_samples() * self.sample_bytes() as u64;
        usize::try_from(bytes).map_err(|_| Error::new(self.element(), ErrorKind::TooLarge))
    }

    /// Bytes of `frames` frames of the result.
    pub fn result_bytes(&self, frames: usize) -> Result<usize> {
        let too_large = || Error::new(self.element(), ErrorKind::TooLarge);
        let bytes = self.frame_bytes()?.checked_mul(frames).ok_or_else(too_large)?;
        if isize::try_from(bytes).is_ok() { Ok(bytes) } else { Err(too_large()) }
    }
}

#[cfg(test)]
mod tests;
