"""How much a call may take: threads, and bytes of its result. As the caller says, or else the environment."""

import operator
import os

from dicomet._utils.warn import warn
from dicomet.errors import short_repr

WORKERS = "DICOMET_WORKERS"
MAX_BYTES = "DICOMET_MAX_BYTES"
# As many as a 64-bit number has.
MAX_DIGITS = 20


def _check_environment() -> None:
    """Warn of a number of threads that says nothing; once, for it is looked at with every call."""
    found = os.environ.get(WORKERS)
    if found is not None and _number(found) < 1:
        warn(f"{WORKERS}: found {short_repr(found)}, expected 1 or more: it is ignored")


def _number(text: str) -> int:
    """Return a number that the environment says, -1 for anything else."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < MAX_DIGITS else -1


_check_environment()


def check_workers(workers: int | None) -> int | None:
    """Return `workers` as an integer from 1 on, or None for what the environment says."""
    if workers is None:
        return None
    number = operator.index(workers)
    if number < 1:
        raise ValueError(f"'workers': found {short_repr(workers)}, expected 1 or more")
    return min(number, 2**31)


def check_max_bytes(max_bytes: int | None) -> int | None:
    """Return how many bytes an array may have: as the caller says, or the environment, if either does.

    What says nothing is no limit that anybody could want, so that it is an error, in the environment too.
    """
    if max_bytes is None:
        text = os.environ.get(MAX_BYTES)
        if text is None:
            return None
        return _not_negative(_number(text), MAX_BYTES, text)
    return _not_negative(operator.index(max_bytes), "'max_bytes'", max_bytes)


def _not_negative(number: int, name: str, found: object) -> int:
    if number < 0:
        raise ValueError(f"{name}: found {short_repr(found)}, expected a number of bytes")
    return number
