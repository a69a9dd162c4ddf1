//! Rows of code-blocks, decoded when synthesis needs them, or ahead by other threads.
//!
//! So only some rows of code-blocks of each subband are in memory, and in the cache.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use dicomet_codec::{Budget, Interrupted, StopCheck, check_stop};

use crate::blocks::BlockWorker;
use crate::error::Result;
use crate::prepare::{BlockRow, PreparedTile};
use crate::values::{ValueType, Values};
use crate::warning::Warning;
use crate::wavelet::synthesis::needed_coefficients;

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

/// Rows of a tile-component that one [`Consumer`] synthesizes.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    pub(crate) tile: usize,
    pub(crate) component: usize,
    pub(crate) rows: Range<usize>,
}

struct State {
    units: Vec<Unit>,
    /// The first unit that may be pending.
    next: usize,
    /// Units that were decoded ahead, or are being so, and not used.
    ahead: usize,
    /// Each with the number of its unit.
    warnings: Vec<(usize, Warning)>,
    is_ended: bool,
}

/// A row of code-blocks.
#[derive(Default)]
struct Unit {
    progress: Progress,
    /// How often it is going to be taken.
    uses: u32,
    is_ahead: bool,
}

#[derive(Default)]
enum Progress {
    #[default]
    Pending,
    /// A thread decodes it.
    Started,
    /// Its rows of coefficients.
    Done(Result<Arc<Values>>),
    Used,
}

/// Memory for rows of code-blocks.
struct Memory {
    free: Vec<Values>,
    budget: Budget,
}

