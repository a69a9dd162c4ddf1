"""Type stubs of the Rust core. Private: the public functions are those of `dicomet`.

Every function raises `dicomet.PixelDataError` if the data is wrong, and releases the GIL while it reads bytes and
processes pixels. Functions read bytes from a `Source` or from a buffer; a buffer that is not read-only is copied first.
`out` is any contiguous, writeable buffer; no other thread may access it during the call. `workers` is the maximum
number of threads; None takes the value of the environment variable ``DICOMET_WORKERS`` or, if that is not set, the
number of CPUs that the process may use. A signal handler that raises ends the call.
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
_Family: TypeAlias = Literal["JPEG", "JPEG-LS", "JPEG 2000", "JPEG XL"]
_OnTruncation: TypeAlias = Literal["error", "decode"]

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
    "ScannedImage",
    "Source",
    "Transform",
    "__version__",
    "complete_codestream",
    "convert_color",
    "debug_build",
    "encode_png",
    "encode_rle",
    "environment_max_bytes",
    "environment_workers",
    "expand_segmented",
    "extrema",
    "find_delimiter",
    "find_pixel_data",
    "histogram",
    "resize",
    "scan_elements",
    "scan_files",
    "tile_positions",
    "with_neutral_colors",
]

__version__: str
debug_build: bool

@final
class ScannedImage:
    """The description of an image as a file has it, not yet checked. Compares and hashes by value."""

    @property
    def transfer_syntax(self) -> str:
        """Transfer Syntax UID."""
    @property
    def numbers(self) -> list[tuple[int, int]]:
        """Tag and value of each element of VR US (PS3.3 C.7.6.3), in the order of the file."""
    @property
    def photometric_interpretation(self) -> str | None:
        """Photometric Interpretation; None if it is missing."""
    @property
    def number_of_frames(self) -> int | None:
        """Number of Frames; None if it is missing."""
    @property
    def tag(self) -> int:
        """The tag of the pixel data element."""
    @property
    def vr(self) -> str | None:
        """The VR of the pixel data element; None if it is implicit."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Source:
    """Bytes with random access from any thread: a buffer, a file or a file object, or a part of one."""

    @staticmethod
    def from_buffer(buffer: _Buffer) -> Source:
        """Wrap a buffer: without a copy if it is read-only and contiguous, otherwise a copy."""
    @staticmethod
    def open(path: str | os.PathLike[str]) -> Source:
        """Open a file, which is closed when the last `Source` that refers to it is freed."""
    @staticmethod
    def from_file(file: BinaryIO) -> Source:
        """Wrap an object with `tell`, `seek` and `read`.

        One thread at a time uses the object, even if several sources wrap it.
        """
    @property
    def start(self) -> int:
        """The offset of this part in the whole, in bytes."""
    @property
    def length(self) -> int:
        """The length of this part in bytes."""
    @property
    def is_in_memory(self) -> bool:
        """Whether the bytes are in memory, so that nothing has to be read."""
    @property
    def is_file_object(self) -> bool:
        """Whether `from_file` made this source."""
    def fileno(self) -> int:
        """Return the descriptor of a file; raise `OSError` for any other source. Not available on Windows."""
    def part(self, start: int, length: int) -> Source:
        """Return the `length` bytes at `start`, or fewer at the end."""
    def deflate_stream(self, offset: int) -> Source:
        """Return the inflated bytes of the deflate stream (PS3.5 A.5) from `offset` to the end.

        The stream is inflated only as far as it is read, so that its length is not known: `length` is an upper bound,
        computed from the number of compressed bytes.
        """
    @property
    def is_deflated(self) -> bool:
        """Whether `deflate_stream` made this source, or the source that it is a part of."""
    def inflate_prefix(self, limit: int) -> Source:
        """Return the first `limit` bytes, or fewer at the end, in memory."""
    def read(self, offset: int, count: int) -> bytes | memoryview:
        """Return `count` bytes at `offset`, or fewer at the end; a view if the source is in memory."""

