"""The filters of a resize, by Pillow's names. Imports nothing that is slow to import, for the command line."""

from typing import Literal, get_args

Interpolation = Literal["bilinear", "nearest", "bicubic", "lanczos"]
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
