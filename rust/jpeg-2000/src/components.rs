//! Annex G: from components after synthesis to samples: multiple component transformation, DC level shift, limits.

use crate::siz::Component;
use crate::tile_rows::Row;

/// A sample of the result.
pub(crate) trait Target: Copy + Default + Send + Sync {
    /// The lowest bits of `value`.
    fn of_i32(value: i32) -> Self;
    /// The lowest bits of `value`.
    fn of_i64(value: i64) -> Self;
}

macro_rules! target {
    ($($type:ty),*) => {
        $(#[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "of some of the types; the lowest bits are wanted")]
        impl Target for $type {
            #[inline(always)]
            fn of_i32(value: i32) -> Self {
                value as Self
            }

            #[inline(always)]
            fn of_i64(value: i64) -> Self {
                value as Self
            }
        })*
    };
}

target!(u8, u16, i32, i64);

/// The level shift of a component, and its smallest and largest sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    shift: i64,
    min: i64,
    max: i64,
}

impl Limits {
    pub(crate) fn new(component: Component) -> Self {
        let half = 1i64 << (component.precision - 1);
        if component.signed {
            Self { shift: 0, min: -half, max: half - 1 }
        } else {
            Self { shift: half, min: 0, max: 2 * half - 1 }
        }
    }
}

/// The arithmetic of one type.
trait Finish: Copy {
    /// The limits and the shift in this arithmetic.
    type Converted: Copy;

    fn limits(limits: Limits) -> Self::Converted;

    /// Rounds and limits a value.
    fn finish<S: Target>(self, limits: Self::Converted) -> S;

    /// The inverse of the transformation of three components: RCT (G.2) or ICT (G.3).
    fn transform(values: [Self; 3]) -> [Self; 3];
}

macro_rules! integer {
    ($type:ty, $of:ident) => {
        impl Finish for $type {
            type Converted = ($type, $type, $type);

            #[inline(always)]
            fn limits(limits: Limits) -> Self::Converted {
                (limits.min as $type, limits.max as $type, limits.shift as $type)
            }

            #[inline(always)]
            fn finish<S: Target>(self, (min, max, shift): Self::Converted) -> S {
                S::$of(self.wrapping_add(shift).max(min).min(max))
            }

            #[inline(always)]
            fn transform([y, u, v]: [Self; 3]) -> [Self; 3] {
                let green = y.wrapping_sub(u.wrapping_add(v) >> 2);
                [v.wrapping_add(green), green, u.wrapping_add(green)]
            }
        }
    };
}

integer!(i32, of_i32);
integer!(i64, of_i64);

macro_rules! float {
    ($type:ty, $integer:ty, $of:ident, $magic:expr) => {
        #[allow(clippy::cast_precision_loss, reason = "precisions have no more bits than the type for them")]
        #[allow(clippy::cast_possible_wrap, reason = "the difference of two patterns of bits, modulo 2^32 or 2^64")]
        impl Finish for $type {
            type Converted = ($type, $type, $integer);

            #[inline(always)]
            fn limits(limits: Limits) -> Self::Converted {
                ((limits.min - limits.shift) as $type, (limits.max - limits.shift) as $type, limits.shift as $integer)
            }

            #[inline(always)]
            fn finish<S: Target>(self, (min, max, shift): Self::Converted) -> S {
                // A NaN gives `min`, with any instructions.
                let value = if self > min { self } else { min };
                let value = if value < max { value } else { max };
                // In this sum the last bit is that of the integer, to which the processor rounds.
                let bits = (value + $magic).to_bits() as $integer;
                S::$of(bits.wrapping_sub(<$type>::to_bits($magic) as $integer).wrapping_add(shift))
            }

            #[inline(always)]
            fn transform([y, cb, cr]: [Self; 3]) -> [Self; 3] {
                [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
            }
        }
    };
}

float!(f32, i32, of_i32, 12_582_912.0f32); // 1.5 * 2^23
float!(f64, i64, of_i64, 6_755_399_441_055_744.0f64); // 1.5 * 2^52

/// The samples of a row of one component.
pub(crate) fn finish<S: Target>(row: Row<'_>, limits: Limits, out: &mut [S]) {
    match row {
        Row::I32(row) => finish_i32(row, limits, out),
        Row::I64(row) => finish_row(row, limits, out),
        Row::F32(row) => finish_f32(row, limits, out),
        Row::F64(row) => finish_row(row, limits, out),
    }
}

/// The samples of a row of three components that were transformed. The rows have the same type.
pub(crate) fn finish_transformed<S: Target>(rows: [Row<'_>; 3], limits: [Limits; 3], out: [&mut [S]; 3]) {
    match rows {
        [Row::I32(a), Row::I32(b), Row::I32(c)] => transform_i32([a, b, c], limits, out),
        [Row::I64(a), Row::I64(b), Row::I64(c)] => transform_rows([a, b, c], limits, out),
        [Row::F32(a), Row::F32(b), Row::F32(c)] => transform_f32([a, b, c], limits, out),
        [Row::F64(a), Row::F64(b), Row::F64(c)] => transform_rows([a, b, c], limits, out),
        _ => {}
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn finish_i32<S: Target>(row: &[i32], limits: Limits, out: &mut [S]) {
    finish_row(row, limits, out);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn finish_f32<S: Target>(row: &[f32], limits: Limits, out: &mut [S]) {
    finish_row(row, limits, out);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn transform_i32<S: Target>(rows: [&[i32]; 3], limits: [Limits; 3], out: [&mut [S]; 3]) {
    transform_rows(rows, limits, out);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn transform_f32<S: Target>(rows: [&[f32]; 3], limits: [Limits; 3], out: [&mut [S]; 3]) {
    transform_rows(rows, limits, out);
}

#[inline(always)]
fn finish_row<T: Finish, S: Target>(row: &[T], limits: Limits, out: &mut [S]) {
    let limits = T::limits(limits);
    for (out, value) in out.iter_mut().zip(row) {
        *out = value.finish(limits);
    }
}

#[inline(always)]
fn transform_rows<T: Finish, S: Target>(rows: [&[T]; 3], limits: [Limits; 3], out: [&mut [S]; 3]) {
    let limits = limits.map(T::limits);
    let ([first, second, third], [red, green, blue]) = (rows, out);
    let values = first.iter().zip(second).zip(third);
    for (((red, green), blue), ((first, second), third)) in red.iter_mut().zip(green).zip(blue).zip(values) {
        let values = T::transform([*first, *second, *third]);
        *red = values[0].finish(limits[0]);
        *green = values[1].finish(limits[1]);
        *blue = values[2].finish(limits[2]);
    }
}
