"""Limits of a call: plugins, threads, and sizes. The environment has the defaults."""

import operator
import os
from typing import NamedTuple

from dicomet._native import environment_max_bytes, environment_workers
from dicomet._utils.warn import warn
from dicomet.errors import short_repr

WORKERS = "DICOMET_WORKERS"
MAX_BYTES = "DICOMET_MAX_BYTES"
# Decimal digits of the largest 64-bit number.
MAX_DIGITS = 20


def _check_environment() -> None:
    """Warn about an invalid number of threads; at import, because every call reads the variable again."""
    found = os.environ.get(WORKERS)
    if found is not None and environment_workers() is None:
        warn(f"{WORKERS}: found {short_repr(found)}, expected 1 or more: it is ignored")


def _number(text: str) -> int:
    """Return the number in a value of the environment; -1 if it is not a number."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < MAX_DIGITS else -1


_check_environment()


class ReadLimits(NamedTuple):
    """The arguments that limit a call: the plugin for codestreams, the number of threads, and the result's bytes."""

    decoding_plugin: str = ""
    workers: int | None = None
    max_bytes: int | None = None


def check_workers(workers: int | None) -> int | None:
    """Return `workers` as an integer that is 1 or more; None leaves the number to the environment."""
    if workers is None:
        return None
    number = operator.index(workers)
    if number < 1:
        raise ValueError(f"'workers': found {short_repr(workers)}, expected 1 or more")
    return min(number, 2**31)


def check_max_bytes(max_bytes: int | None) -> int | None:
    """Return the maximum size of an array in bytes, as set by the caller or the environment; None for no limit.

    An invalid value is an error, in the environment too: ignoring it would remove a limit.
    """
    if max_bytes is None:
        text = environment_max_bytes()
        if text is None:
            return None
        return _not_negative(_number(text), MAX_BYTES, text)
    return _not_negative(operator.index(max_bytes), "'max_bytes'", max_bytes)


def _not_negative(number: int, name: str, found: object) -> int:
    if number < 0:
        raise ValueError(f"{name}: found {short_repr(found)}, expected a number of bytes")
    return number
