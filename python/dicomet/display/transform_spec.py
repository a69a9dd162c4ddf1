"""`TransformSpec`: the values that determine a transform of stored values."""

from functools import lru_cache
from typing import Any, NamedTuple

from dicomet._native import Image, Lut, Palette, Transform
from dicomet.display.modality import Modality
from dicomet.display.windows import Window

Voi = Window | Lut


class TransformSpec(NamedTuple):
    """The arguments of a `Transform`. Without `voi` and `palette`, it maps to modality values."""

    image: Image
    bits: int
    pixels: int
    modality: Modality
    dtype: Any
    voi: Voi | None = None
    palette: Palette | None = None
    inverse: bool = False
    range: tuple[float, float] = (0.0, 1.0)

    def build(self) -> Transform:
        """Return the transform, cached unless it has tables: the files of a series usually share one."""
        has_tables = self.palette is not None or isinstance(self.modality, Lut) or isinstance(self.voi, Lut)
        return _build(self) if has_tables else _cached(self)


def _build(transform_spec: TransformSpec) -> Transform:
    arguments = transform_spec._asdict()
    return Transform(arguments.pop("image"), **arguments)


_cached = lru_cache(maxsize=32)(_build)
