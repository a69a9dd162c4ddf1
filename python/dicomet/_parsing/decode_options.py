"""The caller's arguments: those that override elements of the data set, and those that control decoding."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from dicomet._parsing.tags import IMAGE_PIXEL
from dicomet.errors import short_repr

Reduce = int | tuple[int, int]
"""The resolution levels to discard, or the minimum ``(rows, columns)`` of the result."""
OnTruncation = Literal["error", "decode"]
"""What to do with a codestream whose data is incomplete."""

# The arguments that override an element of the data set, by pydicom's option names.
OVERRIDES = frozenset({*(tag.option_name for tag in IMAGE_PIXEL), "extended_offsets", "transfer_syntax_uid"})
# No effect in dicomet.
_IGNORED = frozenset({"use_pdh"})


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How the caller wants an image to be decoded, by pydicom's option names.

    `allow_excess_frames`: None for pydicom's default, which depends on the source. `plugin_options`: all options that
    only plugins know.
    """

    as_rgb: bool = True
    view_only: bool = False
    correct_unused_bits: bool = True
    allow_excess_frames: bool | None = None
    be_swap_ow: bool = False
    force_rgb: bool = False
    force_ybr: bool = False
    apply_jls_sign_correction: bool = True
    apply_j2k_sign_correction: bool = True
    reduce: Reduce = 0
    on_truncation: OnTruncation = "error"
    # Not hashable; descriptions with these options are not cached.
    plugin_options: Mapping[str, Any] = field(default_factory=dict, hash=False)


DEFAULT = DecodeOptions()
# Rows and Columns have 16 bits (PS3.3 C.7.6.3).
_MAX_SIDE = 65535


def _checked_reduce(reduce: Any) -> Reduce:
    """Return the resolution levels to discard, or the minimum size."""
    numbers = reduce if isinstance(reduce, tuple | list) else (reduce,)
    minimum, count = (1, 2) if isinstance(reduce, tuple | list) else (0, 1)
    if len(numbers) != count or not all(_is_number(number, minimum) for number in numbers):
        expected = "the number of resolution levels to discard, or (rows, columns)"
        raise ValueError(f"'reduce': found {short_repr(reduce)}, expected {expected}")
    return tuple(map(operator.index, numbers)) if count > 1 else operator.index(reduce)  # type: ignore[return-value]


def _is_number(value: Any, minimum: int) -> bool:
    try:
        return not isinstance(value, bool) and minimum <= operator.index(value) <= _MAX_SIDE
    except TypeError:
        return False


def _checked_on_truncation(value: Any) -> OnTruncation:
    if not isinstance(value, str) or value not in get_args(OnTruncation):
        raise ValueError(f"'on_truncation': found {short_repr(value)}, expected 'error' or 'decode'")
    return value  # type: ignore[return-value]


_CHECKS: dict[str, Callable[[Any], Any]] = {"reduce": _checked_reduce, "on_truncation": _checked_on_truncation}
_FLAGS = frozenset(DecodeOptions.__annotations__) - {"plugin_options"} - _CHECKS.keys()


def reduce_for(size: int | tuple[int, int] | None, interpolation: str) -> Reduce:
    """Return the `reduce` for images that are resized to `size`: at least that size remains.

    Nearest neighbours stay samples of the full resolution, because they may be labels.
    """
    if size is None or interpolation.lower() == "nearest":
        return 0
    return (size, size) if isinstance(size, int) else size


def split(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], DecodeOptions]:
    """Return the values that override elements of the data set, and the decoding options."""
    if not arguments:
        return {}, DEFAULT
    overrides = {name: value for name, value in arguments.items() if name in OVERRIDES}
    typed: dict[str, Any] = {name: bool(value) for name, value in arguments.items() if name in _FLAGS}
    typed |= {name: check(arguments[name]) for name, check in _CHECKS.items() if name in arguments}
    known = OVERRIDES | _FLAGS | _IGNORED | _CHECKS.keys()
    rest = {name: value for name, value in arguments.items() if name not in known}
    options = DecodeOptions(**typed, plugin_options=rest)
    return overrides, DEFAULT if options == DEFAULT else options
