//! An image description of any kind, and its samples, read one by one as the standard defines them.

use crate::input::Input;
use dicomet_core::color::Arithmetic;
use dicomet_core::decode::{Conversion, Decoder, OutputFormat};
use dicomet_core::image::{Attributes, ByteOrder, Image, Photometric, PixelElement, SampleKind};

const TERMS: [&str; 12] = [
    "MONOCHROME2",
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "PALETTE COLOR",
    "MONOCHROME1",
    "YBR_RCT",
    "PALETTE_COLOR",
    "YBR_PARTIAL_420",
    "CMYK",
    "",
    "rgb\u{e4}",
];

/// A description, and the requested result.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The description.
    pub attributes: Attributes,
    /// Byte order of the value.
    pub order: ByteOrder,
    /// Whether bytes were sent as big-endian words.
    pub ow_swapped: bool,
    /// Whether bits above Bits Stored are corrected.
    pub correct: bool,
    /// The color conversion.
    pub conversion: Conversion,
    /// The form of the result.
    pub form: OutputFormat,
}

impl Picture {
    /// Takes a description from `input`: mostly a valid one, small enough for thousands of decodes per second.
    pub fn take(input: &mut Input<'_>) -> Self {
        let orders = [ByteOrder::Little, ByteOrder::Big];
        let bits_allocated = input.one_of(&[8, 16, 1, 12, 32, 64, 24, 0]);
        let bits_stored = bits_allocated - input.below(12) as i64;
        let mut attributes = Attributes {
            rows: input.below(8) as i64 + 1,
            columns: input.below(20) as i64 + 1,
            samples_per_pixel: input.one_of(&[1, 3]),
            number_of_frames: input.below(4) as i64 + 1,
            bits_allocated,
            bits_stored,
            high_bit: [None, Some(bits_stored - 1), Some(0), Some(bits_allocated)][input.below(4)],
            pixel_representation: input.below(2) as i64,
            planar_configuration: input.below(2) as i64,
            photometric_interpretation: input.one_of(&TERMS).to_owned(),
            element: [PixelElement::PixelData, PixelElement::FloatPixelData, PixelElement::DoubleFloatPixelData]
                [input.below(8).saturating_sub(5)],
        };
        let wild = input.byte();
        if wild >= 0xF0 {
            let number = input.u64() as i64;
            let fields = [
                &mut attributes.bits_allocated,
                &mut attributes.rows,
                &mut attributes.columns,
                &mut attributes.samples_per_pixel,
                &mut attributes.number_of_frames,
                &mut attributes.bits_stored,
                &mut attributes.pixel_representation,
                &mut attributes.planar_configuration,
                attributes.high_bit.get_or_insert(0),
            ];
            let count = fields.len();
            *fields.into_iter().nth(usize::from(wild) % count).expect("one of them") = number;
        }
        Self {
            attributes,
            order: input.one_of(&orders),
            ow_swapped: input.flag(),
            correct: input.flag(),
            conversion: input.one_of(&[
                Conversion::None,
                Conversion::YbrToRgb,
                Conversion::RgbToYbr,
                Conversion::PartialYbrToRgb,
            ]),
            form: OutputFormat {
                order: input.one_of(&orders),
                planar: input.flag(),
                arithmetic: input.one_of(&[Arithmetic::Exact, Arithmetic::Float, Arithmetic::FusedFloat]),
                strict: input.flag(),
                ..OutputFormat::default()
            },
        }
    }