@final
class Image:
    """A checked description of an image (PS3.3 C.7.6.3). Compares and hashes by value."""

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
        """Check the values against the standard and against each other."""
    @property
    def dtype(self) -> str:
        """NumPy's name for the type of a stored value."""
    @property
    def frame_shape(self) -> list[int]:
        """``[rows, columns]`` or ``[rows, columns, samples]``."""
    @property
    def rows(self) -> int:
        """Rows."""
    @property
    def columns(self) -> int:
        """Columns."""
    @property
    def samples_per_pixel(self) -> int:
        """Samples per Pixel: 1 or 3."""
    @property
    def number_of_frames(self) -> int:
        """Number of Frames."""
    @property
    def bits_allocated(self) -> int:
        """Bits Allocated."""
    @property
    def bits_stored(self) -> int:
        """Bits Stored; Bits Allocated for the float elements."""
    @property
    def pixel_representation(self) -> int:
        """Pixel Representation as declared; 0 for the float elements."""
    @property
    def planar_configuration(self) -> int:
        """Planar Configuration; 0 for one sample per pixel."""
    @property
    def photometric_interpretation(self) -> str:
        """Photometric Interpretation."""
    @property
    def warning(self) -> str | None:
        """A deviation from the standard that does not change the samples."""
    def check_result(self, frames: int) -> int:
        """Return the size in bytes of a result of `frames` frames, which must be addressable."""
    def check_codestream(self, codestream: _Buffer, frame: int, family: str) -> Codestream:
        """Return the header of frame number `frame`, checked against the description.

        `family`: that of the transfer syntax, named as in `Codestream.family`.
        """
    def reduced(self, header: Codestream, reduce: int) -> Image:
        """Return the description at a lower resolution: without `reduce` resolution levels of the codestream."""
    def count_native_frames(self, found: int) -> int:
        """Return the number of whole frames in `found` bytes in native form, which must hold Number of Frames."""
    def check_subsampled(self, found: int) -> None:
        """Refuse a native value in ``YBR_FULL_422`` whose length is that of full-size chrominance."""
    def native_frame_range(self, index: int) -> tuple[int, int]:
        """Return the start and the end of a frame in native form, in bits."""

@final
class Codestream:
    """The header of a codestream (ISO/IEC 10918-1 B.2, 14495-1 C.2, 15444-1 A, 18181-1 D).

    Properties of another family are False or None.
    """

    @staticmethod
    def read(frame: _Buffer) -> Codestream | None:
        """Read the header of `frame`; return None if it has none."""
    @property
    def unsupported(self) -> str | None:
        """What keeps dicomet from decoding the codestream, such as arithmetic coding; None if nothing is known."""
    @property
    def family(self) -> _Family:
        """The standard that the codestream follows."""
    @property
    def precision(self) -> int:
        """Bits per sample."""
    @property
    def signed(self) -> bool:
        """JPEG 2000: whether the samples are signed."""
    @property
    def component_ids(self) -> list[int]:
        """Component identifiers; 0, 1, 2, ... for JPEG 2000 and JPEG XL, which have none."""
    @property
    def sampling(self) -> list[tuple[int, int]]:
        """Sampling factors H and V of the components; XRsiz and YRsiz for JPEG 2000."""
    @property
    def is_subsampled(self) -> bool:
        """Whether a component has fewer samples than another."""
    @property
    def lossless(self) -> bool:
        """JPEG: whether the process is the lossless one (SOF3)."""
    @property
    def jfif(self) -> bool:
        """JPEG and JPEG-LS: whether there is a JFIF marker segment."""
    @property
    def adobe_transform(self) -> int | None:
        """JPEG and JPEG-LS: the transform of the Adobe marker segment; None without a complete one."""
    @property
    def hp_transform(self) -> int | None:
        """JPEG-LS: the color transform of the HP marker segment; None without one."""
    @property
    def near(self) -> int:
        """JPEG-LS: the largest difference from the original that the first scan allows; 0 for lossless."""
    @property
    def interleave(self) -> int:
        """JPEG-LS: the interleave mode of the first scan: 0 none, 1 line, 2 sample."""
    @property
    def component_transform(self) -> bool:
        """JPEG 2000: whether a multiple component transform is used."""
    @property
    def color_space(self) -> int | None:
        """JPEG 2000: the enumerated color space of the boxes (ISO/IEC 15444-1 table I.10); None without one."""
    @property
    def color_transform(self) -> Literal["XYB", "YCbCr"] | None:
        """JPEG XL: the transform of the components; None without one."""
    @property
    def discardable_levels(self) -> int:
        """JPEG 2000: the number of resolution levels that can be discarded; 0 for other families."""
    @property
    def recompressed(self) -> bool:
        """JPEG XL: whether the samples are those of the JPEG codestream from which the codestream was made."""

