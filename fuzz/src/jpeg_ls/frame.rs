//! The frame header, the components, and the color transforms between them.

use super::plain::{Result, number};

/// The samples of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) samples: Vec<u16>,
}

impl Plane {
    pub(crate) fn at(&self, x: usize, y: usize) -> i64 {
        self.samples[y * self.width + x].into()
    }

    pub(crate) fn set(&mut self, x: usize, y: usize, sample: i64) {
        self.samples[y * self.width + x] = sample as u16;
    }
}

/// A component of the frame header.
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    pub(crate) plane: Option<Plane>,
    pub(crate) table: u8,
}

/// The frame header, and what its scans have sent.
pub(crate) struct Frame {
    pub(crate) precision: u8,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: Vec<Component>,
}

impl Frame {
    pub(crate) fn new(segment: &[u8]) -> Result<Self> {
        let [precision, y1, y0, x1, x0, count, rest @ ..] = segment else { return Err("SOF".into()) };
        let (parameters, remainder) = rest.as_chunks::<3>();
        let is_new = |(index, [id, ..]): (usize, &[u8; 3])| parameters[..index].iter().all(|[other, ..]| other != id);
        let unique = parameters.iter().enumerate().all(is_new);
        let is_factor = |factor: u8| (1..=4).contains(&factor);
        let factors = parameters.iter().all(|[_, factors, _]| is_factor(factors >> 4) && is_factor(factors & 15));
        if parameters.len() != usize::from(*count)
            || *count == 0
            || !(2..=16).contains(precision)
            || !factors
            || !unique
            || !remainder.is_empty()
        {
            return Err("SOF".into());
        }
        let component = |[id, factors, _]: &[u8; 3]| Component {
            id: *id,
            horizontal: usize::from(factors >> 4),
            vertical: usize::from(factors & 15),
            plane: None,
            table: 0,
        };
        let components = parameters.iter().map(component).collect();
        Ok(Self { precision: *precision, height: number(&[*y1, *y0]), width: number(&[*x1, *x0]), components })
    }

    pub(crate) fn empty_plane(&self, index: usize) -> Plane {
        let most = |factor: fn(&Component) -> usize| self.components.iter().map(factor).max().unwrap_or(1);
        let component = &self.components[index];
        let width = (self.width * component.horizontal).div_ceil(most(|component| component.horizontal));
        let height = (self.height * component.vertical).div_ceil(most(|component| component.vertical));
        Plane { width, height, samples: vec![0; width * height] }
    }
}

/// The inverse of an HP color transform: R, G and B.
pub(crate) fn inverse(transform: u8, [v1, v2, v3]: [i64; 3], range: i64) -> [u16; 3] {
    let wrap = |value: i64| value.rem_euclid(range);
    let [red, green, blue] = match transform {
        1 => [v1 + v2 - range / 2, v2, v3 + v2 - range / 2],
        2 => {
            let red = wrap(v1 + v2 - range / 2);
            [red, v2, v3 + i64::midpoint(red, v2) - range / 2]
        }
        _ => {
            let green = wrap(v1 - (v2 + v3) / 4 + range / 4);
            [v3 + green - range / 2, green, v2 + green - range / 2]
        }
    };
    [red, green, blue].map(|value| wrap(value) as u16)
}
