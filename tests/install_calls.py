"""Calls that request an image: functions and methods of pydicom, with valid and invalid options."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from call_outcome import observable, raised
from hypothesis import strategies as st
from install_cases import EXTRA, Case, cases, extras
from install_sources import BUFFERS, COMMON_BUFFERS, DATASETS, file_of, position, state
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder, iter_pixels, pixel_array
from pydicom.pixels.utils import decompress


def observed(action, source) -> list:
    try:
        given = observable(action(source))
    except BaseException as error:  # noqa: BLE001 - an exception of any type, even a panic, is compared
        given = raised(error)
    return [given, state(source)]


def aliased(source, given) -> list:
    """The result of a decoder, and whether it shares the memory of its source."""
    if isinstance(source, bytearray | memoryview | np.ndarray):
        return [given, np.shares_memory(given[0], np.frombuffer(source, np.uint8))]
    return [given]


def walked(generator, source, steps: int, end: str) -> list:
    """Some steps of a generator and its end, with the file position after each."""
    found = [position(source)]
    for _ in range(steps):
        found += [attempted(lambda: next(generator)), position(source)]
    if end == "close":
        generator.close()
    elif end == "throw":
        found.append(attempted(lambda: generator.throw(KeyError("thrown"))))
    found += [position(source), attempted(lambda: next(generator)), position(source)]
    return found


def walked_without_place(generator, source, steps: int, end: str) -> list:
    """The same without the file position, which may differ in iterations over compressed frames."""
    found = walked(generator, None, steps, end)
    if isinstance(source, io.IOBase) and not source.closed:
        source.seek(0)
    return found


def attempted(action):
    try:
        return observable(action())
    except BaseException as error:  # noqa: BLE001 - an exception of any type, even a panic, is compared
        return raised(error)


INDEX = (None, None, None, 0, 0, 1, 2, -1, 7, np.int64(0), True, False, 1.0, "0")
INDICES = {
    "none": lambda: None,
    "empty": list,
    "list": lambda: [1, 0, 0],
    "tuple": lambda: (0,),
    "generator": lambda: (index for index in (0, 1)),
    "iterator": lambda: iter([0]),
    "range": lambda: range(1, 3),
    "too high": lambda: [0, 9],
    "negative": lambda: [0, -1],
    "array": lambda: np.array([0, 1]),
    "array of one": lambda: np.array([1]),
    "numpy": lambda: [np.int64(0), 0],
    "number": lambda: 3,
    "text": lambda: "01",
    "raising": lambda: (1 // index for index in (1, 0)),
}


@dataclass(frozen=True)
class Example:
    """A call of `function` for a source of the given kind, with `chosen` as `index` or `indices`."""

    case: Case
    source: str
    function: str
    chosen: Any
    extra: dict[str, Any]
    steps: int = 9
    end: str = "exhaust"

    @property
    def walk(self) -> Any:
        return walked_without_place if self.case.syntax.is_encapsulated else walked

    def make(self) -> Any:
        if self.source in DATASETS:
            return DATASETS[self.source](self.case)
        if self.source == "whole file":
            return io.BytesIO(b"") and io.BytesIO(file_of(self.case))
        return BUFFERS[self.source](self.case.value)

    def call(self, source: Any) -> Any:
        decoder = get_decoder(self.case.syntax)
        extra = self.extra if self.source in DATASETS else {**self.case.options, **self.extra}
        match self.function:
            case "as_array":
                return aliased(source, decoder.as_array(source, index=self.chosen, **extra))
            case "iter_array":
                generator = decoder.iter_array(source, indices=INDICES[self.chosen](), **extra)
                return self.walk(generator, source, self.steps, self.end)
            case "pixel_array":
                return pixel_array(source, index=self.chosen, **self.extra)
            case "iter_pixels":
                generator = iter_pixels(source, indices=INDICES[self.chosen](), **self.extra)
                return self.walk(generator, source, self.steps, self.end)
            case _:
                return DATASET_CALLS[self.chosen](source)


WALKS = ((9, "exhaust"), (9, "exhaust"), (0, "close"), (1, "close"), (1, "throw"))


@st.composite
def calls(draw, whole: str, frames: str) -> tuple:
    if draw(st.booleans()):
        return whole, draw(st.sampled_from(INDEX))
    return frames, draw(st.sampled_from(["none", "none", "none", *INDICES]))


@st.composite
def decoders_with_buffers(draw, made=cases, names=tuple(EXTRA)) -> Example:
    case = draw(made())
    kind = draw(st.one_of(st.sampled_from(COMMON_BUFFERS), st.sampled_from(sorted(BUFFERS))))
    call = draw(calls("as_array", "iter_array"))
    return Example(case, kind, *call, draw(extras(names)), *draw(st.sampled_from(WALKS)))


@st.composite
def decoders_with_datasets(draw, made=cases, names=tuple(EXTRA)) -> Example:
    kind, call = draw(st.sampled_from(sorted(DATASETS))), draw(calls("as_array", "iter_array"))
    return Example(draw(made()), kind, *call, draw(extras(names)), *draw(st.sampled_from(WALKS)))


@st.composite
def functions(draw, made=cases, names=tuple(EXTRA)) -> Example:
    kind, call = draw(st.sampled_from([*DATASETS, "whole file"])), draw(calls("pixel_array", "iter_pixels"))
    names = tuple(name for name in names if name != "validate")
    return Example(draw(made()), kind, *call, draw(extras(names)), *draw(st.sampled_from(WALKS)))


@st.composite
def methods(draw, made=cases, names=()) -> Example:  # noqa: ARG001 - methods take no options
    kind, call = draw(st.sampled_from(sorted(DATASETS))), draw(st.integers(0, len(DATASET_CALLS) - 1))
    return Example(draw(made()), kind, "method", call, {})


def twice(dataset: Dataset) -> list:
    first = dataset.pixel_array
    return [first, dataset.pixel_array is first]


def after_options(**options):
    def call(dataset):
        dataset.pixel_array_options(**options)
        return dataset.pixel_array

    return call


DATASET_CALLS = (
    twice,
    twice,
    lambda dataset: dataset.convert_pixel_data() or dataset._pixel_array,
    lambda dataset: dataset.convert_pixel_data("pydicom") or dataset._pixel_array,
    lambda dataset: dataset.decompress(generate_instance_uid=False),
    lambda dataset: str(decompress(dataset, generate_instance_uid=False)),
    lambda dataset: str(decompress(dataset, as_rgb=False, decoding_plugin="pydicom", generate_instance_uid=False)),
    after_options(index=0),
    after_options(raw=True),
    after_options(decoding_plugin="pydicom"),
    after_options(view_only=True),
    after_options(use_v2_backend=True),
)
LEGACY = len(DATASET_CALLS) - 1
