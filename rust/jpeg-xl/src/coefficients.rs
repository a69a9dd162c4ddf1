//! The DCT coefficients of a recompressed JPEG codestream (ISO/IEC 18181-2, JPEG bitstream reconstruction).
//!
//! A frame of such a codestream has the quantized coefficients of the JPEG codestream, its quantization tables and its
//! sampling factors. The box `jbrd` has what else is needed for its bytes, such as Huffman codes and the order of scans.

use std::sync::Arc;

use jxl_bitstream::Bitstream;
use jxl_frame::data::{
    HfGlobal, LfGlobal, LfGlobalVarDct, LfGroup, PassGroupParams, PassGroupParamsVardct, decode_pass_group,
};
use jxl_frame::{Frame, FrameContext};
use jxl_grid::{AlignedGrid, AllocTracker};
use jxl_modular::ChannelShift;
use jxl_modular::image::ModularImageDestination;
use jxl_oxide_common::Bundle;
use jxl_threadpool::JxlThreadPool;
use jxl_vardct::{BlockInfo, DCT8_NATURAL_ORDER, HfMetadata, LfCoeff, TransformType};

use crate::chroma::ChromaFromLuma;
use crate::error::{Error, Result};
use crate::header::Parsed;
use crate::runner::Stop;

const PART: &str = "coefficients";
/// Limit of the memory for coefficients and tables: bytes per pixel, and bytes that are always allowed.
const BYTES_PER_PIXEL: usize = 16;
const FREE_BYTES: usize = 16 << 20;
/// The unit of prediction factors of chroma from luma in a recompressed codestream.
const COLOR_FACTOR: u32 = 84;
/// Blocks along a group, and along a group of lowest frequencies.
const GROUP_BLOCKS: u32 = 32;
const LF_GROUP_BLOCKS: u32 = 256;

/// The coefficients of a block, in zigzag order.
pub(crate) type Block = [i32; 64];
/// The coefficients of a group: Y, Cb and Cr, or G, R and B.
type Group = [AlignedGrid<i32>; 3];

/// The frame of a recompressed JPEG codestream.
pub(crate) struct Coefficients {
    frame: Frame,
    tracker: AllocTracker,
    global: LfGlobal<i16>,
    hf_global: HfGlobal,
    lf_groups: Vec<LfGroup<i16>>,
    /// Number of components: 1 or 3.
    pub(crate) components: usize,
}

impl Coefficients {
    /// Reads everything but the coefficients of high frequency.
    pub(crate) fn read(parsed: &Parsed<'_>, stop: &Stop<'_>) -> Result<Self> {
        if parsed.frames != 1 {
            return Err(not_jpeg("more than one frame"));
        }
        let size = &parsed.image.size;
        let pixels = (size.width as usize).saturating_mul(size.height as usize);
        let tracker = AllocTracker::with_limit(pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(FREE_BYTES));
        let frame = read_frame(parsed, &tracker)?;
        check_frame(&frame)?;
        let global = frame.try_parse_lf_global::<i16>().ok_or_else(missing)?.map_err(failure)?;
        let vardct = lf_global(&global)?;
        let mut lf_groups = Vec::new();
        for index in 0..frame.header().num_lf_groups() {
            stop.check()?;
            let group = frame.try_parse_lf_group(Some(vardct), global.gmodular.ma_config(), None, index);
            let group = group.ok_or_else(missing)?.map_err(failure)?;
            check_lf_group(&group)?;
            lf_groups.push(group);
        }
        let hf_global = frame.try_parse_hf_global(Some(&global)).ok_or_else(missing)?.map_err(failure)?;
        let components = if parsed.image.metadata.grayscale() { 1 } else { 3 };
        let found = Self { frame, tracker, global, hf_global, lf_groups, components };
        found.check_compatible()?;
        Ok(found)
    }

    fn check_compatible(&self) -> Result<()> {
        for channel in 0..3 {
            self.channel_table(channel)?;
        }
        let chroma = &lf_global(&self.global)?.lf_chan_corr;
        let has_base = [chroma.base_correlation_x, chroma.base_correlation_b].iter().any(|base| base.abs() > 0.0);
        if !self.is_subsampled() && (chroma.colour_factor != COLOR_FACTOR || has_base) {
            return Err(not_jpeg("another prediction of chroma"));
        }
        Ok(())
    }

    /// The quantization table of a channel of the frame, column by column.
    fn channel_table(&self, channel: usize) -> Result<&[i32; 64]> {
        let table = self.hf_global.dequant_matrices.jpeg_quant_values(channel);
        let table = table.and_then(|table| table.first_chunk()).ok_or_else(|| not_jpeg("no quantization tables"))?;
        if table.iter().all(|&value| (1..=0xFFFF).contains(&value)) {
            Ok(table)
        } else {
            Err(not_jpeg("a quantization step that is out of range"))
        }
    }

