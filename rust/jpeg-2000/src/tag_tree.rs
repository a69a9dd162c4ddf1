//! B.10.2: tag trees.

/// A quad tree over code-blocks. Each node's value is the minimum of the values below it; the code gives differences.
#[derive(Debug, Clone, Default)]
pub(crate) struct TagTree {
    /// Width of each level, and its first node, from the leaves to the root.
    levels: Vec<(u32, u32)>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// The value, or the lower bound that is known so far.
    value: u16,
    is_known: bool,
}

impl TagTree {
    /// A tree over `width` by `height` leaves, which is not empty.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let (mut levels, mut count, mut size) = (Vec::new(), 0, (width, height));
        loop {
            levels.push((size.0, count));
            count += size.0 * size.1;
            if size.0 <= 1 && size.1 <= 1 {
                break;
            }
            size = (size.0.div_ceil(2), size.1.div_ceil(2));
        }
        Self { levels, nodes: vec![Node::default(); count as usize] }
    }

    /// Reads bits until the value of the leaf at column `x` and row `y` is known, or known to be at least `limit`.
    ///
    /// Returns the value in the first case. `bit` reads the next bit.
    pub(crate) fn decode<E>(
        &mut self,
        (x, y): (u32, u32),
        limit: u16,
        mut bit: impl FnMut() -> Result<bool, E>,
    ) -> Result<Option<u16>, E> {
        let mut lowest = 0;
        let mut is_known = false;
        for (level, (width, first)) in self.levels.iter().enumerate().rev() {
            let index = first + (y >> level) * width + (x >> level);
            let node = &mut self.nodes[index as usize];
            node.value = node.value.max(lowest);
            while !node.is_known && node.value < limit {
                if bit()? {
                    node.is_known = true;
                } else {
                    node.value += 1;
                }
            }
            (lowest, is_known) = (node.value, node.is_known);
        }
        Ok(Some(lowest).filter(|value| is_known && *value < limit))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// The value of a node; what was coded of it: a lower bound, and whether it is the value.
    type Value = (u16, u16, bool);

    /// An encoder after the text of B.10.2: the bits that tell for the leaf at (x, y) whether its value is less than `limit`.
    #[derive(Clone)]
    pub(crate) struct Encoder {
        /// The width and the values of each level.
        levels: Vec<(usize, Vec<Value>)>,
    }

    impl Encoder {
        pub(crate) fn new(width: usize, values: &[u16]) -> Self {
            let mut levels = vec![(width, values.to_vec())];
            while levels.last().unwrap().1.len() > 1 {
                let (width, values) = levels.last().unwrap();
                let (half, height) = (width.div_ceil(2), (values.len() / width).div_ceil(2));
                let mut parents = vec![u16::MAX; half * height];
                for (place, value) in values.iter().enumerate() {
                    let parent = &mut parents[place / width / 2 * half + place % width / 2];
                    *parent = (*parent).min(*value);
                }
                levels.push((half, parents));
            }
            let with_state = |values: Vec<u16>| values.into_iter().map(|value| (value, 0, false)).collect();
            Self { levels: levels.into_iter().map(|(width, values)| (width, with_state(values))).collect() }
        }

        pub(crate) fn encode(&mut self, x: usize, y: usize, limit: u16, bits: &mut Vec<bool>) {
            let mut lowest = 0;
            for (level, (width, nodes)) in self.levels.iter_mut().enumerate().rev() {
                let (value, bound, coded) = &mut nodes[(y >> level) * *width + (x >> level)];
                *bound = (*bound).max(lowest);
                while *bound < limit && !*coded {
                    *coded = *bound == *value;
                    bits.push(*coded);
                    *bound += u16::from(!*coded);
                }
                lowest = *bound;
            }
        }
    }

    proptest! {
        #[test]
        fn values_are_those_of_an_encoder(width in 1usize..9, height in 1usize..9, seed in prop::collection::vec(0u16..12, 64), limits in prop::collection::vec(1u16..14, 1..4)) {
            let values = &seed[..width * height];
            let (mut encoder, mut bits) = (Encoder::new(width, values), Vec::new());
            let mut limits = limits.clone();
            limits.sort_unstable();
            let queries: Vec<_> = limits.iter().flat_map(|limit| (0..values.len()).map(move |place| (place, *limit))).collect();
            for (place, limit) in &queries {
                encoder.encode(place % width, place / width, *limit, &mut bits);
            }
            let mut tree = TagTree::new(width as u32, height as u32);
            let mut bits = bits.into_iter();
            for (place, limit) in queries {
                let at = ((place % width) as u32, (place / width) as u32);
                let found = tree.decode(at, limit, || Ok::<_, Infallible>(bits.next().unwrap())).unwrap();
                prop_assert_eq!(found, Some(values[place]).filter(|value| *value < limit));
            }
            prop_assert_eq!(bits.next(), None);
        }
    }

    #[test]
    fn example_of_the_standard() {
        // Figure B.13: q3(0,0) = 1, q2(0,0) = 1, q1(0,0) = 1, q0(0,0) = 1, q0(1,0) = 3, q0(2,0) = 2.
        let mut tree = TagTree::new(6, 3);
        let mut bits = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1].into_iter();
        let mut value = |x| tree.decode((x, 0), u16::MAX, || Ok::<_, Infallible>(bits.next() == Some(1))).unwrap();
        assert_eq!([value(0), value(1), value(2)], [Some(1), Some(3), Some(2)]);
        assert_eq!(bits.next(), None);
    }
}
