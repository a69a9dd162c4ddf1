//! Sources of bytes: Python memory, a file, or any other object that Python can read.

use crate::buffer::Input;
use crate::errors::{BindingError, detached, os_error, with_parallelism};
use crate::fork_lock::ForkLocal;
use crate::py_file::PyFile;
use dicomet_core::deflate::{Inflater, MAX_BYTES_PER_BYTE};
use dicomet_core::source::Source as _;
use pyo3::exceptions::{PyIsADirectoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PySlice};
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read when a file is opened.
const HEAD_BYTES: usize = 1 << 14;

/// A range of a source of bytes, readable from any thread.
#[pyclass(frozen, module = "dicomet._native")]
#[derive(Clone)]
pub(crate) struct Source {
    origin: Arc<Origin>,
    start: u64,
    length: u64,
}

enum Origin {
    /// `view` is a view of the same memory, if Python owns it.
    Memory { bytes: Input, view: Option<Py<PyAny>> },
    /// `head` is the start of the file: it usually contains the whole header and the first items of the pixel data.
    File { file: File, head: Vec<u8> },
    /// An object with `tell`, `seek` and `read`, used by one thread at a time.
    PyFile(PyFile),
    /// The output of the deflate stream `stored` (PS3.5 A.5), inflated as far as it is read.
    Deflated { stored: Source, stream: Box<ForkLocal<Stream>> },
}

/// A deflate stream and the range of its output that was inflated last: threads that request the same range one after
/// another share it.
#[derive(Default)]
struct Stream {
    inflater: Inflater,
    cached: Option<(u64, u64, Source)>,
}

impl Stream {
    fn read(&mut self, stored: &Source, start: u64, length: usize) -> Result<Vec<u8>, BindingError> {
        with_parallelism(None, |parallelism| self.inflater.read(stored, start, length, parallelism))
    }

    fn inflate_prefix(&mut self, stored: &Source, start: u64, length: u64) -> Result<Source, BindingError> {
        match &self.cached {
            Some((from, of, source)) if (*from, *of) == (start, length) => Ok(source.clone()),
            _ => {
                let bytes = self.read(stored, start, usize::try_from(length).unwrap_or(usize::MAX))?;
                let inflated = Source::of_bytes(bytes);
                self.cached = Some((start, length, inflated.clone()));
                Ok(inflated)
            }
        }
    }
}

