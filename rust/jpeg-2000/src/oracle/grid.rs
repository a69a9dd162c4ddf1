//! D.3: the state of a code-block, and the contexts that follow from it.

use crate::code_block::Band;

/// States of the coefficients of a code-block, by rows.
pub(crate) struct Grid {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) causal: bool,
    pub(crate) significant: Vec<bool>,
    pub(crate) negative: Vec<bool>,
    pub(crate) visited: Vec<bool>,
    pub(crate) refined: Vec<bool>,
}

impl Grid {
    pub(crate) fn new(width: usize, height: usize, causal: bool) -> Self {
        let flags = vec![false; width * height];
        let (significant, negative, visited, refined) = (flags.clone(), flags.clone(), flags.clone(), flags);
        Self { width, height, causal, significant, negative, visited, refined }
    }

    /// D.1: positions in the order of coding: stripes of four rows, column by column.
    pub(crate) fn scan(&self) -> Vec<(usize, usize)> {
        let mut order = vec![];
        for stripe in (0..self.height).step_by(4) {
            for x in 0..self.width {
                order.extend((stripe..self.height.min(stripe + 4)).map(|y| (x, y)));
            }
        }
        order
    }

    /// The index of a neighbor of (x, y), if it is in the code-block and visible from there (D.7).
    fn neighbor(&self, (x, y): (usize, usize), dx: isize, dy: isize) -> Option<usize> {
        if self.causal && dy == 1 && y % 4 == 3 {
            return None;
        }
        let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        (x < self.width && y < self.height).then_some(y * self.width + x)
    }

    fn count(&self, at: (usize, usize), offsets: &[(isize, isize)]) -> usize {
        let significant =
            |&&(dx, dy): &&(isize, isize)| self.neighbor(at, dx, dy).is_some_and(|index| self.significant[index]);
        offsets.iter().filter(significant).count()
    }

    /// Numbers of significant horizontal, vertical and diagonal neighbors (Figure D.2).
    fn counts(&self, at: (usize, usize)) -> (usize, usize, usize) {
        (
            self.count(at, &[(-1, 0), (1, 0)]),
            self.count(at, &[(0, -1), (0, 1)]),
            self.count(at, &[(-1, -1), (1, -1), (-1, 1), (1, 1)]),
        )
    }

    /// Whether there is a significant neighbor.
    pub(crate) fn has_significant_neighbor(&self, at: (usize, usize)) -> bool {
        self.counts(at) != (0, 0, 0)
    }

    /// Table D.1: contexts of zero coding.
    #[allow(clippy::match_same_arms, reason = "the table has both")]
    pub(crate) fn zero_coding(&self, band: Band, at: (usize, usize)) -> usize {
        let (h, v, d) = self.counts(at);
        match (band, h, v, d) {
            (Band::Ll | Band::Lh, 2, _, _) | (Band::Hl, _, 2, _) => 8,
            (Band::Ll | Band::Lh, 1, 1.., _) | (Band::Hl, 1.., 1, _) => 7,
            (Band::Ll | Band::Lh, 1, 0, 1..) | (Band::Hl, 0, 1, 1..) => 6,
            (Band::Ll | Band::Lh, 1, 0, 0) | (Band::Hl, 0, 1, 0) => 5,
            (Band::Ll | Band::Lh, 0, 2, _) | (Band::Hl, 2, 0, _) => 4,
            (Band::Ll | Band::Lh, 0, 1, _) | (Band::Hl, 1, 0, _) => 3,
            (Band::Hh, _, _, 3..) => 8,
            (Band::Hh, _, _, 2) => 6 + (h + v).min(1),
            (Band::Hh, _, _, 1) => 3 + (h + v).min(2),
            (Band::Hh, _, _, 0) => (h + v).min(2),
            (_, _, _, d) => d.min(2),
        }
    }

    /// Table D.2: the contribution of two neighbors to the context of a sign.
    fn contribution(&self, at: (usize, usize), offsets: [(isize, isize); 2]) -> i32 {
        let sum: i32 = offsets
            .into_iter()
            .filter_map(|(dx, dy)| self.neighbor(at, dx, dy))
            .filter(|&index| self.significant[index])
            .map(|index| if self.negative[index] { -1 } else { 1 })
            .sum();
        sum.clamp(-1, 1)
    }

    /// Table D.3: context and `XORbit` of a sign.
    pub(crate) fn sign_coding(&self, at: (usize, usize)) -> (usize, u8) {
        match (self.contribution(at, [(-1, 0), (1, 0)]), self.contribution(at, [(0, -1), (0, 1)])) {
            (1, 1) => (13, 0),
            (1, 0) => (12, 0),
            (1, -1) => (11, 0),
            (0, 1) => (10, 0),
            (0, 0) => (9, 0),
            (0, -1) => (10, 1),
            (-1, 1) => (11, 1),
            (-1, 0) => (12, 1),
            _ => (13, 1),
        }
    }

    /// Table D.4: contexts of magnitude refinement.
    pub(crate) fn refinement(&self, at: (usize, usize)) -> usize {
        let (h, v, d) = self.counts(at);
        match (self.refined[at.1 * self.width + at.0], h + v + d) {
            (true, _) => 16,
            (false, 0) => 14,
            (false, _) => 15,
        }
    }
}
