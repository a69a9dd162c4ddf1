"""The Rust core, as Python sees it. Private: the public functions are those of `dicomet`.

Every function raises `dicomet.PixelDataError` for what is wrong with the data, and releases the GIL while it reads and
works on pixels. A `Source` has the bytes; a buffer that is not read-only is copied first. A result is any contiguous,
writeable buffer, which nobody else may touch during the call. `workers`: threads at most; None for what the environment
variable ``DICOMET_WORKERS`` says, or as many as the process may use. A signal handler that raises ends the call.
"""

import os
from typing import Any, BinaryIO, Literal, TypeAlias, final

import numpy as np

_Buffer: TypeAlias = bytes | bytearray | memoryview | np.ndarray
_Conversion: TypeAlias = Literal["ybr_to_rgb", "partial_ybr_to_rgb", "rgb_to_ybr"]
_Arithmetic: TypeAlias = Literal["exact", "float", "fused float"]
_Sample: TypeAlias = Literal[
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"
]
_Described: TypeAlias = tuple[str, tuple[tuple[int, int], ...], str | None, int | None, int, str | None]

__all__ = [
    "Codestream",
    "DecodeFuture",
    "DecodePool",
    "Decoder",
    "EncapsulatedPixelData",
    "FrameIndex",
    "Image",
    "Lut",
    "Palette",
    "Source",
    "Transform",
    "__version__",
    "complete_codestream",
    "convert_color",
    "debug_build",
    "encode_png",
    "encode_rle",
    "expand_segmented",
    "extrema",
    "find_delimiter",
    "find_pixel_data",
    "histogram",
    "resize",
    "with_neutral_colors",
]

__version__: str
debug_build: bool

@final
class Source:
    """Bytes that can be read at any place, by any thread: all of somebody's, or a part of them."""

    @staticmethod
    def from_buffer(buffer: _Buffer) -> Source:
        """Take a buffer: as it is where it is read-only and contiguous, else a copy."""
    @staticmethod
    def open(path: str | os.PathLike[str]) -> Source:
        """Open a file, which is closed when the last of its parts is gone."""
    @staticmethod
    def from_file(file: BinaryIO) -> Source:
        """Take an object with `tell`, `seek` and `read`, which is used by one thread at a time, by whatever source."""
    @property
    def start(self) -> int:
        """Where this part begins."""
    @property
    def length(self) -> int:
        """Bytes of this part."""
    @property
    def is_in_memory(self) -> bool:
        """Nothing has to be read."""
    @property
    def is_file_object(self) -> bool:
        """Made by `from_file`."""
    def fileno(self) -> int:
        """Return the descriptor of a file; `OSError` of anything else. Not on Windows."""
    def part(self, start: int, length: int) -> Source:
        """Return the part of `length` bytes from `start` on, or fewer at the end."""
    def deflate_stream(self, offset: int) -> Source:
        """Return what the deflate stream (PS3.5 A.5) from `offset` to the end gives, inflated as far as it is read.

        Its length is not known: `length` is what so many bytes can give at most.
        """
    @property
    def is_deflated(self) -> bool:
        """Made by `deflate_stream`, or a part of that."""
    def inflate_prefix(self, limit: int) -> Source:
        """Return the first `limit` bytes, or as many as there are, in memory."""
    def read(self, offset: int, count: int) -> bytes | memoryview:
        """Return `count` bytes at `offset`, or fewer at the end; of memory a view."""

@final
class Image:
    """A checked description of an image (PS3.3 C.7.6.3)."""

    def __new__(
        cls,
        *,
        rows: int,
        columns: int,
        samples_per_pixel: int,
        number_of_frames: int,
        bits_allocated: int,
        bits_stored: int,
        high_bit: int | None,
        pixel_representation: int,
        planar_configuration: int,
        photometric_interpretation: str,
        keyword: str,
    ) -> Image:
        """Check the values against the standard and each other."""
    @property
    def dtype(self) -> str:
        """NumPy's name of the result's type."""
    @property
    def frame_shape(self) -> list[int]:
        """``[rows, columns]`` or ``[rows, columns, samples]``."""
    @property
    def number_of_frames(self) -> int:
        """Number of Frames."""
    @property
    def warning(self) -> str | None:
        """What is odd, but does not change the samples."""
    def check_result(self, frames: int) -> int:
        """Return the bytes of a result of `frames` frames, which must be addressable."""
    def check_codestream(self, codestream: _Buffer, frame: int, family: str) -> Codestream:
        """Return the header of frame number `frame`, checked against the description.

        `family` is ``"JPEG"``, ``"JPEG-LS"`` or ``"JPEG 2000"``, by the transfer syntax.
        """
    def native_frames(self, found: int) -> int:
        """Return how many whole frames `found` bytes in native form hold; at least Number of Frames."""
    def check_subsampled(self, found: int) -> None:
        """Refuse a native value in ``YBR_FULL_422`` of as many bytes as full size would have."""
    def native_frame_range(self, index: int) -> tuple[int, int]:
        """Return where a frame begins and ends in native form, in bits."""

