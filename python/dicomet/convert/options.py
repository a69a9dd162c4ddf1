"""The options of a conversion, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Literal, get_args

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._utils.arrays import MAX_SIDE
from dicomet._utils.interpolation import INTERPOLATIONS, Interpolation
from dicomet.convert.formats import MAX_QUALITY, Format
from dicomet.display.overlay_planes import OverlayNames, check_names
from dicomet.display.values import DTYPES as MODALITY_DTYPES
from dicomet.display.values import VALUES, Values
from dicomet.display.voi_selection import WindowOver, WindowSpec, check_window, check_window_over

Channels = Literal[0, 1, 3]
Size = int | tuple[int, int]
ProfileUse = Literal["keep", "apply", "drop"]
"""What becomes of an ICC profile."""

DTYPES = ("uint8", "uint16", "float32")
DISPLAY_ONLY: dict[Values, tuple[str, ...]] = {
    "stored": ("window", "window_over", "overlays", "dtype", "channels"),
    "modality": ("window", "window_over", "overlays", "channels"),
}
"""Options that apply to display values only, by the values that exclude them."""
OF_FILES = frozenset({"skip_existing", "workers"})
"""Options that do not change what is written."""
SIDES = ("rows", "columns")
MAX_FRAME_RATE = 100


def sidecar_keywords(sidecar: bool | Sequence[str]) -> tuple[str, ...] | None:  # noqa: FBT001 - as in `convert_file`
    """Return the keywords that the caller asks for; None for no sidecar.

    Raises
    ------
    ValueError
        A name is not a keyword of PS3.6.

    """
    if isinstance(sidecar, bool):
        return () if sidecar else None
    from pydicom.datadict import tag_for_keyword  # noqa: PLC0415 - slow to import

    keywords = (sidecar,) if isinstance(sidecar, str) else tuple(sidecar)
    for keyword in keywords:
        if tag_for_keyword(keyword) is None:
            raise ValueError(f"sidecar: found {keyword!r}, expected keywords of PS3.6, such as SliceThickness")
    return keywords


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `dicomet.convert_file`, under the same names."""

    window: WindowSpec = None
    window_over: WindowOver = "frame"
    overlays: OverlayNames = False
    dtype: str | None = None
    size: Size | None = None
    interpolation: Interpolation = "bilinear"
    frames: FrameSelection = "all"
    channels: Channels = 0
    values: Values = "display"
    raw: bool = False
    quality: int = 90
    icc_profile: ProfileUse = "keep"
    square: bool = False
    frame_rate: float | None = None
    sidecar: tuple[str, ...] | None = None
    skip_existing: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        """Refuse invalid options before any file is read.

        Raises
        ------
        ValueError
            An option has an invalid value, or two options contradict each other.

        """
        _one_of("dtype", self.dtype, (None, *(MODALITY_DTYPES if self.values == "modality" else DTYPES)))
        _one_of("interpolation", self.interpolation, INTERPOLATIONS)
        _one_of("channels", self.channels, get_args(Channels))
        _one_of("values", self.values, VALUES)
        if not isinstance(self.frames, Integral) and self.frames not in {"all", "middle"}:
            raise ValueError(f"frames: found {self.frames!r}, expected all, middle or a number")
        if not _is_within(self.quality, MAX_QUALITY):
            raise ValueError(f"quality: found {self.quality!r}, expected 1 to {MAX_QUALITY}")
        sides = self.size if isinstance(self.size, tuple) and len(self.size) == len(SIDES) else (self.size,)
        if self.size is not None and not all(_is_within(side, MAX_SIDE) for side in sides):
            expected = f"a number or ({', '.join(SIDES)}), from 1 to {MAX_SIDE}"
            raise ValueError(f"size: found {self.size!r}, expected {expected}")
        _one_of("icc_profile", self.icc_profile, get_args(ProfileUse))
        if self.icc_profile == "apply" and (self.values, self.dtype or "uint8") != ("display", "uint8"):
            raise ValueError("icc_profile: 'apply' needs display values of uint8")
        if self.square and isinstance(self.size, tuple):
            raise ValueError("square: does not go with rows and columns of size")
        if self.frame_rate is not None and not 0 < self.frame_rate <= MAX_FRAME_RATE:
            raise ValueError(
                f"frame_rate: found {self.frame_rate!r}, expected more than 0 and at most {MAX_FRAME_RATE}"
            )
        self._check_values()

    def _check_values(self) -> None:
        """Refuse options that do not go with the values."""
        given = {
            "window": self.window is not None,
            "window_over": self.window_over != "frame",
            "overlays": self.overlays is not False,
            "dtype": self.dtype is not None,
            "channels": self.channels != 0,
        }
        for name in DISPLAY_ONLY.get(self.values, ()):
            if given[name]:
                raise ValueError(f"{name}: does not go with {self.values} values")
        if self.raw and self.values != "stored":
            raise ValueError(f"raw: does not go with {self.values} values")
        check_window(self.window, "window")
        check_window_over(self.window_over)
        check_names(self.overlays, "overlays")

    def check_format(self, form: Format) -> None:
        """Refuse a format that cannot hold the values, as far as the options determine them."""
        if self.frame_rate is not None and not form.is_animated:
            raise ValueError(f"frame_rate: does not go with {form.name}, which is not animated")
        if form.write is None:
            self._check_unchanged(form)
        elif self.values == "display":
            form.check_dtype(self.dtype or "uint8")
        elif self.values == "modality":
            form.check_modality_values()

    def _check_unchanged(self, form: Format) -> None:
        """Refuse options that would change what is written as it is."""
        for option in fields(self):
            if option.name not in OF_FILES and getattr(self, option.name) != option.default:
                raise ValueError(f"{option.name}: does not go with {form.name}, which is written as it is")


def _is_within(found: object, most: int) -> bool:
    return isinstance(found, Integral) and not isinstance(found, bool) and 1 <= int(found) <= most


def _one_of(name: str, found: object, allowed: tuple[object, ...]) -> None:
    if found not in allowed:
        choices = ", ".join(str(value) for value in allowed if value is not None)
        raise ValueError(f"{name}: found {found!r}, expected {choices}")
