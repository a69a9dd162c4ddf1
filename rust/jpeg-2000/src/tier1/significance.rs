//! D.3.1, D.3.2: the significance propagation pass.

use super::contexts::Contexts;
use super::windows::{FIRST, Windows, neighbors};
use crate::mq::MqDecoder;

/// Decodes the pass; the coefficients that become significant are set in `plane`.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
pub(super) fn significance_pass<'a>(
    mq: &MqDecoder<'a>,
    contexts: &mut Contexts,
    windows: &mut Windows,
    plane: &mut [u64],
    causal: bool,
) -> MqDecoder<'a> {
    let mut mq = *mq;
    for stripe in 0..windows.size.1 {
        for index in windows.stripe(stripe) {
            let mut window = windows.windows[index];
            let before = window.significant;
            let open = window.inside & !before;
            let mut left = neighbors(before) & open;
            let mut visited = left;
            while left != 0 {
                let position = left.trailing_zeros();
                left &= left - 1;
                let shift = position.wrapping_sub(FIRST) & 63;
                let context = contexts.zero_coding(window.significant >> shift);
                if contexts.decode(&mut mq, context) != 0 {
                    let entry = contexts.sign_coding(window.significant >> shift, window.negative >> shift);
                    let sign = contexts.decode(&mut mq, entry & 31) ^ u64::from(entry >> 7);
                    window.significant |= 1 << (position & 63);
                    window.negative |= sign << (position & 63);
                    let more = 0b1110_0010 << (position & 63) & open;
                    visited |= more;
                    left |= more;
                }
            }
            windows.windows[index].visited = visited;
            plane[index] |= window.significant & !before;
            windows.add(index, window.significant & !before, window.negative, causal);
        }
    }
    mq
}
