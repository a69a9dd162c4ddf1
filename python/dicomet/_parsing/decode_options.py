"""The caller's arguments: those that override elements of the data set, and those that control decoding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dicomet._parsing.tags import IMAGE_PIXEL

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
    plugin_options: Mapping[str, Any] = field(default_factory=dict)


DEFAULT = DecodeOptions()
_TYPED = frozenset(DecodeOptions.__annotations__) - {"plugin_options"}


def split(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], DecodeOptions]:
    """Return the values that override elements of the data set, and the decoding options."""
    if not arguments:
        return {}, DEFAULT
    overrides = {name: value for name, value in arguments.items() if name in OVERRIDES}
    typed = {name: bool(value) for name, value in arguments.items() if name in _TYPED}
    rest = {name: value for name, value in arguments.items() if name not in OVERRIDES | _TYPED | _IGNORED}
    return overrides, DecodeOptions(**typed, plugin_options=rest)