@final
class Decoder:
    """The steps from the bytes of a frame to the samples of the result."""

    @staticmethod
    def native(
        image: Image,
        *,
        big_endian: bool,
        ow_swapped: bool,
        correct_unused_bits: bool,
        conversion: _Conversion | None,
    ) -> Decoder:
        """Return a decoder of native and RLE frames. `ow_swapped`: 8-bit samples are stored as big-endian words."""
    def with_output(self, *, big_endian: bool, planar: bool, arithmetic: _Arithmetic, strict: bool) -> Decoder:
        """Return the same decoder with another output format: byte order, planes (RLE frames only), rounding.

        `strict`: refuse RLE frames with anything but padding after the samples of a segment, and JPEG-LS frames with
        anything between the samples of a scan and the next marker.
        """
    def with_jpeg_2000_options(self, *, reduce: int, on_truncation: _OnTruncation) -> Decoder:
        """Return the same decoder with options for JPEG 2000. Its image has the size after `reduce`."""
    def with_transform(self, transform: Transform | None) -> Decoder:
        """Return the same decoder with `transform`, if there is one, applied to the decoded samples."""
    @staticmethod
    def for_codec_output(
        image: Image,
        *,
        bits_allocated: int,
        planar: bool,
        significant_bits: int | None,
        conversion: _Conversion | None,
        color_bits: int,
        signed: bool,
    ) -> Decoder:
        """Return a decoder of the samples of a codestream: words of `bits_allocated` bits in native byte order.

        The words are those of dicomet's decoders, or of a plugin. `significant_bits`: the bits above are corrected.
        `color_bits`: bits of the samples that `conversion` converts. `signed`: words narrower than those of the result
        are sign-extended, not zero-extended.
        """
    @property
    def is_passthrough(self) -> bool:
        """Whether the stored bytes of native frames are the result already (passthrough)."""
    def native_frames(self, source: Source, first_frame: int, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` with native frames of the value `source`, starting at frame `first_frame`."""
    def decode_codec_output(self, frame: _Buffer, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` with one frame that a plugin has decoded to words."""
    def decode_frames(
        self,
        source: Source,
        frames: FrameIndex,
        first: int,
        out: _Buffer,
        *,
        codec: str | Codestream,
        number: int,
        workers: int | None,
    ) -> tuple[int, list[str], str | None]:
        """Fill `out` with encapsulated frames, starting at entry `first` of `frames`.

        `codec`: ``"uncompressed"``, ``"RLE Lossless"``, ``"deflated"``, or for codestreams the header for which this
        decoder was built. `number`: the number of the first frame in the image, for messages. Return the number of
        decoded frames, which ends before the first frame with another header, warnings, and what keeps dicomet from
        decoding the next frame if another decoder may.
        """

@final
class Lut:
    """A Modality or VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1)."""

    def __new__(cls, first: int, entries: _Buffer, *, bits: int) -> Lut:
        """Build a table for inputs starting at `first`. `entries`: 16-bit native words with `bits` significant bits."""
    @property
    def max_entry(self) -> int:
        """The largest entry that the number of bits allows."""

@final
class Palette:
    """A Palette Color Lookup Table (PS3.3 C.7.9)."""

    def __new__(cls, first: int, red: _Buffer, green: _Buffer, blue: _Buffer, *, bits: int) -> Palette:
        """Build a palette for stored values starting at `first`.

        The entries are 16-bit native words with `bits` (8 or 16) significant bits.
        """

def expand_segmented(segments: _Buffer, *, wide: bool, count: int) -> list[int]:
    """Return the `count` entries that segmented data (PS3.3 C.7.9.2) in 16-bit native words describes.

    `wide`: the entries are stored in 16 bits, not in 8.
    """

@final
class Transform:
    """The steps from stored values to modality or display values (PS3.4 N.2)."""

    def __new__(
        cls,
        image: Image,
        *,
        bits: int,
        pixels: int,
        modality: tuple[float, float] | Lut | None,
        voi: tuple[float, float, Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]] | Lut | None,
        palette: Palette | None,
        inverse: bool,
        range: tuple[float, float],  # noqa: A002 - as in the public function
        dtype: _Sample,
    ) -> Transform:
        """Build a transform for stored values of `image`.

        The result has modality values if `voi` and `palette` are None, gray values with `voi` only, and colors with
        `palette` only; with both, stored values at or above the first value of the palette become colors, and those
        below it gray. `pixels`: approximate number of pixels, which decides whether a lookup table pays off. `bits`:
        significant bits per sample; the bits above are 0 or copies of the sign. `modality`: slope and intercept, or a
        table. `voi`: center, width and function, or a table. `range`: the output values of black and of white.
        """
    def apply(self, stored: _Buffer, out: _Buffer, *, workers: int | None) -> None:
        """Fill `out` from decoded samples in native byte order."""

def extrema(words: _Buffer, *, dtype: _Sample, excluded: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the minimum and the maximum of the finite words outside of the range `excluded`; None without such words.

    The words are in native byte order; the ends of `excluded` are values of `dtype`.
    """