@final
class Codestream:
    """The header of a codestream (ISO/IEC 10918-1 B.2, 14495-1 C.2, 15444-1 A). What another family has is absent."""

    @staticmethod
    def read(frame: _Buffer) -> Codestream | None:
        """Read the header of `frame`; None if there is none."""
    @property
    def family(self) -> Literal["JPEG", "JPEG-LS", "JPEG 2000"]:
        """The standard that the codestream follows."""
    @property
    def precision(self) -> int:
        """Bits per sample."""
    @property
    def signed(self) -> bool:
        """JPEG 2000: the samples are signed."""
    @property
    def component_ids(self) -> list[int]:
        """Component identifiers; from 0 on for JPEG 2000, which has none."""
    @property
    def sampling(self) -> list[tuple[int, int]]:
        """Sampling factors H and V of the components; XRsiz and YRsiz for JPEG 2000."""
    @property
    def is_subsampled(self) -> bool:
        """A component has fewer samples than another."""
    @property
    def lossless(self) -> bool:
        """JPEG: the lossless process (SOF3)."""
    @property
    def jfif(self) -> bool:
        """JPEG and JPEG-LS: there is a JFIF segment."""
    @property
    def adobe_transform(self) -> int | None:
        """JPEG and JPEG-LS: transform of the Adobe segment; None without a complete one."""
    @property
    def hp_transform(self) -> int | None:
        """JPEG-LS: color transform of the HP segment; None without one."""
    @property
    def component_transform(self) -> bool:
        """JPEG 2000: a multiple component transform is used."""
    @property
    def reversible(self) -> bool:
        """JPEG 2000: the wavelet is the reversible one."""
    @property
    def boxed(self) -> bool:
        """JPEG 2000: boxes of JP2 stand around the codestream."""
    @property
    def color_space(self) -> int | None:
        """JPEG 2000: enumerated color space of the boxes (ISO/IEC 15444-1 table I.10); None without one."""

