//! Rows of code-blocks, decoded when synthesis needs them, or ahead by other threads.
//!
//! So only some rows of code-blocks of each subband are in memory, and in the cache.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use dicomet_codec::{Budget, Interrupted, StopCheck, check_stop};

use crate::blocks::BlockWorker;
use crate::error::Result;
use crate::prepare::{BlockRow, PreparedTile};
use crate::values::{ValueType, Values};
use crate::warning::Warning;

/// Rows of code-blocks that threads decode ahead, for each thread.
const AHEAD_PER_THREAD: usize = 4;

/// The rows of code-blocks of a row of tiles.
pub(crate) struct Supply<'a> {
    pub(crate) tiles: &'a [PreparedTile<'a>],
    /// The rows with data, in the order in which synthesis needs them: tile and row.
    units: Vec<(usize, BlockRow)>,
    /// By tile, component, subband and row of code-blocks, the unit; none without data.
    numbers: Vec<Vec<Numbers>>,
    state: Mutex<State>,
    /// Signals that a unit is decoded or used, or that all is done.
    changed: Condvar,
    memory: Mutex<Memory>,
}

/// By subband and row of code-blocks.
type Numbers = Vec<Vec<Option<u32>>>;

struct State {
    units: Vec<Unit>,
    /// The first unit that may be pending.
    next: usize,
    /// Units that are decoded, or are being decoded, and not used.
    ahead: usize,
    is_ended: bool,
}

#[derive(Default)]
enum Unit {
    #[default]
    Pending,
    /// A thread decodes it, or it was used.
    Taken,
    Done(Result<Decoded>),
}

/// A row of code-blocks: its rows of coefficients.
struct Decoded {
    values: Values,
    warnings: Vec<Warning>,
}

/// Memory for rows of code-blocks.
struct Memory {
    free: Vec<Values>,
    budget: Budget,
}