def histogram(words: _Buffer, *, wide: bool) -> bytes:
    """Return the number of occurrences of each 8-bit word, or 16-bit word if `wide`, as 64-bit native words.

    Words are counted by their bits: negative values come after the others.
    """

@final
class EncapsulatedPixelData:
    """The structure of encapsulated pixel data: offset tables and fragments (PS3.5 A.4)."""

    def __new__(
        cls,
        source: Source,
        *,
        delimited: bool,
        frames: int,
        codestreams: bool,
        extended: tuple[_Buffer, _Buffer] | None,
    ) -> EncapsulatedPixelData:
        """Read the Basic Offset Table. `codestreams`: frames are codestreams of any family, which end with a marker."""
    def build_frame_index(self) -> FrameIndex:
        """Find the fragments of every frame."""
    def find_frame(self, index: int) -> FrameIndex | None:
        """Return an index of one frame; None if no offset table gives its place reliably."""

@final
class FrameIndex:
    """The fragments of each frame."""

    @staticmethod
    def single(length: int) -> FrameIndex:
        """Return the index of a source of `length` bytes that is one frame."""
    def __len__(self) -> int:
        """Return the number of frames."""
    def read(self, source: Source, index: int) -> bytes | memoryview:
        """Return the bytes of a frame; a view if it is a single fragment in memory."""
    def read_header(self, source: Source, index: int, image: Image, *, number: int, family: str) -> Codestream:
        """Return what `Image.check_codestream` returns for the frame, which is frame `number` of the image.

        Of a long frame only the beginning is read, if it contains the header.
        """
    def fragments(self, index: int, first: int, count: int) -> list[tuple[int, int]]:
        """Return the offset and the length of at most `count` fragments of a frame, starting at fragment `first`."""
    @property
    def end(self) -> int:
        """The offset of the end of the last fragment."""
    def check_bounds(self, image: Image, first: int, count: int, *, codec: str, number: int) -> None:
        """Check that `count` frames, starting at entry `first`, are long enough to hold frames of `image`.

        `codec`: ``"uncompressed"``, ``"RLE Lossless"`` or ``"deflated"``. `number` is the number of the first of them
        in the image, for messages.
        """
    def raise_defect(self) -> None:
        """Raise if the structure after these frames is malformed."""
    @property
    def warnings(self) -> list[str]:
        """Deviations that were tolerated."""

@final
class DecodePool:
    """Threads that read and decode ahead, one job after the other, without the GIL."""

    def __new__(cls, *, workers: int | None) -> DecodePool:
        """Start the threads."""
    @property
    def workers(self) -> int:
        """The number of threads."""
    def open(self, path: str | os.PathLike[str]) -> DecodeFuture:
        """Submit `Source.open`."""
    def native_frames(self, decoder: Decoder, source: Source, first_frame: int, out: _Buffer) -> DecodeFuture:
        """Submit `Decoder.native_frames`."""
    def decode_frames(
        self,
        decoder: Decoder,
        source: Source,
        frames: FrameIndex,
        first: int,
        out: _Buffer,
        *,
        codec: str | Codestream,
        number: int,
    ) -> DecodeFuture:
        """Submit `Decoder.decode_frames`."""
    def close(self) -> None:
        """Stop the threads and discard the jobs that have not started."""

@final
class DecodeFuture:
    """The result of a job of a `DecodePool`."""

    def result(self) -> Any:
        """Wait for the job and return its result: a `Source`, or what `Decoder.decode_frames` returns.

        May be called once only.
        """

def convert_color(
    src: _Buffer, out: _Buffer, *, conversion: _Conversion, arithmetic: _Arithmetic, plane_bytes: int | None
) -> None:
    """Convert the 8-bit pixels of `src` and write them to `out`.

    The samples of a pixel are side by side, or in planes of `plane_bytes` bytes.
    """

def complete_codestream(codestream: _Buffer, frame: int, family: str) -> tuple[bytes | None, list[str]]:
    """Check that the codestream of frame number `frame` holds all its samples, as far as this shows without a plugin.

    `family` is as for `Image.check_codestream`. Return the codestream with an end marker added if it has none
    (otherwise None), and warnings.
    """

