//! F.4: the reversible forward wavelet transformation, G.2: the reversible component transformation.

use super::geometry::Area;

/// Coefficients or samples of an area.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) area: Area,
    pub(crate) values: Vec<i64>,
}

impl Plane {
    pub(crate) fn new(area: Area, value: impl Fn(i64, i64) -> i64) -> Self {
        let [x0, y0, x1, y1] = area;
        let values = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self { area, values }
    }

    pub(crate) fn at(&self, x: i64, y: i64) -> i64 {
        let [x0, y0, x1, _] = self.area;
        self.values[((y - y0) * (x1 - x0) + x - x0) as usize]
    }
}

/// F.4.7: symmetric extension, by the index of the sample of `start..end` that stands at `index`.
fn extended(index: i64, start: i64, end: i64) -> i64 {
    let period = 2 * (end - start - 1);
    let offset = (index - start).rem_euclid(period);
    start + offset.min(period - offset)
}

/// F.4.6, F.4.8.1: analysis of a signal that begins at `start`.
fn analyze(signal: &[i64], start: i64) -> Vec<i64> {
    if let [only] = signal {
        return vec![if start % 2 == 0 { *only } else { 2 * only }];
    }
    let end = start + signal.len() as i64;
    let x = |index: i64| signal[(extended(index, start, end) - start) as usize];
    let high = |index: i64| x(index) - (x(index - 1) + x(index + 1)).div_euclid(2);
    let low = |index: i64| x(index) + (high(index - 1) + high(index + 1) + 2).div_euclid(4);
    (start..end).map(|index| if index % 2 == 0 { low(index) } else { high(index) }).collect()
}

/// F.4.2: one level: columns, then rows. The coefficients stay where they are.
fn analyze_level(plane: &Plane) -> Plane {
    let [x0, y0, x1, y1] = plane.area;
    if x0 == x1 || y0 == y1 {
        return plane.clone();
    }
    let columns: Vec<Vec<i64>> =
        (x0..x1).map(|x| analyze(&(y0..y1).map(|y| plane.at(x, y)).collect::<Vec<_>>(), y0)).collect();
    let rows = (y0..y1).flat_map(|y| {
        let row: Vec<_> = columns.iter().map(|column| column[(y - y0) as usize]).collect();
        analyze(&row, x0)
    });
    Plane { area: plane.area, values: rows.collect() }
}

/// F.4.1: the subbands of a plane: by level, from the highest resolution, HL, LH and HH; LL at the end.
pub(crate) fn subbands(plane: &Plane, levels: u32) -> Vec<Plane> {
    let (mut found, mut lowest) = (Vec::new(), plane.clone());
    for _ in 0..levels {
        let all = analyze_level(&lowest);
        let [x0, y0, x1, y1] = all.area;
        // F.4.5: even positions are low-pass. `ceil((bound - offset) / 2)`.
        let part = |dx: i64, dy: i64| {
            let half = |bound: i64, offset: i64| (bound - offset + 1).div_euclid(2);
            let area = [half(x0, dx), half(y0, dy), half(x1, dx), half(y1, dy)];
            Plane::new(area, |x, y| all.at(2 * x + dx, 2 * y + dy))
        };
        found.extend([part(1, 0), part(0, 1), part(1, 1)]);
        lowest = part(0, 0);
    }
    found.push(lowest);
    found
}

/// G.2.1.
pub(crate) fn transform([red, green, blue]: [i64; 3]) -> [i64; 3] {
    [(red + 2 * green + blue).div_euclid(4), blue - green, red - green]
}

/// G.2.2.
pub(crate) fn inverse_transform([y, u, v]: [i64; 3]) -> [i64; 3] {
    let green = y - (u + v).div_euclid(4);
    [v + green, green, u + green]
}