@final
class Decoder:
    """What is done to samples on their way into the result."""

    @staticmethod
    def native(
        image: Image,
        *,
        big_endian: bool,
        ow_swapped: bool,
        correct_unused_bits: bool,
        conversion: _Conversion | None,
    ) -> Decoder:
        """For native and RLE frames. `ow_swapped`: samples of 8 bits were sent as big-endian words."""
    def with_output(self, *, big_endian: bool, planar: bool, arithmetic: _Arithmetic, strict: bool) -> Decoder:
        """Return the same plan with a result in another form: byte order, planes (of RLE frames alone), rounding.

        `strict`: refuse RLE frames with anything but padding behind their segments' samples.
        """
    def with_transform(self, transform: Transform | None) -> Decoder:
        """Return the same plan, whose samples are not the result, but go through `transform`, where there is one."""
    @staticmethod
    def codec(
        image: Image,
        *,
        bits_allocated: int,
        planar: bool,
        significant_bits: int | None,
        conversion: _Conversion | None,
        color_bits: int,
        signed: bool,
    ) -> Decoder:
        """For frames that a codec has decoded to words of `bits_allocated` bits in native byte order.

        `color_bits`: bits of the samples that `conversion` converts. `signed`: narrower words than the result's are
        extended by their sign, not with zeros.
        """
    @property
    def is_identity(self) -> bool:
        """Native frames are the result as they are stored."""
    def native_frames(self, source: Source, first_frame: int, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` with frames from number `first_frame` on of the value that is `source`."""
    def words(self, frame: _Buffer, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` with one frame of whole words."""
    def rle_frames(
        self, source: Source, frames: FrameIndex, first: int, out: _Buffer, *, number: int, workers: int | None
    ) -> list[str]:
        """Fill `out` with RLE Lossless frames of `frames` from `first` on, which is frame `number` of the image.

        Return warnings.
        """

@final
class Lut:
    """A Modality or VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1)."""

    def __new__(cls, first: int, entries: _Buffer, *, bits: int) -> Lut:
        """Take `entries`, native words of 16 bits, of which `bits` count, for inputs from `first` on."""
    @property
    def max_entry(self) -> int:
        """The largest entry that there may be."""

@final
class Palette:
    """A Palette Color Lookup Table (PS3.3 C.7.9)."""

    def __new__(cls, first: int, red: _Buffer, green: _Buffer, blue: _Buffer, *, bits: int) -> Palette:
        """Take entries, native words of 16 bits, of which `bits` (8 or 16) count, for stored values from `first` on."""

def expand_segmented(segments: _Buffer, *, wide: bool, count: int) -> list[int]:
    """Return the `count` entries of segmented data (PS3.3 C.7.9.2), which is in native words of 16 bits.

    `wide`: it was stored in 16 bits, not in 8.
    """

@final
class Transform:
    """What is made of stored values (PS3.4 N.2)."""

    def __new__(
        cls,
        image: Image,
        *,
        bits: int,
        pixels: int,
        modality: tuple[float, float] | Lut | None,
        voi: tuple[float, float, str] | Lut | None,
        palette: Palette | None,
        inverse: bool,
        range: tuple[float, float],  # noqa: A002 - as in the public function
        dtype: _Sample,
    ) -> Transform:
        """Prepare for about so many `pixels` of `image`, whose samples have so many `bits` beside those of the sign.

        Modality values without `voi` and `palette`; greys without `palette`; colours without `voi`; or, with both,
        colours from the palette's first value on and greys below. `modality`: slope and intercept, or a table. `voi`:
        center, width and function, or a table. `range`: the values of the darkest and of the brightest.
        """
    def apply(self, stored: _Buffer, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` from samples that are decoded already, in native byte order."""