def find_delimiter(source: Source, *, tag: int, vr: str | None, value: int, big_endian: bool) -> int | None:
    """Return the offset of the Sequence Delimitation Item (PS3.5 7.5) that ends a value of undefined length.

    The value starts at offset `value`. `vr` is None in implicit VR. Return None if anything in the value is malformed
    or unusual.
    """

def find_pixel_data(
    source: Source,
    *,
    start: Literal["file", "forced", "data set"],
    transfer_syntax: str | None,
    display: bool = False,
) -> tuple[ScannedImage, int, int | None, tuple[tuple[int, bytes], ...]] | int | None:
    """Scan `source` for the pixel data element (PS3.5 7).

    `start`: a ``"file"`` must have a preamble and File Meta Information; a ``"forced"`` file may lack them, as with
    pydicom's ``force``; a ``"data set"`` has neither. `transfer_syntax` overrides that of the file, and is required for
    a data set. `display`: scan the elements that determine display values, too.

    Return the description of the image, the offset of the pixel data element's value, its length (None if it is
    undefined), and for `display` the tags and values of elements, with numbers in little endian. For a deflated file,
    return the offset of its data set instead. Return None if anything that was scanned is malformed or unusual: such a
    file needs pydicom's parser.
    """

def scan_elements(
    source: Source, *, tags: list[int]
) -> tuple[str, bool, tuple[tuple[int, str | None, bytes], ...]] | None:
    """Scan a file for the elements `tags` at the top level of its data set, before its pixel data.

    Return the Transfer Syntax UID, whether there is pixel data, and the tag, VR (None if it is implicit) and value of
    each element that was found; the value of a sequence is empty. Return None if anything that was scanned is malformed
    or unusual, or if the data set is deflated: such a file needs pydicom's parser.
    """

def scan_files(
    paths: list[str], *, tags: list[int], workers: int | None
) -> list[tuple[str, bool, tuple[tuple[int, str | None, bytes], ...]] | Exception | None]:
    """Return what `scan_elements` returns for each file, or the exception for one that cannot be read."""

def tile_positions(
    source: Source, *, value: int, length: int | None, implicit: bool, big_endian: bool
) -> tuple[bytes, bytes, bytes, bytes, list[bytes]] | None:
    """Return the positions of the frames of a tiled image from its Per-Frame Functional Groups Sequence.

    The value of the sequence starts at offset `value`, and its `length` is None if it is undefined. Return, as words in
    native byte order with one word for each frame, row and column position (int32; the least number if it is missing),
    Z offset (float64; NaN if it is missing) and the index of the Optical Path Identifier (uint32; the largest number if
    it is missing); and the identifiers, in ASCII. Return None if anything is malformed or unusual: such a sequence
    needs pydicom's parser.
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
    """Encode one frame as RLE Lossless (PS3.5 G), with each row as short as PackBits allows.

    The samples of a pixel lie side by side in `src` (Planar Configuration 0). A sample has `sample_bytes` bytes in the
    byte order that `big_endian` gives. A pixel has at most 15 bytes.
    """

def encode_png(samples: _Buffer, *, width: int, height: int, channels: int, bits: int) -> bytes:
    """Encode one image as a PNG file, gray (one channel) or RGB (three), of 8 or 16 `bits` per sample.

    The samples of a pixel lie side by side in `samples`, in native byte order.
    """

def environment_max_bytes() -> str | None:
    """Return the unchecked text of ``DICOMET_MAX_BYTES``; None if it is not set."""

def environment_workers() -> int | None:
    """Return the number of threads in ``DICOMET_WORKERS``; None if it is not set, or not a number of at least 1."""

def resize(
    src: _Buffer,
    out: _Buffer,
    *,
    src_size: tuple[int, int],
    out_size: tuple[int, int],
    channels: int,
    dtype: str,
    filter: Literal["nearest", "bilinear", "bicubic", "lanczos"],  # noqa: A002
) -> None:
    """Resize the image `src` into `out`, with antialiasing. Sizes are ``(rows, columns)``.

    `channels`: 1 or 3 samples side by side. `dtype`: ``"uint8"``, ``"uint16"`` or ``"float32"``. `filter`: as in
    Pillow, ``"nearest"``, ``"bilinear"``, ``"bicubic"`` or ``"lanczos"``.
    """

def with_neutral_colors(frame: _Buffer) -> bytes:
    """Return the codestream without the markers or boxes that make a decoder convert colors.

    The components stay unchanged. JPEG: the JFIF and Adobe marker segments are replaced by an Adobe marker segment for
    "no transform"; JPEG-LS: both are removed; JPEG 2000: the boxes are removed.
    """