    /// The quantization table of a component, in zigzag order.
    pub(crate) fn quantization(&self, component: usize) -> Result<[u16; 64]> {
        let table = self.channel_table(CHANNELS[self.place(component)])?;
        let mut steps = [0; 64];
        for (step, &(x, y)) in steps.iter_mut().zip(DCT8_NATURAL_ORDER) {
            let found = table[usize::from(x) * 8 + usize::from(y)];
            *step = u16::try_from(found).map_err(|_| not_jpeg("a quantization step that is out of range"))?;
        }
        Ok(steps)
    }

    /// The place of a component among Y, Cb, Cr, or G, R, B.
    fn place(&self, component: usize) -> usize {
        if self.frame.header().do_ycbcr { component } else { [1, 0, 2][component] }
    }

    /// The sampling factors of the places.
    fn upsampling(&self) -> [u32; 3] {
        let [first, second, third] = self.frame.header().jpeg_upsampling;
        [second, first, third]
    }

    fn is_subsampled(&self) -> bool {
        self.upsampling() != [0; 3]
    }

    fn shift(&self, place: usize) -> ChannelShift {
        ChannelShift::from_jpeg_upsampling(self.upsampling(), place)
    }

    /// The horizontal and vertical sampling factor of a component.
    pub(crate) fn sampling(&self, component: usize) -> (u8, u8) {
        if self.components == 1 {
            return (1, 1);
        }
        [(1, 1), (2, 2), (2, 1), (1, 2)][(self.upsampling()[self.place(component)] & 3) as usize]
    }

    /// Number of rows of groups.
    pub(crate) fn group_rows(&self) -> u32 {
        self.frame.header().height.div_ceil(GROUP_BLOCKS * 8)
    }

    /// Decodes a row of groups.
    pub(crate) fn group_row(&self, row: u32, stop: &Stop<'_>) -> Result<GroupRow<'_>> {
        let per_row = self.frame.header().groups_per_row();
        let mut groups = Vec::new();
        for index in (0..per_row).map(|column| row * per_row + column) {
            stop.check()?;
            groups.push(self.group(index)?);
        }
        Ok(GroupRow { coefficients: self, groups })
    }

    fn group(&self, index: u32) -> Result<Group> {
        let header = self.frame.header();
        let (width, height) = header.group_size_for(index);
        let grid = |place| {
            let (columns, rows) = self.shift(place).shift_size((width.div_ceil(8), height.div_ceil(8)));
            AlignedGrid::with_alloc_tracker(columns as usize * 8, rows as usize * 8, Some(&self.tracker))
        };
        let memory = |error: jxl_grid::OutOfMemory| Error::Memory(error.bytes() as u64);
        let mut group = [grid(0).map_err(memory)?, grid(1).map_err(memory)?, grid(2).map_err(memory)?];
        let lf_group = self.lf_group(header.lf_group_idx_from_group_idx(index))?;
        for pass in 0..header.passes.num_passes {
            let found = self.frame.pass_group_bitstream(pass, index).ok_or_else(missing)?.map_err(failure)?;
            let mut bits = found.bitstream;
            let [y, cb, cr] = group.each_mut().map(AlignedGrid::as_subgrid_mut);
            let params = PassGroupParams {
                frame_header: header,
                lf_group,
                pass_idx: pass,
                group_idx: index,
                global_ma_config: self.global.gmodular.ma_config(),
                modular: None,
                vardct: Some(PassGroupParamsVardct {
                    lf_vardct: lf_global(&self.global)?,
                    hf_global: &self.hf_global,
                    hf_coeff_output: &mut [cb, y, cr],
                }),
                allow_partial: false,
                tracker: Some(&self.tracker),
                pool: &JxlThreadPool::none(),
            };
            decode_pass_group(&mut bits, params).map_err(failure)?;
        }
        self.add_luma(index, lf_group, &mut group)?;
        Ok(group)
    }

    /// Adds what was predicted from luma to the coefficients of chroma.
    fn add_luma(&self, index: u32, lf_group: &LfGroup<i16>, [luma, cb, cr]: &mut Group) -> Result<()> {
        if self.components == 1 || self.is_subsampled() {
            return Ok(());
        }
        let per_row = self.frame.header().groups_per_row();
        let place = (index % per_row % 8, index / per_row % 8);
        let HfMetadata { x_from_y, b_from_y, .. } = metadata(lf_group)?;
        let table = self.channel_table(1)?;
        for (factors, channel, chroma) in [(x_from_y, 0, cb), (b_from_y, 2, cr)] {
            ChromaFromLuma::new(factors, place, table, self.channel_table(channel)?).add(luma, chroma)?;
        }
        Ok(())
    }

    fn lf_group(&self, index: u32) -> Result<&LfGroup<i16>> {
        self.lf_groups.get(index as usize).ok_or_else(missing)
    }

    /// The difference between the coefficients of frequency 0, which have no level shift in a frame without YCbCr.
    fn dc_offset(&self, component: usize) -> Result<i32> {
        if self.frame.header().do_ycbcr {
            return Ok(0);
        }
        Ok(1024 / self.channel_table(CHANNELS[self.place(component)])?[0])
    }
}

/// The channel of each place.
const CHANNELS: [usize; 3] = [1, 0, 2];

/// The coefficients of a row of groups.
pub(crate) struct GroupRow<'a> {
    coefficients: &'a Coefficients,
    groups: Vec<Group>,
}

