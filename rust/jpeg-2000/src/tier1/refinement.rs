//! D.3.3: the magnitude refinement pass.

use std::hint::select_unpredictable;

use super::contexts::{Contexts, REFINEMENT};
use super::windows::{Windows, neighbors};
use crate::mq::MqDecoder;

/// Decodes the pass into `plane`.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
pub(super) fn refinement_pass<'a>(
    mq: &MqDecoder<'a>,
    contexts: &mut Contexts,
    windows: &mut Windows,
    plane: &mut [u64],
) -> MqDecoder<'a> {
    let mut mq = *mq;
    let [mut first_alone, mut first, mut later] = [0, 1, 2].map(|k| contexts.states[REFINEMENT + k]);
    for stripe in 0..windows.size.1 {
        let range = windows.stripe(stripe);
        for (window, plane) in windows.windows[range.clone()].iter_mut().zip(&mut plane[range]) {
            let mut left = window.significant & window.inside & !window.visited;
            let refined = window.refined;
            window.refined |= left;
            let near = neighbors(window.significant) & !refined;
            let mut bits = 0;
            if left & !refined == 0 {
                while left != 0 {
                    let bit = left & left.wrapping_neg();
                    left ^= bit;
                    let symbol;
                    (symbol, later) = contexts.decode_state(&mut mq, later);
                    bits |= bit & symbol.wrapping_neg();
                }
            }
            while left != 0 {
                let bit = left & left.wrapping_neg();
                left ^= bit;
                let (is_near, is_later) = (near & bit != 0, refined & bit != 0);
                let state = select_unpredictable(is_later, later, select_unpredictable(is_near, first, first_alone));
                let (symbol, state) = contexts.decode_state(&mut mq, state);
                bits |= bit & symbol.wrapping_neg();
                later = select_unpredictable(is_later, state, later);
                first = select_unpredictable(is_near, state, first);
                first_alone = select_unpredictable(is_near | is_later, first_alone, state);
            }
            *plane |= bits;
        }
    }
    for (k, state) in [first_alone, first, later].into_iter().enumerate() {
        contexts.states[REFINEMENT + k] = state;
    }
    mq
}
