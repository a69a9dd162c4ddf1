//! Color transforms of Hewlett-Packard's encoder, which are not in the standard. The values are those of the library `CharLS`.

use crate::frame::ColorTransform;
use crate::sample::Sample;

/// Undoes a transform for a row of three components. Arithmetic is modulo 2^n, with n the bits of `S`.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(crate) fn invert<S: Sample>(transform: ColorTransform, rows: [&[S]; 3], out: [&mut [S]; 3]) {
    match transform {
        ColorTransform::None => apply(rows, out, |values| values),
        ColorTransform::Hp1 => apply(rows, out, hp1::<S>),
        ColorTransform::Hp2 => apply(rows, out, hp2::<S>),
        ColorTransform::Hp3 => apply(rows, out, hp3::<S>),
    }
}

#[inline(always)]
fn apply<S: Sample>(rows: [&[S]; 3], out: [&mut [S]; 3], invert: impl Fn([u32; 3]) -> [u32; 3]) {
    let [first, second, third] = rows;
    let [red, green, blue] = out;
    let samples = first.iter().zip(second).zip(third);
    for (((first, second), third), ((red, green), blue)) in samples.zip(red.iter_mut().zip(green).zip(blue)) {
        let values = [*first, *second, *third].map(|sample| u32::from(sample.into()));
        [*red, *green, *blue] = invert(values).map(|value| S::truncate(value as u16));
    }
}

/// Half of the number of values.
#[inline(always)]
fn half<S: Sample>() -> u32 {
    1 << (S::BITS - 1)
}

#[inline(always)]
fn hp1<S: Sample>([first, green, third]: [u32; 3]) -> [u32; 3] {
    let sum = |value: u32| value.wrapping_add(green).wrapping_sub(half::<S>());
    [sum(first), green, sum(third)]
}

#[inline(always)]
fn hp2<S: Sample>([first, green, third]: [u32; 3]) -> [u32; 3] {
    let half = half::<S>();
    let red = first.wrapping_add(green).wrapping_sub(half) & (2 * half - 1);
    [red, green, third.wrapping_add((red + green) >> 1).wrapping_sub(half)]
}

#[inline(always)]
fn hp3<S: Sample>([first, second, third]: [u32; 3]) -> [u32; 3] {
    let half = half::<S>();
    let green = first.wrapping_sub((third + second) >> 2).wrapping_add(half / 2);
    let sum = |value: u32| value.wrapping_add(green).wrapping_sub(half);
    [sum(third), green, sum(second)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transforms of the encoder.
    fn forward(transform: ColorTransform, [red, green, blue]: [i32; 3], bits: u32) -> [i32; 3] {
        let (half, range) = (1 << (bits - 1), 1 << bits);
        let values = match transform {
            ColorTransform::None => [red, green, blue],
            ColorTransform::Hp1 => [red - green + half, green, blue - green + half],
            ColorTransform::Hp2 => [red - green + half, green, blue - red.midpoint(green) + half],
            ColorTransform::Hp3 => {
                let (second, third) = ((blue - green + half).rem_euclid(range), (red - green + half).rem_euclid(range));
                [green + ((second + third) >> 2) - range / 4, second, third]
            }
        };
        values.map(|value| value.rem_euclid(range))
    }

    fn check<S: Sample>(transform: ColorTransform, values: [i32; 3]) {
        let coded = forward(transform, values, S::BITS).map(|value| [S::truncate(value as u16)]);
        let mut out = [[S::default()]; 3];
        let [red, green, blue] = &mut out;
        invert(transform, [&coded[0], &coded[1], &coded[2]], [red, green, blue]);
        assert_eq!(out.map(|[sample]| i32::from(sample.into())), values, "{transform:?}");
    }

    #[test]
    fn transforms_are_undone() {
        let transforms = [ColorTransform::None, ColorTransform::Hp1, ColorTransform::Hp2, ColorTransform::Hp3];
        for transform in transforms {
            for seed in 0..20_000i32 {
                let values = [1, 77, 5003].map(|factor| seed.wrapping_mul(factor).wrapping_mul(7919) >> 3);
                check::<u8>(transform, values.map(|value| value & 0xFF));
                check::<u16>(transform, values.map(|value| value & 0xFFFF));
            }
        }
    }
}