impl<'a> Supply<'a> {
    /// `order` gives the order of components: all together, row by row, or one after the other. `free` is memory for reuse.
    pub(crate) fn new(
        tiles: &'a [PreparedTile<'a>],
        order: Order,
        demands: impl Iterator<Item = Demand>,
        free: Vec<Values>,
        budget: Budget,
    ) -> Self {
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
        for demand in demands {
            for unit in demanded(tiles, &numbers, &demand) {
                states[unit as usize].uses += 1;
            }
        }
        let state = State { units: states, next: 0, ahead: 0, warnings: Vec::new(), is_ended: false };
        let memory = Mutex::new(Memory { free, budget });
        Self { tiles, units, numbers, state: Mutex::new(state), changed: Condvar::new(), memory }
    }

    /// The number of rows of code-blocks with data.
    pub(crate) fn len(&self) -> usize {
        self.units.len()
    }

    /// By subband and row of code-blocks, the number of the unit.
    pub(crate) fn numbers(&self, tile: usize, component: usize) -> &[Vec<Option<u32>>] {
        &self.numbers[tile][component]
    }

    /// The memory, for reuse, and the warnings, in the order in which one thread would find them.
    pub(crate) fn into_parts(self) -> (Vec<Values>, impl Iterator<Item = Warning>) {
        let memory = self.memory.into_inner().unwrap_or_else(PoisonError::into_inner).free;
        let mut warnings = self.state.into_inner().unwrap_or_else(PoisonError::into_inner).warnings;
        warnings.sort_by_key(|(unit, _)| *unit);
        (memory, warnings.into_iter().map(|(_, warning)| warning))
    }

    /// Decodes units ahead, until [`Self::end`].
    pub(crate) fn help(&self, worker: &mut BlockWorker, threads: usize) {
        let limit = threads * AHEAD_PER_THREAD;
        let mut state = lock(&self.state);
        while !state.is_ended {
            match state.take_pending(limit) {
                Some(unit) => {
                    drop(state);
                    state = self.decode(unit, worker);
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

    /// Decodes a unit that this thread has started.
    fn decode(&self, unit: usize, worker: &mut BlockWorker) -> MutexGuard<'_, State> {
        let mut warnings = Vec::new();
        let values = self.decode_values(unit, worker, &mut warnings);
        let mut state = lock(&self.state);
        state.units[unit].progress = Progress::Done(values.map(Arc::new));
        state.warnings.extend(warnings.into_iter().map(|warning| (unit, warning)));
        self.changed.notify_all();
        state
    }

    fn decode_values(&self, unit: usize, worker: &mut BlockWorker, warnings: &mut Vec<Warning>) -> Result<Values> {
        let (tile, row) = self.units[unit];
        let tile = &self.tiles[tile];
        let subband =
            &tile.resolutions(row.component.into())[usize::from(row.resolution)].subbands[usize::from(row.subband)];
        let size = subband.area.width() * subband.blocks.row_height(row.row);
        let mut values = self.allocate(tile.value_type(row.component.into()), size)?;
        worker.decode_row(tile, row, &mut values, warnings)?;
        Ok(values)
    }

    /// Extends `vec` to `length` values, within the limit of memory.
    pub(crate) fn grow<T: Clone + Default>(&self, vec: &mut Vec<T>, length: usize) -> Result<()> {
        Ok(lock(&self.memory).budget.grow(vec, length)?)
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

    /// Keeps memory for reuse, unless it is still in use.
    pub(crate) fn free(&self, values: Option<Arc<Values>>) {
        if let Some(values) = values.and_then(Arc::into_inner) {
            lock(&self.memory).free.push(values);
        }
    }
}

impl State {
    /// Starts the next unit that no thread has started, unless there are `limit` units ahead.
    fn take_pending(&mut self, limit: usize) -> Option<usize> {
        let is_pending = |unit: &Unit| matches!(unit.progress, Progress::Pending);
        while self.units.get(self.next).is_some_and(|unit| !is_pending(unit)) {
            self.next += 1;
        }
        if self.next == self.units.len() || self.ahead >= limit {
            return None;
        }
        let unit = &mut self.units[self.next];
        (unit.progress, unit.is_ahead) = (Progress::Started, true);
        self.ahead += 1;
        self.next += 1;
        Some(self.next - 1)
    }

    /// The coefficients of a unit that is done. After its last use, the state does not have them.
    fn take_done(&mut self, unit: usize) -> Option<Result<Arc<Values>>> {
        let Unit { progress, uses, is_ahead } = &mut self.units[unit];
        let Progress::Done(done) = progress else { return None };
        let values = done.clone();
        self.ahead -= usize::from(std::mem::take(is_ahead));
        *uses = uses.saturating_sub(1);
        if *uses == 0 {
            *progress = Progress::Used;
        }
        Some(values)
    }
}

/// Ends the work of all threads if one panics, so that none waits for it.
pub(crate) struct EndOnPanic<'a>(pub(crate) &'a Supply<'a>);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

/// A poisoned lock means that another thread has panicked, which ends the whole call: its values do not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The units that rows of a tile-component need.
fn demanded<'n>(
    tiles: &[PreparedTile<'_>],
    numbers: &'n [Vec<Numbers>],
    Demand { tile, component, rows }: &Demand,
) -> impl Iterator<Item = u32> + use<'n> {
    let (prepared, numbers) = (&tiles[*tile], &numbers[*tile][*component]);
    let resolutions = prepared.resolutions(*component);
    let needed = needed_coefficients(resolutions, prepared.value_type(*component).steps(), rows.clone());
    let subbands = resolutions.iter().flat_map(|resolution| &resolution.subbands);
    let rows_of_blocks = subbands.zip(needed).map(|(subband, rows)| subband.block_rows(rows)).collect::<Vec<_>>();
    numbers.iter().zip(rows_of_blocks).flat_map(|(numbers, rows)| numbers[rows].iter().flatten().copied())
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

/// A thread that synthesizes: it takes units from a supply, and decodes those that no other thread has decoded.
pub(crate) struct Consumer<'a> {
    pub(crate) supply: &'a Supply<'a>,
    pub(crate) worker: &'a mut BlockWorker,
    pub(crate) stop: Option<StopCheck<'a>>,
}

impl Consumer<'_> {
    /// The coefficients of a unit.
    pub(crate) fn take(&mut self, unit: u32) -> Result<Arc<Values>> {
        check_stop(self.stop)?;
        let (supply, unit) = (self.supply, unit as usize);
        let mut state = lock(&supply.state);
        loop {
            if let Some(values) = state.take_done(unit) {
                supply.changed.notify_all();
                return values;
            }
            if state.is_ended {
                return Err(Interrupted.into());
            }
            // If another thread decodes it, this one decodes what will be needed next.
            let own = match state.units[unit].progress {
                Progress::Started => state.take_pending(usize::MAX),
                _ => Some(unit),
            };
            state = match own {
                Some(unit) => {
                    state.units[unit].progress = Progress::Started;
                    drop(state);
                    supply.decode(unit, self.worker)
                }
                None => supply.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
