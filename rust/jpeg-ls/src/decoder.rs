//! The decoder: from the headers, through the scans, to the rows of the image.

use crate::context::Context;
use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::frame::FrameInfo;
use crate::output::{Bands, ComponentRows, Finish, Output, Rows};
use crate::parser::{Event, Parser};
use crate::plan::{Plan, twice};
use crate::planes::Plane;
use crate::sample::Sample;
use crate::scans::Scan;
use crate::warning::Warning;
use dicomet_codec::{Budget, RowSink, StopCheck, check_stop};

/// Samples between two calls of the sink: few enough for the first-level cache.
const BAND_SAMPLES: usize = if cfg!(feature = "tiny") { 256 } else { 1 << 14 };

/// Limits of a decoder.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Limit of the memory that the decoder allocates for rows. None for no limit other than that of the codestream's length.
    pub max_memory: Option<u64>,
    /// Called before each band of rows; true ends decoding with [`ErrorKind::Interrupted`].
    pub stop: Option<StopCheck<'a>>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("max_memory", &self.max_memory).finish_non_exhaustive()
    }
}

/// A codestream whose headers have been read.
pub struct Decoder<'a> {
    data: &'a [u8],
    options: Options<'a>,
    plan: Plan<'a>,
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("info", &self.plan.info).finish_non_exhaustive()
    }
}

impl<'a> Decoder<'a> {
    /// Reads the headers of all scans.
    ///
    /// An error means that they are malformed, describe more samples than the codestream can hold, or have a property that
    /// this crate does not decode ([`Error::unsupported`]).
    pub fn new(data: &'a [u8]) -> Result<Self> {
        Self::with_options(data, Options::default())
    }

    /// As [`Decoder::new`], with limits.
    pub fn with_options(data: &'a [u8], options: Options<'a>) -> Result<Self> {
        Ok(Self { data, options, plan: Plan::new(data)? })
    }

    /// The parameters of the image in the headers.
    #[must_use]
    pub fn info(&self) -> &FrameInfo {
        &self.plan.info
    }

    /// Decodes the image and passes its rows to `sink`, from the first to the last.
    ///
    /// The image has one to three components of its size; others are an error ([`Error::unsupported`]). `S` is `u8` or `u16`,
    /// as [`FrameInfo::sample_bits`] says. Returns warnings about tolerated deviations. After an error the rows that the sink
    /// has received must not be used.
    pub fn decode<S: Sample>(&self, context: &mut Context, sink: &mut dyn RowSink<S>) -> Result<Vec<Warning>> {
        let info = self.info();
        let unsupported = match info.components.len() {
            count @ 4.. => Some(Unsupported::Components(count)),
            _ => info.is_subsampled().then_some(Unsupported::Subsampling),
        };
        if let Some(unsupported) = unsupported {
            return Err(Error::new(ErrorKind::Unsupported(unsupported), 0));
        }
        self.decode_to(context, &mut Bands(sink))
    }

    /// Decodes any number of components, each of its own size ([`Component::width`](crate::Component::width)), without
    /// upsampling. `rows` receives the index of the component, the number of the row, and its samples. The rows of a component
    /// come in order.
    ///
    /// Otherwise as [`Decoder::decode`].
    pub fn decode_components<S: Sample>(
        &self,
        context: &mut Context,
        rows: &mut dyn FnMut(usize, usize, &[S]),
    ) -> Result<Vec<Warning>> {
        self.decode_to(context, &mut Rows(rows))
    }

    fn decode_to<S: Sample>(&self, context: &mut Context, output: &mut dyn Output<S>) -> Result<Vec<Warning>> {
        let (found, expected) = (S::BITS, self.info().sample_bits());
        if found != expected {
            return Err(Error::new(ErrorKind::SampleType { found, expected }, 0));
        }
        S::decode(self, context, output)
    }