impl GroupRow<'_> {
    /// Returns the block of a component at column `x` and row `y`, counted in blocks of the component in the frame.
    pub(crate) fn block(&self, component: usize, x: u32, y: u32) -> Result<Block> {
        let all = self.coefficients;
        let place = all.place(component);
        let shift = all.shift(place);
        let (columns, rows) = (GROUP_BLOCKS >> shift.hshift(), GROUP_BLOCKS >> shift.vshift());
        let grid = self.groups.get((x / columns) as usize).map(|group| &group[place]).ok_or_else(missing)?;
        let (left, top) = ((x % columns * 8) as usize, (y % rows * 8) as usize);
        let mut block = [0; 64];
        for (value, &(dx, dy)) in block.iter_mut().zip(DCT8_NATURAL_ORDER) {
            let found = grid.try_get_ref(left + usize::from(dx), top + usize::from(dy));
            *value = *found.ok_or_else(missing)?;
        }
        block[0] = self.lowest(place, x, y)? - all.dc_offset(component)?;
        Ok(block)
    }

    /// Returns the coefficient of frequency 0.
    fn lowest(&self, place: usize, x: u32, y: u32) -> Result<i32> {
        let all = self.coefficients;
        let shift = all.shift(place);
        let (columns, rows) = (LF_GROUP_BLOCKS >> shift.hshift(), LF_GROUP_BLOCKS >> shift.vshift());
        let group = all.lf_group(x / columns + y / rows * all.frame.header().lf_groups_per_row())?;
        let channels = lf_image(group)?;
        let value = channels.get(place).and_then(|grid| grid.try_get_ref((x % columns) as usize, (y % rows) as usize));
        value.map(|&value| i32::from(value)).ok_or_else(missing)
    }
}

fn read_frame(parsed: &Parsed<'_>, tracker: &AllocTracker) -> Result<Frame> {
    let bytes = parsed.codestream.get(parsed.start..).unwrap_or_default();
    let mut bits = Bitstream::new(bytes);
    let image_header = Arc::clone(&parsed.image);
    let context = FrameContext { image_header, tracker: Some(tracker), pool: JxlThreadPool::none() };
    let mut frame = Frame::parse(&mut bits, context).map_err(failure)?;
    frame.feed_bytes(bytes.get(bits.num_read_bits() / 8..).unwrap_or_default()).map_err(failure)?;
    if frame.is_loading_done() { Ok(frame) } else { Err(missing()) }
}

/// Checks that the frame has nothing that a JPEG codestream cannot have.
fn check_frame(frame: &Frame) -> Result<()> {
    let header = frame.header();
    let size = &frame.image_header().size;
    let whole =
        !header.have_crop && header.upsampling == 1 && (header.width, header.height) == (size.width, size.height);
    let plain = header.frame_type.is_normal_frame() && !header.flags.use_lf_frame();
    let flags = header.flags.patches() || header.flags.splines() || header.flags.noise();
    let filters = header.restoration_filter.gab.enabled() || header.restoration_filter.epf.enabled();
    if !whole || !plain || flags || filters || !header.flags.skip_adaptive_lf_smoothing() {
        return Err(not_jpeg("a frame with filters or additions"));
    }
    Ok(())
}

/// Checks that all transforms are those of JPEG.
fn check_lf_group(group: &LfGroup<i16>) -> Result<()> {
    let blocks = metadata(group)?.block_info.buf();
    let is_jpeg = |info: &BlockInfo| matches!(info, BlockInfo::Data { dct_select: TransformType::Dct8, .. });
    if !blocks.iter().all(is_jpeg) {
        return Err(not_jpeg("transforms of other sizes than 8 x 8"));
    }
    match &group.lf_coeff {
        Some(LfCoeff { extra_precision: 0, partial: false, .. }) => Ok(()),
        _ => Err(not_jpeg("coefficients of other precision")),
    }
}

fn lf_global(global: &LfGlobal<i16>) -> Result<&LfGlobalVarDct> {
    global.vardct.as_ref().ok_or_else(|| not_jpeg("no DCT"))
}

fn lf_image(group: &LfGroup<i16>) -> Result<&[AlignedGrid<i16>]> {
    let image = group.lf_coeff.as_ref().and_then(|coefficients| coefficients.lf_quant.image());
    image.map(ModularImageDestination::image_channels).ok_or_else(missing)
}

fn metadata(group: &LfGroup<i16>) -> Result<&HfMetadata> {
    group.hf_meta.as_ref().ok_or_else(missing)
}

fn missing() -> Error {
    Error::invalid(PART, "the end of the data")
}

fn not_jpeg(what: &str) -> Error {
    Error::invalid(PART, format!("{what}, expected the frame of a recompressed JPEG codestream"))
}

fn failure(error: jxl_frame::Error) -> Error {
    match error {
        jxl_frame::Error::Buffer(memory) => Error::Memory(memory.bytes() as u64),
        jxl_frame::Error::OutOfMemory => Error::Memory(0),
        error => Error::invalid(PART, error),
    }
}