    /// PS3.3 C.7.6.3 as one condition.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let a = &self.attributes;
        let (term, size) = (a.photometric_interpretation.as_str(), 1..=65535);
        let single = matches!(term, "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR" | "PALETTE_COLOR");
        let color = TERMS[..10].contains(&term) && !single;
        let samples = match a.samples_per_pixel {
            1 => single,
            3 => (single || color) && matches!(a.planar_configuration, 0 | 1),
            _ => false,
        };
        let bits = match a.element {
            PixelElement::FloatPixelData => a.bits_allocated == 32,
            PixelElement::DoubleFloatPixelData => a.bits_allocated == 64,
            PixelElement::PixelData => {
                matches!(a.bits_allocated, 1 | 8 | 12 | 16 | 32 | 64)
                    && (1..=a.bits_allocated).contains(&a.bits_stored)
                    && matches!(a.pixel_representation, 0 | 1)
                    && a.high_bit.is_none_or(|bit| (0..a.bits_allocated).contains(&bit))
            }
        };
        let frames = (1..=i64::from(i32::MAX)).contains(&a.number_of_frames);
        size.contains(&a.rows) && size.contains(&a.columns) && frames && samples && bits
    }

    /// The checked description; `None` if it is invalid, or too large for thousands of decodes.
    #[must_use]
    pub fn image(&self) -> Option<Image> {
        let image = Image::new(&self.attributes);
        assert_eq!(image.is_ok(), self.is_valid(), "{self:?} {image:?}");
        image.ok().filter(|image| image.frame_bytes().is_ok_and(|bytes| bytes <= 1 << 12))
    }

    /// The decoder for native frames and RLE Lossless; `None` where the color conversion is undefined.
    #[must_use]
    pub fn decoder(&self, image: &Image) -> Option<Decoder> {
        let decoder = Decoder::native(image, self.order, self.ow_swapped, self.correct, self.conversion);
        assert_eq!(decoder.is_ok(), self.is_convertible(image, image.bits_stored()));
        decoder.ok().map(|decoder| decoder.with_output(self.form_of_plan(image, image.bits_stored())))
    }

    /// Whether the conversion is defined for samples with `color_bits` bits.
    #[must_use]
    pub fn is_convertible(&self, image: &Image, color_bits: u8) -> bool {
        let defined = match self.conversion {
            Conversion::None => return true,
            Conversion::YbrToRgb => image.sample_bytes() <= 4 && (1..=32).contains(&color_bits),
            Conversion::PartialYbrToRgb => image.sample_bytes() == 1 && color_bits == 8,
            Conversion::RgbToYbr => image.sample_bytes() == 1,
        };
        defined && image.samples_per_pixel() == 3 && image.kind() == SampleKind::Unsigned
    }

    /// The form of the result. Only conversions of 8-bit samples can return planes.
    #[must_use]
    pub fn form_of_plan(&self, image: &Image, color_bits: u8) -> OutputFormat {
        let bytes = image.sample_bytes() == 1 && color_bits == 8;
        let planar = match self.conversion {
            Conversion::None | Conversion::RgbToYbr => true,
            Conversion::YbrToRgb => bytes,
            Conversion::PartialYbrToRgb => false,
        };
        OutputFormat { planar: self.form.planar && planar, ..self.form }
    }

    /// The sample for the stored bits `low`, sign-extended or masked. The result has the lowest bytes of this word.
    #[must_use]
    pub fn word(&self, image: &Image, low: u64) -> u64 {
        let bits_kept = if self.correct { image.bits_stored() } else { image.bits_allocated() };
        extended(low, bits_kept, image.kind())
    }

    /// The samples of a frame as bytes of the result. Colors are converted exactly.
    #[must_use]
    pub fn finished(&self, image: &Image, words: &[u64], planar: bool, color_bits: u8) -> Vec<u8> {
        let (width, samples) = (image.sample_bytes(), image.samples_per_pixel());
        let mut words = words.to_vec();
        if self.conversion != Conversion::None {
            for pixel in words.as_chunks_mut::<3>().0 {
                *pixel = converted(pixel.map(|word| word as i64), self.conversion, color_bits);
            }
        }
        let pixels = words.len() / samples;
        let place = |i: usize| if planar { i % pixels * samples + i / pixels } else { i };
        let mut bytes = Vec::with_capacity(words.len() * width);
        for i in 0..words.len() {
            let word = words[place(i)].to_le_bytes();
            match self.form.order {
                ByteOrder::Little => bytes.extend(&word[..width]),
                ByteOrder::Big => bytes.extend(word[..width].iter().rev()),
            }
        }
        bytes
    }

    /// Whether `found` equals `expected`: floating-point arithmetic may differ by one from exact colors.
    #[must_use]
    pub fn agrees(&self, found: &[u8], expected: &[u8]) -> bool {
        let most = u8::from(self.conversion != Conversion::None && self.form.arithmetic != Arithmetic::Exact);
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= most)
    }

    /// The index of a sample among the stored samples of its frame (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3).
    #[must_use]
    pub fn stored_place(image: &Image, pixel: usize, sample: usize) -> usize {
        let pixels = image.frame_pixels() as usize;
        if image.photometric() == Photometric::YbrFull422 {
            pixel / 2 * 4 + if sample == 0 { pixel % 2 } else { sample + 1 }
        } else if image.is_planar() {
            sample * pixels + pixel
        } else {
            pixel * image.samples_per_pixel() + sample
        }
    }
}

/// The lowest `bits_kept` bits of a word, sign-extended if `kind` is signed. Floats are unchanged.
#[must_use]
pub fn extended(low: u64, bits_kept: u8, kind: SampleKind) -> u64 {
    let unit = 1i128 << bits_kept;
    let low = i128::from(low);
    match kind {
        SampleKind::Float => low as u64,
        SampleKind::Signed if low % unit >= unit / 2 => (low % unit - unit) as u64,
        SampleKind::Signed | SampleKind::Unsigned => (low % unit) as u64,
    }
}

/// ISO/IEC 10918-5 7 in fractions, rounded half up.
fn converted([a, b, c]: [i64; 3], conversion: Conversion, bits: u8) -> [u64; 3] {
    let highest = if conversion == Conversion::YbrToRgb { i128::from(u64::MAX >> (64 - bits)) } else { 255 };
    let half = (highest / 2 + 1) as i64;
    let rounded = |numerator: i64, denominator: i64| {
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
        (2 * numerator + denominator).div_euclid(2 * denominator).clamp(0, highest) as u64
    };
    match conversion {
        Conversion::None => [a, b, c].map(|word| word as u64),
        Conversion::YbrToRgb => {
            let (y, cb, cr) = (a, b - half, c - half);
            let green = y * 587_000 - 114 * 1772 * cb - 299 * 1402 * cr;
            [rounded(1000 * y + 1402 * cr, 1000), rounded(green, 587_000), rounded(1000 * y + 1772 * cb, 1000)]
        }
        Conversion::PartialYbrToRgb => {
            let (y, cb, cr) = (224 * (a - 16), 219 * (b - 128), 219 * (c - 128));
            let part = |thousandth: i64, parts: i64| rounded(255 * thousandth, 219 * 224 * parts);
            let green = y * 587_000 - 114 * 1772 * cb - 299 * 1402 * cr;
            [part(1000 * y + 1402 * cr, 1000), part(green, 587_000), part(1000 * y + 1772 * cb, 1000)]
        }
        Conversion::RgbToYbr => {
            let y = 299 * a + 587 * b + 114 * c;
            let chroma = |sample: i64, factor: i64| rounded(1000 * sample - y + 128 * factor, factor);
            [rounded(y, 1000), chroma(c, 1772), chroma(a, 1402)]
        }
    }
}
