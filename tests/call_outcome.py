"""Everything that a caller can observe of a call: result, exceptions, warnings and log records."""

import io
import logging
import os
import re
import types
import warnings
from contextlib import contextmanager
from unittest import mock

import numpy as np

import dicomet


def array(arr: np.ndarray) -> tuple:
    """Values, type and memory layout, and whether the array is a view, but not of which array."""
    flags = (arr.flags.c_contiguous, arr.flags.f_contiguous, arr.flags.owndata, arr.flags.writeable, arr.flags.aligned)
    return (type(arr), arr.dtype.str, arr.shape, arr.strides, flags, arr.base is None, arr.tobytes())


def observable(value):
    """`value` in comparable form: arrays as in `array`, mappings with their order, scalars with their types."""
    if isinstance(value, np.ndarray):
        return array(value)
    if isinstance(value, types.GeneratorType):
        return steps(value)
    if isinstance(value, dict):
        return [(key, observable(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [observable(item) for item in value]
    if isinstance(value, str):
        return (type(value), without_addresses(value))
    return (type(value), value if isinstance(value, int | float | bytes | None) else without_addresses(str(value)))


def without_addresses(text: str) -> str:
    """Remove memory addresses, which differ from run to run."""
    return re.sub(r"\bat 0x[0-9a-f]+", "at 0x", text)


def steps(generator) -> list:
    """The items that a generator yields, and the exception that ends it, if any."""
    found = []
    try:
        found.extend(observable(item) for item in generator)
    except Exception as error:  # noqa: BLE001 - an exception of any type is compared
        found.append(raised(error))
    return found


def raised(error: BaseException | None):
    if error is None:
        return None
    chain = (raised(error.__cause__), raised(error.__context__), error.__suppress_context__)
    return (type(error), without_addresses(str(error)), observable(error.args), *chain)


class Records(logging.Handler):
    """Log records as a handler receives them."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.found = []

    def emit(self, record):
        exception = record.exc_info and record.exc_info[0]
        self.found.append((record.name, record.levelname, without_addresses(record.getMessage()), exception))


@contextmanager
def recorded():
    """Collect warnings with their locations, and log records."""
    logger, handler = logging.getLogger("pydicom"), Records()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    said = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
            said += [(w.category, str(w.message), w.filename, w.lineno) for w in caught] + handler.found
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def outcome(call, *arguments) -> tuple:
    """The result or exception of `call`, its warnings and log records, and the final position of each file argument."""
    with recorded() as said:
        try:
            given = observable(call(*arguments))
        except Exception as error:  # noqa: BLE001 - an exception of any type is compared
            given = raised(error)
    files = [file for file in arguments if isinstance(file, io.IOBase)]
    places = [None if file.closed else file.tell() for file in files]
    for file in files:
        file.close()
    return given, said, places


def with_and_without(call, *make) -> tuple[tuple, tuple, bool]:
    """The outcomes of `call` with and without dicomet, and whether dicomet took the call.

    Each function in `make` creates one argument, anew for each call. "Without" also disables the plugin for pylibjpeg.
    """
    with mock.patch.dict(os.environ, {"DICOMET": "0"}):
        without = outcome(call, *(argument() for argument in make))
    arguments = [argument() for argument in make]
    before = dicomet.stats().taken
    with dicomet.install():
        installed = outcome(call, *arguments)
    return installed, without, dicomet.stats().taken > before