#[pymethods]
impl Source {
    #[staticmethod]
    fn from_buffer(py: Python<'_>, buffer: Bound<'_, PyAny>) -> PyResult<Self> {
        let mut view = PyMemoryView::from(&buffer)?;
        if !view.getattr("c_contiguous")?.extract()? {
            view = PyMemoryView::from(&py.get_type::<PyBytes>().call1((buffer,))?)?;
        }
        if !view.getattr("readonly")?.extract()? {
            let bytes: Input = view.extract()?;
            let length = bytes.as_slice().len() as u64;
            return Ok(Self::new(Origin::Memory { bytes, view: None }, length));
        }
        if view.len()? == 0 {
            view = PyMemoryView::from(PyBytes::new(py, b"").as_any())?;
        }
        let bytes: Input = view.extract()?;
        let length = bytes.as_slice().len() as u64;
        let view = view.call_method1("cast", ("B",))?.unbind();
        Ok(Self::new(Origin::Memory { bytes, view: Some(view) }, length))
    }

    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| Self::open_file(path))
    }

    #[staticmethod]
    fn from_file(py: Python<'_>, file: Py<PyAny>) -> PyResult<Self> {
        let object = PyFile::new(file);
        let length = object.length(py)?;
        Ok(Self::new(Origin::PyFile(object), length))
    }

    #[getter]
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    #[getter]
    fn start(&self) -> u64 {
        self.start
    }

    /// Returns the file descriptor, which stays open as long as this source lives.
    #[cfg(unix)]
    fn fileno(&self) -> PyResult<i32> {
        use std::os::fd::AsRawFd;
        match &*self.origin {
            Origin::File { file, .. } => Ok(file.as_raw_fd()),
            _ => Err(PyOSError::new_err("not a file")),
        }
    }

    #[getter]
    fn is_in_memory(&self) -> bool {
        self.in_memory().is_some()
    }

    #[getter]
    fn is_file_object(&self) -> bool {
        matches!(*self.origin, Origin::PyFile(_))
    }

    /// Returns `length` bytes from `start`, or fewer at the end.
    fn part(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        Self {
            origin: Arc::clone(&self.origin),
            start: self.start.saturating_add(start),
            length: length.min(self.length - start),
        }
    }

    /// Returns the output of the deflate stream (PS3.5 A.5) that starts at `offset` and extends to the end. It is
    /// inflated as far as it is read. Its length is unknown; `length` is the upper bound that deflate allows for the
    /// compressed size.
    fn deflate_stream(&self, offset: u64) -> Self {
        let stored = self.part(offset, u64::MAX);
        let length = stored.length.saturating_mul(MAX_BYTES_PER_BYTE);
        Self::new(Origin::Deflated { stored, stream: Box::default() }, length)
    }

    #[getter]
    fn is_deflated(&self) -> bool {
        matches!(*self.origin, Origin::Deflated { .. })
    }

    /// Returns the first `limit` bytes, or all if there are fewer, in memory.
    fn inflate_prefix(&self, py: Python<'_>, limit: u64) -> PyResult<Self> {
        let part = self.part(0, limit);
        let Origin::Deflated { stored, stream } = &*part.origin else {
            return part.read_whole(py).map(Self::of_bytes);
        };
        detached(py, || stream.with_lock(|stream| stream.inflate_prefix(stored, part.start, part.length)))
    }

    pub(crate) fn read<'py>(&self, py: Python<'py>, offset: u64, count: u64) -> PyResult<Bound<'py, PyAny>> {
        let part = self.part(offset, count);
        if let Origin::Memory { view: Some(view), .. } = &*self.origin {
            let (start, end) = (isize::try_from(part.start)?, isize::try_from(part.start + part.length)?);
            // `PySlice::new` leaks a reference to each number (PyO3 0.30).
            return view.bind(py).get_item(py.get_type::<PySlice>().call1((start, end))?);
        }
        let read = match part.in_memory() {
            Some(bytes) => crate::bytes(py, bytes),
            None => crate::bytes(py, &part.read_whole(py)?),
        };
        read.map(Bound::into_any)
    }
}

impl Source {
    pub(crate) fn open_file(path: PathBuf) -> PyResult<Self> {
        let opened = || {
            let file = open_to_read(&path)?;
            let about = file.metadata()?;
            let mut head = Vec::new();
            if !about.is_dir() {
                head.try_reserve_exact(HEAD_BYTES).map_err(|_| io::ErrorKind::OutOfMemory)?;
                head.resize(HEAD_BYTES, 0);
            }
            let count = read_file(&file, 0, &mut head)?;
            head.truncate(count);
            Ok((about, Origin::File { file, head }))
        };
        let (about, origin) = opened().map_err(|error| open_error(error, &path))?;
        if about.is_dir() {
            // Some systems can open a directory, but not read it.
            return Err(PyIsADirectoryError::new_err((21, "Is a directory", path.into_os_string())));
        }
        // The file may have grown since `metadata`, and some files with contents have no size on record.
        let length = match &origin {
            Origin::File { head, .. } => about.len().max(head.len() as u64),
            _ => about.len(),
        };
        Ok(Self::new(origin, length))
    }

    fn of_bytes(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self::new(Origin::Memory { bytes: Input::Copied(bytes), view: None }, length)
    }

