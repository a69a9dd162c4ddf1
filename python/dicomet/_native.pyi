"""The Rust core, as Python sees it. Private: the public functions are in `dicomet`."""

from collections.abc import Callable, Sequence
from typing import Literal, final

from typing_extensions import Buffer

__version__: str
debug_build: bool

_Fragments = list[tuple[int, int]]
_Conversion = Literal["ybr_to_rgb", "rgb_to_ybr"]
