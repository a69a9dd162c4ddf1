//! Samples that reach all parts of the coder.

use super::{Grid, Noise};

/// Kinds of pictures.
pub const KINDS: usize = 8;

/// A picture with samples up to `maxval`.
pub fn picture(kind: usize, (width, height): (usize, usize), maxval: u16, noise: &mut Noise) -> Grid {
    let (top, seed) = (usize::from(maxval), noise.next());
    let mut noise = Noise(seed);
    let values = usize::from(maxval) + 1;
    let flat = noise.below(values) as u16;
    let mut walk = noise.below(values);
    Grid::new(width, height, |x, y| match kind {
        0 => flat,
        1 => noise.below(values) as u16,
        // A ramp with some noise.
        2 => ((x * 3 + y * 5 + noise.below(4)) % values) as u16,
        // Long runs with outliers, which need the longest codes.
        3 => {
            if noise.once_in(23) {
                noise.below(values) as u16
            } else {
                flat
            }
        }
        // Blocks with the extremes.
        4 => {
            if (x / 7 + y / 5) % 2 == 0 {
                0
            } else {
                maxval
            }
        }
        // Columns: the same line again and again.
        5 => Noise(seed ^ (x / 3) as u64).below(values) as u16,
        // A walk of small steps.
        6 => {
            walk = (walk + noise.below(3 + values / 16)).saturating_sub(1 + values / 32).min(top);
            walk as u16
        }
        // Flat with small differences.
        _ => (usize::from(flat) + noise.below(3)).min(top) as u16,
    })
}