def extrema(words: _Buffer, *, dtype: _Sample, excluded: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the lowest and the highest that are finite and not within `excluded`, which are of the same dtype."""

def histogram(words: _Buffer, *, wide: bool) -> bytes:
    """Return how often each word of 8 bits, or 16, occurs, by its bits, as native words of 64 bits."""

@final
class EncapsulatedPixelData:
    """Where the frames of encapsulated pixel data lie (PS3.5 A.4)."""

    def __new__(
        cls,
        source: Source,
        *,
        delimited: bool,
        frames: int,
        jpeg: bool,
        extended: tuple[_Buffer, _Buffer] | None,
    ) -> EncapsulatedPixelData:
        """Read the Basic Offset Table."""
    def build_frame_index(self) -> FrameIndex:
        """Find every frame."""
    def find_frame(self, index: int) -> FrameIndex | None:
        """Return one frame alone, where an offset table tells its place."""

@final
class FrameIndex:
    """The frames that were found."""

    @staticmethod
    def single(length: int) -> FrameIndex:
        """Return the only frame, of `length` bytes, which are all there are."""
    def __len__(self) -> int:
        """How many."""
    def read(self, source: Source, index: int) -> bytes | memoryview:
        """Return the bytes of a frame; of a single fragment in memory a view."""
    def frame_bytes(self, index: int) -> int:
        """Return how many bytes a frame has."""
    @property
    def end(self) -> int:
        """Where the last of all fragments ends."""
    def check_rle_bounds(self, image: Image, first: int, count: int, *, number: int) -> None:
        """Check that so many bytes of RLE Lossless can hold frames at all; `number` is that of the first."""
    def check_whole(self) -> None:
        """Raise what is wrong behind these frames, if anything is."""
    @property
    def warnings(self) -> list[str]:
        """What was tolerated."""

@final
class DecodePool:
    """Threads that read and decode ahead, one job after the other, and never need the GIL."""

    def __new__(cls, *, workers: int | None) -> DecodePool:
        """Start the threads."""
    @property
    def workers(self) -> int:
        """How many threads there are."""
    def open(self, path: str | os.PathLike[str]) -> DecodeFuture:
        """Do what `Source.open` does."""
    def native_frames(self, plan: Decoder, source: Source, first_frame: int, out: _Buffer) -> DecodeFuture:
        """Do what `Decoder.native_frames` does."""
    def rle_frames(
        self, plan: Decoder, source: Source, frames: FrameIndex, first: int, out: _Buffer, *, number: int
    ) -> DecodeFuture:
        """Do what `Decoder.rle_frames` does."""
    def close(self) -> None:
        """End the threads. What waits is left undone."""

@final
class DecodeFuture:
    """Something that `DecodePool` does."""

    def result(self) -> Any:
        """Wait for it, and return what it gives: a `Source`, or a list of warnings. Once only."""

def convert_color(
    src: _Buffer, out: _Buffer, *, conversion: _Conversion, arithmetic: _Arithmetic, plane_bytes: int | None
) -> None:
    """Write the 8-bit pixels of `src` to `out` in the other colour space: side by side, or planes of `plane_bytes`."""

def complete_codestream(codestream: _Buffer, frame: int, family: str) -> tuple[int, bytes | None, list[str]]:
    """Check that the codestream of frame number `frame` holds all its samples, as far as that can be seen.

    `family` is as for `Image.check_codestream`. Return where its data ends, the codestream with an end marker where it
    has none, and warnings.
    """

def find_delimiter(source: Source, *, tag: int, vr: str | None, value: int, big_endian: bool) -> int | None:
    """Find the Sequence Delimitation Item (PS3.5 7.5) that ends the value of undefined length at `value`.

    `vr` is None in implicit VR. None where something is not plainly in order.
    """

def find_pixel_data(
    source: Source,
    *,
    start: Literal["file", "forced", "data set"],
    transfer_syntax: str | None,
    display: bool = False,
) -> tuple[_Described, int, int | None, tuple[tuple[int, bytes], ...]] | int | None:
    """Find the pixel data element (PS3.5 7) of `source`, if all in front of it is plain.

    `start`: a file must have a preamble and File Meta Information; a forced one need not, as for pydicom's ``force``; a
    data set alone has neither. `transfer_syntax`: counts in place of that of the file; always of a data set alone.
    `display`: what says how the image is to be seen must be plain, too.

    Return what describes the image (Transfer Syntax UID, the elements of VR US, Photometric Interpretation, Number of
    Frames, and of the pixel data element its tag and its VR, which is None where it is implicit), the offset of the
    pixel data element's value, its length (None where it is undefined), and for `display` tag and value of elements,
    with numbers in little endian. Or, of a deflated file, where its data set begins.
    """

def encode_rle(
    src: _Buffer,
    *,
    rows: int,
    columns: int,
    samples_per_pixel: int,
    sample_bytes: int,
    big_endian: bool,
) -> bytes:
    """Return one frame as RLE Lossless (PS3.5 G), each row as short as it can be.

    The samples of a pixel lie side by side in `src` (Planar Configuration 0), each of `sample_bytes` bytes in the order
    that `big_endian` says. A pixel has at most 15 bytes.
    """

def encode_png(samples: _Buffer, *, width: int, height: int, channels: int, bits: int) -> bytes:
    """Return one image as a PNG file, grey (one channel) or RGB (three), of 8 or 16 `bits`.

    The samples of a pixel lie side by side in `samples`, in native byte order.
    """

def resize(
    src: _Buffer,
    out: _Buffer,
    *,
    src_size: tuple[int, int],
    out_size: tuple[int, int],
    channels: int,
    dtype: str,
    filter: str,  # noqa: A002
) -> None:
    """Fill `out` with the image `src` in another size, antialiased; sizes are rows and columns.

    `channels`: 1 or 3 samples side by side, of ``"uint8"``, ``"uint16"`` or ``"float32"``. `filter`: Pillow's of this
    name, ``"nearest"``, ``"bilinear"``, ``"bicubic"`` or ``"lanczos"``.
    """

def with_neutral_colors(frame: _Buffer) -> bytes:
    """Return the codestream with its components unchanged, but nothing that makes a decoder convert their colors.

    JPEG: without JFIF and Adobe segments, but one that says "no transform"; JPEG-LS: without both; JPEG 2000: without
    boxes.
    """
