"""All that a transform of stored values depends on."""

from functools import lru_cache
from typing import Any, NamedTuple

from dicomet._native import Image, Lut, Palette, Transform
from dicomet.display.modality import Modality
from dicomet.display.windows import Window

Voi = Window | Lut


class Recipe(NamedTuple):
    """The arguments of a transform: modality values without `voi` and `palette`."""

    image: Image
    bits: int
    pixels: int
    modality: Modality
    dtype: Any
    voi: Voi | None = None
    palette: Palette | None = None
    inverse: bool = False
    range: tuple[float, float] = (0.0, 1.0)

    def made(self) -> Transform:
        """Return the transform: for the files of a series, which are seen alike, the same."""
        has_tables = self.palette is not None or isinstance(self.modality, Lut) or isinstance(self.voi, Lut)
        return _made(self) if has_tables else _known(self)


def _made(recipe: Recipe) -> Transform:
    arguments = recipe._asdict()
    return Transform(arguments.pop("image"), **arguments)


_known = lru_cache(maxsize=32)(_made)
