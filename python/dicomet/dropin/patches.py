"""The functions of pydicom that `install` replaces, and how the replacements call the originals.

pydicom has no hook for native transfer syntaxes, and its plugins see one frame at a time. But every public path to an
array goes through two methods of its decoder class, however these were imported: both are replaced. Calls that dicomet
does not take go to pydicom's method with the same arguments, as if nothing had been tried.
`Dataset.convert_pixel_data` is replaced because of the time that it takes around those methods (`convert.py`).
"""

import functools
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.pixels import processing, utils
from pydicom.pixels.common import CoderBase
from pydicom.pixels.decoders import base
from pydicom.pixels.encoders.base import Encoder, get_encoder
from pydicom.uid import RLELossless

from dicomet.dropin import convert, headers, pydicom_plugin
from dicomet.dropin.calibration import NAMES, ORIGINALS
from dicomet.dropin.colors import replacement
from dicomet.dropin.elements import CachedElements
from dicomet.dropin.internals import internals, is_pydicoms
from dicomet.dropin.pydicom_frames import PydicomFrames
from dicomet.dropin.request import PydicomError, Request, parse_request
from dicomet.dropin.same_jpeg_ls import check_iteration
from dicomet.dropin.shape import Declined
from dicomet.dropin.stats import TALLY
from dicomet.errors import PixelDataError

Result = tuple[np.ndarray, dict[str, Any]]
Iterated = Iterator[Result]
Iterate = Callable[..., Iterated]
T = TypeVar("T")


class Exchanged(NamedTuple):
    """A function of pydicom's, and its replacement."""

    owner: Any
    name: str
    original: Any
    ours: Any