impl<'a> Supply<'a> {
    /// `order` gives the order of components: all together, row by row, or one after the other. `free` is memory for reuse.
    pub(crate) fn new(tiles: &'a [PreparedTile<'a>], order: Order, free: Vec<Values>, budget: Budget) -> Self {
        let mut units = Vec::new();
        for (index, tile) in tiles.iter().enumerate() {
            for component in 0..tile.tile.components.len() {
                let rows = block_rows(tile, component).filter(|(_, row)| tile.has_data(*row));
                units.extend(rows.map(|(position, row)| {
                    let group = if order == Order::ByComponent { component } else { 0 };
                    ((group, position, index, component), (index, row))
                }));
            }
        }
        units.sort_by_key(|(key, _)| *key);
        let units: Vec<_> = units.into_iter().map(|(_, unit)| unit).collect();
        let mut numbers: Vec<Vec<Numbers>> = tiles.iter().map(empty_numbers).collect();
        for (number, (tile, row)) in units.iter().enumerate() {
            let of_component = &mut numbers[*tile][usize::from(row.component)];
            of_component[row.subband_index()][row.row as usize] = Some(number as u32);
        }
        let mut states = Vec::new();
        states.resize_with(units.len(), Unit::default);
        let state = Mutex::new(State { units: states, next: 0, ahead: 0, is_ended: false });
        let memory = Mutex::new(Memory { free, budget });
        Self { tiles, units, numbers, state, changed: Condvar::new(), memory }
    }

    /// The number of rows of code-blocks with data.
    pub(crate) fn len(&self) -> usize {
        self.units.len()
    }

    /// By subband and row of code-blocks, the number of the unit.
    pub(crate) fn numbers(&self, tile: usize, component: usize) -> &[Vec<Option<u32>>] {
        &self.numbers[tile][component]
    }

    /// The memory, for reuse.
    pub(crate) fn into_memory(self) -> Vec<Values> {
        self.memory.into_inner().unwrap_or_else(PoisonError::into_inner).free
    }

    /// Decodes units ahead, until [`Self::end`].
    pub(crate) fn help(&self, worker: &mut BlockWorker, threads: usize) {
        let _ending = EndOnPanic(self);
        let limit = threads * AHEAD_PER_THREAD;
        let mut state = lock(&self.state);
        while !state.is_ended {
            match state.take_pending(limit) {
                Some(unit) => {
                    drop(state);
                    let decoded = self.decode(unit, worker);
                    state = lock(&self.state);
                    state.units[unit] = Unit::Done(decoded);
                    self.changed.notify_all();
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Ends [`Self::help`] in all threads.
    pub(crate) fn end(&self) {
        lock(&self.state).is_ended = true;
        self.changed.notify_all();
    }

    fn decode(&self, unit: usize, worker: &mut BlockWorker) -> Result<Decoded> {
        let (tile, row) = self.units[unit];
        let tile = &self.tiles[tile];
        let subband =
            &tile.resolutions(row.component.into())[usize::from(row.resolution)].subbands[usize::from(row.subband)];
        let size = subband.area.width() * subband.blocks.row_height(row.row);
        let mut values = self.allocate(tile.value_type(row.component.into()), size)?;
        let mut warnings = Vec::new();
        worker.decode_row(tile, row, &mut values, &mut warnings)?;
        Ok(Decoded { values, warnings })
    }

    /// Memory for `size` values, of which those that are not new are arbitrary.
    fn allocate(&self, value_type: ValueType, size: usize) -> Result<Values> {
        let mut memory = lock(&self.memory);
        let Memory { free, budget } = &mut *memory;
        // The smallest that is large enough, or the largest.
        let fits = |values: &Values| (values.capacity() < size, values.capacity().abs_diff(size));
        let of_type = free.iter().enumerate().filter(|(_, values)| values.value_type() == value_type);
        let found = of_type.min_by_key(|(_, values)| fits(values)).map(|(index, _)| index);
        let mut values = found.map_or_else(|| Values::new(value_type), |index| free.swap_remove(index));
        values.resize(size, budget)?;
        Ok(values)
    }

    /// Keeps memory for reuse.
    pub(crate) fn free(&self, values: Values) {
        if values.capacity() > 0 {
            lock(&self.memory).free.push(values);
        }
    }
}

impl State {
    /// Takes the next unit that no thread has, unless there are `limit` units ahead.
    fn take_pending(&mut self, limit: usize) -> Option<usize> {
        while self.units.get(self.next).is_some_and(|unit| !matches!(unit, Unit::Pending)) {
            self.next += 1;
        }
        if self.next == self.units.len() || self.ahead >= limit {
            return None;
        }
        self.units[self.next] = Unit::Taken;
        self.ahead += 1;
        self.next += 1;
        Some(self.next - 1)
    }
}

/// Ends the work of all threads if one panics, so that none waits for it.
struct EndOnPanic<'a>(&'a Supply<'a>);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

/// A poisoned lock means that another thread has panicked, which ends the whole call: its values do not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order in which components are synthesized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Together,
    ByComponent,
}

/// The rows of code-blocks of a tile-component, and the row of the result that needs the first of their rows.
fn block_rows<'a>(tile: &'a PreparedTile<'_>, component: usize) -> impl Iterator<Item = (u64, BlockRow)> + 'a {
    let resolutions = tile.resolutions(component);
    let highest = resolutions.len() - 1;
    resolutions.iter().enumerate().flat_map(move |(number, resolution)| {
        resolution.subbands.iter().enumerate().flat_map(move |(index, subband)| {
            let levels = if number == 0 { highest } else { highest - number + 1 };
            (0..subband.blocks.high).map(move |row| {
                let before = subband.blocks.row_start(row).saturating_sub(subband.area.y0.into());
                let id = BlockRow { component: component as u16, resolution: number as u8, subband: index as u8, row };
                (before << levels, id)
            })
        })
    })
}

fn empty_numbers(tile: &PreparedTile<'_>) -> Vec<Numbers> {
    let rows = |component| {
        let subbands = tile.resolutions(component).iter().flat_map(|resolution| &resolution.subbands);
        subbands.map(|subband| vec![None; subband.blocks.high as usize]).collect()
    };
    (0..tile.tile.components.len()).map(rows).collect()
}

/// The thread that synthesizes: it takes units from a supply, and decodes those that no other thread has decoded.
pub(crate) struct Consumer<'a> {
    pub(crate) supply: &'a Supply<'a>,
    pub(crate) worker: &'a mut BlockWorker,
    pub(crate) stop: Option<StopCheck<'a>>,
    pub(crate) warnings: Vec<Warning>,
}

impl Consumer<'_> {
    /// The coefficients of a unit. `used` is memory that is no longer used.
    pub(crate) fn take(&mut self, unit: u32, used: Values) -> Result<Values> {
        check_stop(self.stop)?;
        self.supply.free(used);
        let Decoded { values, mut warnings } = self.decoded(unit as usize)?;
        self.warnings.append(&mut warnings);
        Ok(values)
    }

    fn decoded(&mut self, unit: usize) -> Result<Decoded> {
        let supply = self.supply;
        let mut state = lock(&supply.state);
        loop {
            match std::mem::replace(&mut state.units[unit], Unit::Taken) {
                Unit::Pending => {
                    drop(state);
                    return supply.decode(unit, self.worker);
                }
                Unit::Done(decoded) => {
                    state.ahead -= 1;
                    supply.changed.notify_all();
                    return decoded;
                }
                Unit::Taken => {}
            }
            if state.is_ended {
                return Err(Interrupted.into());
            }
            // Another thread decodes it: this one decodes what it will need next.
            state = match state.take_pending(usize::MAX) {
                Some(other) => {
                    drop(state);
                    let decoded = supply.decode(other, self.worker);
                    let mut state = lock(&supply.state);
                    state.units[other] = Unit::Done(decoded);
                    state
                }
                None => supply.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