    /// Reads the whole range of a source that is not in memory, or as many bytes as there are.
    fn read_whole(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        detached(py, || -> Result<_, BindingError> {
            if let Origin::Deflated { stored, stream } = &*self.origin {
                return stream.with_lock(|stream| stream.read(stored, self.start, length));
            }
            let mut bytes = Vec::new();
            let count = self.bytes_at(0, length, &mut bytes)?.len();
            bytes.truncate(count);
            Ok(bytes)
        })
    }

    fn new(origin: Origin, length: u64) -> Self {
        Self { origin: Arc::new(origin), start: 0, length }
    }

    /// Whether reading calls methods of a Python object.
    pub(crate) fn calls_python(&self) -> bool {
        match &*self.origin {
            Origin::PyFile(_) => true,
            Origin::Deflated { stored, .. } => stored.calls_python(),
            _ => false,
        }
    }

    /// Returns the first bytes that are available without reading; empty if there are none.
    pub(crate) fn head(&self) -> &[u8] {
        let head = match &*self.origin {
            Origin::File { head, .. } if self.start == 0 => head,
            _ => self.in_memory().unwrap_or_default(),
        };
        &head[..head.len().min(HEAD_BYTES)]
    }

    /// Limits the number of threads: a Python file object may belong to the thread that created it.
    pub(crate) fn workers(&self, requested: Option<NonZero<usize>>) -> Option<NonZero<usize>> {
        if self.is_file_object() { Some(NonZero::<usize>::MIN) } else { requested }
    }
}

impl dicomet_core::source::Source for Source {
    type Error = BindingError;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, BindingError> {
        let left = self.length.saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let (buffer, offset) = (&mut buffer[..count], self.start.saturating_add(offset));
        match &*self.origin {
            Origin::Memory { .. } => {
                self.in_memory().unwrap_or_default().read_at(offset - self.start, buffer).map_err(BindingError::Core)
            }
            Origin::File { file, head } => {
                let known = usize::try_from(offset).ok().and_then(|start| head.get(start..)).unwrap_or_default();
                let (first, rest) = buffer.split_at_mut(known.len().min(count));
                first.copy_from_slice(&known[..first.len()]);
                let read = read_file(file, offset + first.len() as u64, rest);
                read.map(|read| first.len() + read).map_err(|error| BindingError::Python(os_error(error, None)))
            }
            Origin::PyFile(object) => {
                Python::attach(|py| object.read_at(py, offset, buffer)).map_err(BindingError::Python)
            }
            Origin::Deflated { stored, stream } => stream.with_lock(|stream| {
                with_parallelism(None, |parallelism| stream.inflater.read_at(stored, offset, buffer, parallelism))
            }),
        }
    }

    fn in_memory(&self) -> Option<&[u8]> {
        let Origin::Memory { bytes, .. } = &*self.origin else { return None };
        let (start, end) =
            (usize::try_from(self.start).ok()?, usize::try_from(self.start.checked_add(self.length)?).ok()?);
        bytes.as_slice().get(start..end)
    }
}

/// Opens a file without blocking: a FIFO is refused when it is read.
fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

/// Maps an error of opening or reading a file; for a pipe, the message says what to do.
fn open_error(error: io::Error, path: &Path) -> PyErr {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ESPIPE) {
        return PyOSError::new_err((libc::ESPIPE, "not seekable: give its bytes", path.as_os_str().to_owned()));
    }
    os_error(error, Some(path))
}

/// Fills `buffer` from `offset` without moving the file position; reads fewer bytes only at the end of the file.
fn read_file(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    #[cfg(unix)]
    use std::os::unix::fs::FileExt;
    #[cfg(windows)]
    use std::os::windows::fs::FileExt;
    let mut done = 0;
    while done < buffer.len() {
        #[cfg(unix)]
        let read = file.read_at(&mut buffer[done..], offset + done as u64);
        #[cfg(windows)]
        let read = file.seek_read(&mut buffer[done..], offset + done as u64);
        match read {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
