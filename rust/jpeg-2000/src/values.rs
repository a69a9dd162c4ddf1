//! The arithmetic of a tile: integers for the reversible transformation, floating point for the irreversible one; wider types
//! for high precisions.

use dicomet_codec::{Budget, MemoryExceeded};

use crate::coding_style::Transformation;
use crate::tile::{Tile, TileComponent};
use crate::wavelet::Coefficient;

/// The most magnitude bits of [`BlockDecoder::decode`](crate::block_decoder::BlockDecoder::decode).
const NARROW_MAGNITUDE_BITS: u8 = 30;
/// The most bits of a component for 32-bit integers: sums of coefficients have up to six more.
const NARROW_INTEGER_BITS: u8 = 24;
/// The most bits of a component for `f32`, which has 24.
const NARROW_FLOAT_BITS: u8 = 16;

/// The type of a tile-component's coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueType {
    I32,
    I64,
    F32,
    F64,
}

/// Coefficients of one type.
#[derive(Debug)]
pub(crate) enum Values {
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl ValueType {
    /// The type for a component, in a tile that [is wide](is_wide) or not.
    pub(crate) fn new(transformation: Transformation, is_wide: bool) -> Self {
        match (transformation, is_wide) {
            (Transformation::Reversible, false) => Self::I32,
            (Transformation::Reversible, true) => Self::I64,
            (Transformation::Irreversible, false) => Self::F32,
            (Transformation::Irreversible, true) => Self::F64,
        }
    }

    /// Lifting steps of the wavelet transformation.
    pub(crate) fn steps(self) -> usize {
        match self {
            Self::I32 => <i32 as Coefficient>::STEPS,
            Self::I64 => <i64 as Coefficient>::STEPS,
            Self::F32 => <f32 as Coefficient>::STEPS,
            Self::F64 => <f64 as Coefficient>::STEPS,
        }
    }
}

impl Values {
    pub(crate) fn new(value_type: ValueType) -> Self {
        match value_type {
            ValueType::I32 => Self::I32(Vec::new()),
            ValueType::I64 => Self::I64(Vec::new()),
            ValueType::F32 => Self::F32(Vec::new()),
            ValueType::F64 => Self::F64(Vec::new()),
        }
    }

    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::I32(_) => ValueType::I32,
            Self::I64(_) => ValueType::I64,
            Self::F32(_) => ValueType::F32,
            Self::F64(_) => ValueType::F64,
        }
    }

    /// Values that fit.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::I32(values) => values.capacity(),
            Self::I64(values) => values.capacity(),
            Self::F32(values) => values.capacity(),
            Self::F64(values) => values.capacity(),
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let size = match self.value_type() {
            ValueType::I32 | ValueType::F32 => 4,
            ValueType::I64 | ValueType::F64 => 8,
        };
        self.capacity() * size
    }

    /// Sets the number of values, which keep arbitrary ones. New memory counts towards `budget`.
    pub(crate) fn resize(&mut self, count: usize, budget: &mut Budget) -> Result<(), MemoryExceeded> {
        fn resize<T: Clone + Default>(
            values: &mut Vec<T>,
            count: usize,
            budget: &mut Budget,
        ) -> Result<(), MemoryExceeded> {
            if count > values.capacity() {
                values.clear();
                return budget.grow(values, count);
            }
            values.resize(count, T::default());
            Ok(())
        }
        match self {
            Self::I32(values) => resize(values, count, budget),
            Self::I64(values) => resize(values, count, budget),
            Self::F32(values) => resize(values, count, budget),
            Self::F64(values) => resize(values, count, budget),
        }
    }
}

/// Whether a tile needs 64 bits: block decoders, wavelets and components have one width for all its components.
pub(crate) fn is_wide(tile: &Tile, precisions: impl Iterator<Item = u8>) -> bool {
    let component = |(component, precision): (&TileComponent, u8)| {
        let limit = match component.style.transformation {
            Transformation::Reversible => NARROW_INTEGER_BITS,
            Transformation::Irreversible => NARROW_FLOAT_BITS,
        };
        let mut subbands = component.resolutions.iter().flat_map(|resolution| &resolution.subbands);
        precision > limit || subbands.any(|subband| subband.step.magnitude_bits > NARROW_MAGNITUDE_BITS)
    };
    tile.components.iter().zip(precisions).any(component)
}
