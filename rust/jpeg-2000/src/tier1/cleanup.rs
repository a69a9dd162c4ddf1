//! D.3.4: the cleanup pass.

use super::contexts::{Contexts, UNIFORM};
use super::windows::{FIRST, STRIDE, TOP, Windows, neighbors};
use crate::mq::MqDecoder;

/// Decodes the pass; the coefficients that become significant are set in `plane`.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
pub(super) fn cleanup_pass<'a>(
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
            let (before, inside) = (window.significant, window.inside);
            let mut left = inside & !before & !window.visited;
            windows.windows[index].visited = 0;
            // Columns of four without significant neighbors: only their first coefficient is left.
            let busy = neighbors(before) | before | !inside;
            let mut runs = TOP & !(busy | busy >> 1 | busy >> 2 | busy >> 3);
            left &= !(runs << 1 | runs << 2 | runs << 3);
            while left != 0 {
                let mut position = left.trailing_zeros();
                left &= left - 1;
                let shift = position.wrapping_sub(FIRST) & 63;
                if runs >> (position & 63) & 1 != 0 {
                    if contexts.decode_run(&mut mq) == 0 {
                        continue;
                    }
                    let row = contexts.decode(&mut mq, UNIFORM as u8) << 1;
                    let row = (row | contexts.decode(&mut mq, UNIFORM as u8)) as u32;
                    left |= (0b1110 << row & 0b1111) << (position & 63);
                    position = position.wrapping_add(row);
                } else {
                    let context = contexts.zero_coding(window.significant >> shift);
                    if contexts.decode(&mut mq, context) == 0 {
                        continue;
                    }
                }
                let shift = position.wrapping_sub(FIRST) & 63;
                let entry = contexts.sign_coding(window.significant >> shift, window.negative >> shift);
                let sign = contexts.decode(&mut mq, entry & 31) ^ u64::from(entry >> 7);
                window.significant |= 1 << (position & 63);
                window.negative |= sign << (position & 63);
                // The next column is no run any more.
                let column = (position.wrapping_sub(FIRST)) / STRIDE;
                let first = (FIRST + STRIDE).wrapping_add(column * STRIDE);
                let next = runs & 1u64.checked_shl(first).unwrap_or(0);
                runs ^= next;
                left |= next << 1 | next << 2 | next << 3;
            }
            plane[index] |= window.significant & !before;
            windows.add(index, window.significant & !before, window.negative, causal);
        }
    }
    mq
}