    /// Decodes all rows, band by band.
    pub(crate) fn decode_rows<S: Sample>(
        &self,
        context: &mut Context,
        output: &mut dyn Output<S>,
    ) -> Result<Vec<Warning>> {
        let Plan { info, scans: planned, .. } = &self.plan;
        let mut budget = Budget::new(self.options.max_memory);
        let bands = Bounds::new(info);
        let mut finish = Finish::new(info, planned, |component| bands.plane_rows(info, component), &mut budget)?;
        let mut planes = Vec::new();
        for (index, component) in info.components.iter().enumerate() {
            let (memory, rows) = (S::pool(context).take(), bands.plane_rows(info, index));
            planes.push(Plane::<S>::new(memory, component.width as usize, rows, &mut budget)?);
        }
        let mut scans = Vec::new();
        for planned in planned {
            scans.push(Scan::<S>::new(self.data, planned, info, context, &mut budget)?);
        }
        for first in (0..bands.mcu_rows).step_by(bands.band) {
            check_stop(self.options.stop)?;
            for row in first..(first + bands.band).min(bands.mcu_rows) {
                for scan in &mut scans {
                    scan.decode_row(row, first, &mut planes)?;
                }
            }
            let count = |component: usize| bands.rows(info, component, first);
            finish.apply(&planes, count)?;
            let components = planes.iter().zip(&info.components).enumerate().map(|(index, (plane, component))| {
                let (first, width) = (first * usize::from(component.vertical), component.width as usize);
                ComponentRows { rows: finish.rows(index, plane), first, count: count(index), width }
            });
            output.band(&components.collect::<Vec<_>>());
            for (index, plane) in planes.iter_mut().enumerate() {
                plane.advance(count(index).saturating_sub(1));
            }
        }
        let warnings = self.finish(&mut scans)?;
        for scan in scans {
            scan.keep_memory(context);
        }
        for plane in planes.into_iter().rev() {
            S::pool(context).keep(plane.into_memory());
        }
        Ok(warnings)
    }

    /// Checks what follows the last samples: the ends of the scans, and EOI.
    fn finish<S: Sample>(&self, scans: &mut [Scan<'_, S>]) -> Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        let mut parser = self.plan.parser.clone();
        for scan in scans {
            parser.position = scan.finish(self.data, &mut warnings)?;
        }
        self.finish_image(&mut parser, &mut warnings)?;
        Ok(warnings)
    }

    /// Reads to EOI, which should follow the last scan, and adds warnings for anything else.
    fn finish_image(&self, parser: &mut Parser<'_>, warnings: &mut Vec<Warning>) -> Result<()> {
        match parser.next()? {
            Event::Scan { marker, .. } => return Err(twice(parser.scans - 1, marker)),
            Event::EndOfData => warnings.push(Warning::MissingEoi),
            Event::End { end } => {
                let rest = &self.data[end..];
                if let Some(first) = rest.first() {
                    let padding = matches!(first, 0 | 0xFF) && rest.iter().all(|byte| byte == first);
                    let (offset, count) = (end as u64, rest.len() as u64);
                    warnings.push(Warning::TrailingBytes { offset, count, padding });
                }
            }
        }
        Ok(())
    }
}

/// The bands of a frame.
struct Bounds {
    /// Rows of MCUs.
    mcu_rows: usize,
    /// Those of a band.
    band: usize,
}

impl Bounds {
    fn new(info: &FrameInfo) -> Self {
        let lines = info.mcu_rows();
        let samples = (info.width as usize).saturating_mul(lines).saturating_mul(info.components.len());
        let mcu_rows = (info.height as usize).div_ceil(lines);
        Self { mcu_rows, band: (BAND_SAMPLES / samples).clamp(1, 64).min(mcu_rows) }
    }

    /// The rows of a component in a band.
    fn plane_rows(&self, info: &FrameInfo, component: usize) -> usize {
        self.band * usize::from(info.components[component].vertical)
    }

    /// The rows of a component in the band that starts with row `first` of MCUs.
    fn rows(&self, info: &FrameInfo, component: usize, first: usize) -> usize {
        let component = &info.components[component];
        let vertical = usize::from(component.vertical);
        (self.band * vertical).min((component.height as usize).saturating_sub(first * vertical))
    }
}