class Patches:
    """The installed replacements, until `restore`."""

    def __init__(self, renew: Callable[[], None]) -> None:
        """Install the replacements. `renew` is called before a decode if they are outdated."""
        self.lossy_jpeg = False
        self._renew = renew
        self._decoder = base.Decoder
        self._active = True
        self._is_pydicom = all(map(is_pydicoms, (*internals(), base.Decoder.as_array, base.Decoder.iter_array)))
        self._exchanged: list[Exchanged] = []
        self._labelled: list[CoderBase] = []
        # For other threads, until everything is replaced: a state in which no call is taken.
        self._untouched: tuple[Any, ...] = ()
        self._passed_through: tuple[Any, ...] = ()
        try:
            self._exchange_all()
        except BaseException:
            self.restore()
            raise
        # Includes the replacements.
        self._untouched = internals()
        self._passed_through = convert.passed_through()

    @property
    def is_outdated(self) -> bool:
        """Whether pydicom's decoder module has been reloaded, which creates its classes and decoders anew."""
        return self._decoder is not base.Decoder

    def _exchange_all(self) -> None:
        # First, and therefore restored last: no thread may see the plugin without it.
        self._exchange(CoderBase, "_validate_plugins", self._validate_plugins(CoderBase._validate_plugins))  # noqa: SLF001
        for coder in (*map(base.get_decoder, pydicom_plugin.DECODER_DEPENDENCIES), get_encoder(RLELossless)):
            if _add_plugin(coder):
                self._labelled.append(coder)
        for conversion, name in NAMES.items():
            if getattr(processing, name) is ORIGINALS[conversion] and is_pydicoms(ORIGINALS[conversion]):
                self._exchange(processing, name, replacement(conversion))
        if is_pydicoms(utils._array_common):  # noqa: SLF001
            self._exchange(utils, "_array_common", headers.replacement(utils._array_common))  # noqa: SLF001
        if all(map(is_pydicoms, (Dataset.convert_pixel_data, *convert.passed_through()))):
            self._exchange(Dataset, "convert_pixel_data", self._convert_pixel_data(Dataset.convert_pixel_data))
        self._exchange(base.Decoder, "iter_array", self._iter_array(base.Decoder.iter_array))
        self._exchange(base.Decoder, "as_array", self._as_array(base.Decoder.as_array))

    def _exchange(self, owner: Any, name: str, ours: Any) -> None:
        self._exchanged.append(Exchanged(owner, name, getattr(owner, name), ours))
        setattr(owner, name, ours)

    def restore(self) -> None:
        """Restore pydicom's functions, except where other code has replaced them since."""
        # Where other code still calls a replacement, that passes the call on to pydicom's function.
        self._active = False
        for coder in self._labelled:
            if pydicom_plugin.LABEL in coder.available_plugins:
                coder.remove_plugin(pydicom_plugin.LABEL)
        for owner, name, original, ours in reversed(self._exchanged):
            if getattr(owner, name) is ours:
                setattr(owner, name, original)

    def _validate_plugins(self, original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """Hide the decoding plugin unless the caller names it.

        Otherwise it would appear in pydicom's message about frames that no plugin can decode, and in a log record for
        each. After a reload of pydicom's decoder module, its new class calls this first.
        """

        @functools.wraps(original)
        def validate_plugins(coder: CoderBase, plugin: str = "") -> dict[str, Any]:
            if self._active and self.is_outdated:
                self._renew()
            plugins = original(coder, plugin)
            if not plugin and len(plugins) > 1 and plugins.get(pydicom_plugin.LABEL) is pydicom_plugin.decode_frame:
                del plugins[pydicom_plugin.LABEL]
            return plugins

        return validate_plugins

    def _convert_pixel_data(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def convert_pixel_data(*args: Any, **kwargs: Any) -> None:
            is_common = self._active and convert.is_common(args, kwargs)
            if not is_common or convert.passed_through() != self._passed_through:
                return original(*args, **kwargs)
            return convert.convert(args[0], self._converted)

        return convert_pixel_data

    def _converted(self, dataset: Dataset, elements: CachedElements, options: dict[str, Any]) -> np.ndarray | None:
        """Return the array of a data set; None if `as_array` must decode, which then counts the decode."""
        try:
            self._check_internals()
            array = convert.decode(dataset, elements, options, lossy_jpeg=self.lossy_jpeg)
        except Exception:  # noqa: BLE001
            return None
        TALLY.take()
        return array

    def _as_array(self, original: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(original)
        def as_array(*args: Any, **kwargs: Any) -> Result:
            result = self._decode_array(args, kwargs) if self._active else None
            return original(*args, **kwargs) if result is None else result

        return as_array

    def _iter_array(self, original: Iterate) -> Iterate:
        @functools.wraps(original)
        def iter_array(*args: Any, **kwargs: Any) -> Iterated:
            # A generator: creating it has no effect before the first frame is requested.
            untouched = original(*args, **kwargs)
            if not self._active:
                return untouched
            frames = self._iterate(original, untouched, args, kwargs)
            for name in ("__name__", "__qualname__"):
                setattr(frames, name, getattr(untouched, name))
            return frames

        return iter_array

    def _decode_array(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result | None:
        """Return dicomet's result for a call of `as_array`; None if pydicom must decode."""

        def decode() -> tuple[Result, Request]:
            index = kwargs.get("index")
            if index is not None and (type(index) is not int or index < 0):
                raise Declined("an index without a frame")
            index, request = self._parse_request("index", args, kwargs)
            frames = PydicomFrames(request)
            return frames.whole() if index is None else frames.frame(index), request

        decoded = _tried(decode)
        if decoded is None:
            return None
        TALLY.take()
        result, request = decoded
        request.warn()
        return result

    def _iterate(
        self, original: Iterate, untouched: Iterated, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterated:
        """Yield dicomet's frames; starting at the first one in doubt, pydicom's."""
        started = self._start(args, kwargs)
        if started is None:
            yield from untouched
            return
        frames, indices = started
        numbers, done = iter(indices or range(frames.count)), list[int]()
        for index in numbers:
            frame = functools.partial(self._frame, frames, index, is_next=not indices)
            result = _tried(frame, was_taken=bool(done))
            if result is None:
                if done or indices:
                    begin = functools.partial(original, args[0])
                    yield from _pydicoms_rest(begin, frames.request, kwargs, done, chain([index], numbers))
                else:
                    yield from untouched
                return
            if not done:
                TALLY.take()
                frames.request.warn()
            done.append(index)
            yield result

    def _frame(self, frames: PydicomFrames, index: int, *, is_next: bool) -> Result:
        self._check_internals()
        return frames.frame(index, is_next=is_next)

    def _start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[PydicomFrames, Any] | None:
        """Return the frames of a call of `iter_array`, and the chosen indices; None if pydicom must decode."""

        def begin() -> tuple[PydicomFrames, Any]:
            indices, request = self._parse_request("indices", args, kwargs)
            _check_iteration(request, indices)
            return PydicomFrames(request), indices or None

        return _tried(begin)

    def _parse_request(self, chosen: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Request]:
        """Return the value of the argument `chosen`, and the request that the other arguments describe."""
        self._check_internals()
        wanted = dict(kwargs)
        return wanted.pop(chosen, None), parse_request(*args, **wanted, lossy_jpeg=self.lossy_jpeg)

    def _check_internals(self) -> None:
        if config.debugging:
            raise Declined("pydicom logs for debugging")
        if not self._is_pydicom or len(base.PROCESSORS) != 1 or internals() != self._untouched:
            raise Declined("pydicom's own functions were replaced")


def _pydicoms_rest(
    begin: Iterate, request: Request, kwargs: dict[str, Any], done: list[int], rest: Iterator[int]
) -> Iterated:
    """Return pydicom's frames after those that are done, from the pixel data as it was at the start.

    Native frames are independent of each other. Compressed frames are not, because of pydicom's messages about
    plugins: the frames that are done are decoded again and skipped. Without `indices`, pydicom iterates over them in
    another way.
    """
    wanted = {**kwargs, **request.options}
    if request.shape.codec == "native":
        # pydicom warns about the length of the value before the first frame.
        if done:
            wanted["validate"] = False
        return begin(request.source, **{**wanted, "indices": rest})
    if kwargs.get("indices"):
        wanted["indices"] = chain(done, rest)
    return islice(begin(request.source, **wanted), len(done), None)


def _check_iteration(request: Request, indices: Any) -> None:
    shape = request.shape
    # pydicom treats the second frame as one that is not subsampled.
    if shape.is_subsampled and (shape.number_of_frames > 1 or indices):
        raise Declined("an iteration over frames in YBR_FULL_422")
    if not indices:
        check_iteration(request.coder.plugin or "", shape)


def _tried(work: Callable[[], T], *, was_taken: bool = False) -> T | None:
    """Return the result of `work`; None if it raises anything but pydicom's own exception.

    Whatever the reason is: pydicom then decodes and reports the problem itself, and does so while no other exception is
    being handled. `was_taken`: the decode has been counted as taken.

    Raises
    ------
    Exception
        Of any type, if it is pydicom's own.

    """
    error = None
    try:
        return work()
    except PydicomError as found:
        error = found.error
    except Exception as doubt:  # noqa: BLE001
        TALLY.decline(_reason(doubt), was_taken=was_taken)
        return None
    TALLY.decline("an element that cannot be read", was_taken=was_taken)
    raise error


def _reason(doubt: BaseException) -> str:
    if isinstance(doubt, Declined):
        return str(doubt)
    if isinstance(doubt, PixelDataError):
        return "malformed pixel data"
    return f"an exception: {type(doubt).__name__}"


def _add_plugin(coder: CoderBase) -> bool:
    """Add the plugin, unless the name is in use; put it first in the encoder's list."""
    if pydicom_plugin.LABEL in coder.available_plugins:
        return False
    function = "encode_frame" if isinstance(coder, Encoder) else "decode_frame"
    coder.add_plugin(pydicom_plugin.LABEL, (pydicom_plugin.__name__, function))
    if isinstance(coder, Encoder):
        others = coder._available  # noqa: SLF001 - removing and adding all plugins again would lose unknown ones
        coder._available = {pydicom_plugin.LABEL: others[pydicom_plugin.LABEL], **others}  # noqa: SLF001
    return True
