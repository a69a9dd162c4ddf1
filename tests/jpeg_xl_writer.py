"""A writer of JPEG XL headers (ISO/IEC 18181-1 D to G), and of an image all of whose samples are 0."""

from collections.abc import Sequence

GRAY, RGB = 1, 0


class Bits:
    """A writer of bits, the lowest first."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def put(self, *fields: tuple[int, int]) -> None:
        """Append pairs of a number and its bits."""
        for number, bits in fields:
            assert 0 <= number < 1 << bits
            self.value |= number << self.count
            self.count += bits

    def choice(self, number: int, *ranges: tuple[int, int]) -> None:
        """Append U32: the first of four pairs, of an offset and bits, with which `number` can be written."""
        for index, (offset, bits) in enumerate(ranges):
            if 0 <= number - offset < 1 << bits:
                self.put((index, 2), (number - offset, bits))
                return
        raise ValueError(number)

    def enumerated(self, number: int) -> None:
        self.choice(number, (0, 0), (1, 0), (2, 4), (18, 6))

    def size(self, length: int) -> None:
        """Append a number of rows or columns."""
        self.choice(length, (1, 9), (1, 13), (1, 18), (1, 30))

    def aligned(self) -> bytes:
        """All bytes; the last one is filled up with zeros."""
        return self.value.to_bytes(-(-self.count // 8), "little")


def image_header(  # noqa: PLR0913 - the fields of the header
    rows: int,
    columns: int,
    *,
    space: int = GRAY,
    bits: int = 8,
    wide: bool = False,
    floating: bool = False,
    channels: int = 0,
    orientation: int = 1,
    preview: bool = False,
    animation: bool = False,
    profile: bytes | None = None,
) -> bytes:
    """The headers before the first frame.

    `wide`: samples may need more than 16 bits while they are decoded. `profile`: an entropy-coded ICC profile in place
    of an enumerated space.
    """
    out = Bits()
    out.put((0x0AFF, 16), (0, 1))
    out.size(rows)
    out.put((0, 3))
    out.size(columns)
    extra = orientation != 1 or preview or animation
    out.put((0, 1), (extra, 1))
    if extra:
        out.put((orientation - 1, 3), (0, 1), (preview, 1))
        if preview:
            # 8 x 8.
            out.put((0, 1), (0, 2), (7, 6), (1, 3))
        out.put((animation, 1))
        if animation:
            out.put((0, 2), (0, 2), (0, 2), (0, 1))
    out.put((floating, 1))
    if floating:
        out.put((0, 2), (7, 4))
    else:
        out.choice(bits, (8, 0), (10, 0), (12, 0), (1, 6))
    out.put((not wide, 1))
    out.choice(channels, (0, 0), (1, 0), (2, 4), (1, 12))
    # Alpha, with all defaults.
    out.put(*[(1, 1)] * channels)
    # Not XYB; not the default color encoding.
    out.put((0, 1), (0, 1), (profile is not None, 1))
    out.enumerated(space)
    if profile is None:
        # D65; primaries and transfer function of sRGB; relative intent.
        out.enumerated(1)
        if space == RGB:
            out.enumerated(1)
        out.put((0, 1))
        out.enumerated(13)
        out.enumerated(1)
    if extra:
        # Tone mapping: all defaults.
        out.put((1, 1))
    # No extensions; default matrices.
    out.put((0, 2), (1, 1))
    if profile is None:
        return out.aligned()
    start = out.count
    out.put((int.from_bytes(profile, "little"), 8 * len(profile)))
    assert out.count == start + 8 * len(profile)
    return out.aligned()


def frame_header(  # noqa: PLR0913 - the fields of the header
    *, kind: int = 0, modular: bool = True, crop: tuple[int, int, int, int] | None = None, last: bool = True,
    group_shift: int = 1, ycbcr: bool = False, splines: bool = False, slot: int = 0,
) -> Bits:  # fmt: skip
    """The header of a frame: `kind` 0 is one of the image, 2 one to which others refer. `crop`: x, y, columns, rows.

    `slot`: where a frame is kept for others.
    """
    out = Bits()
    out.put((0, 1), (kind, 2), (modular, 1))
    # Flags: none, or 16.
    out.put(*[(1, 2), (15, 4)] if splines else [(0, 2)], (ycbcr, 1))
    if ycbcr:
        out.put((0, 6))
    out.put((0, 2))
    if modular:
        out.put((group_shift, 2))
    if kind != 2:
        out.put((0, 2))
    out.put((crop is not None, 1))
    if crop is not None:
        x, y, columns, rows = crop
        for number in ((2 * x, 2 * y) if kind != 2 else ()) + (columns, rows):
            out.choice(number, (0, 8), (256, 11), (2304, 14), (18688, 30))
    if kind == 0:
        out.put((0, 2))
        if crop is not None:
            out.put((0, 2))
        out.put((last, 1))
    if not (kind == 0 and last):
        out.put((slot, 2))
    # Whether it is saved before the color transform, as patches are.
    if kind == 2 or (kind == 0 and not last and crop is None):
        out.put((kind == 2, 1))
    # No name, no filters, no extensions.
    out.put((0, 2), (0, 1), (0, 1), (0, 2), (0, 2), (0, 2))
    return out


def contents(sizes: Sequence[int], header: Bits) -> bytes:
    """A frame header and the table of contents with these sizes of sections."""
    out = Bits()
    out.put((header.value, header.count), (0, 1))
    out.count = -(-out.count // 8) * 8
    for size in sizes:
        out.choice(size, (0, 10), (1024, 14), (17408, 22), (4211712, 30))
    return out.aligned()


def zeros() -> bytes:
    """The only section of a frame of one group: one leaf, and one code without bits, for samples that are all 0."""
    out = Bits()
    # Default dequantization; no global tree; no tree of its own to share; default weights; no transforms.
    out.put((1, 1), (0, 1), (0, 1), (1, 1), (0, 2))
    one_leaf(out)
    return out.aligned()


def one_leaf(out: Bits) -> None:
    # The tree: no LZ77; one cluster for all contexts; a prefix code of one symbol.
    out.put((0, 1), (1, 1), (0, 2), (1, 1), (0, 4), (0, 1))
    # The samples: the same with one context.
    out.put((0, 1), (1, 1), (0, 4), (0, 1))


def black(rows: int, columns: int, *, more: bytes = b"", **fields: object) -> bytes:
    """A codestream of at most one group of 1024 x 1024. `more`: frames before that of the image."""
    section = zeros()
    frame = contents([len(section)], frame_header(group_shift=3)) + section
    return image_header(rows, columns, **fields) + more + frame


# Descriptions that are large for their bytes


def codes(out: Bits, *symbols: int) -> None:
    """One code of two bits for all contexts: of four symbols in ascending order, the lengths of numbers in bits."""
    # No LZ77; one cluster; a prefix code; only the length in a symbol; 32 symbols; a simple code of four.
    out.put((0, 1), (1, 1), (0, 2), (1, 1), (0, 4), (1, 1), (4, 4), (15, 4), (1, 2), (3, 2))
    out.put(*[(symbol, 5) for symbol in symbols], (0, 1))


def long_spline(rows: int, columns: int) -> bytes:
    """A codestream of zeros with a curve of 8 million pixels, nearly all of them beside the image."""
    out, symbols = Bits(), (0, 1, 24, 25)
    codes(out, *symbols)

    def put(number: int) -> None:
        length = number.bit_length()
        out.put(((0, 2, 1, 3)[symbols.index(length)], 2))
        if length > 1:
            out.put((number - (1 << length - 1), length - 1))

    # One curve from (0, 0); no adjustment of quantization; another point; colors; width.
    far = (1 << 23) - 1
    for number in [0, 0, 0, 0, 1, 2 * far, 0, *[0] * 96, 1, *[0] * 31]:
        put(number)
    rest = zeros()
    out.put((int.from_bytes(rest, "little"), 8 * len(rest)))
    section = out.aligned()
    return image_header(rows, columns) + contents([len(section)], frame_header(group_shift=3, splines=True)) + section


def many_palettes(rows: int, columns: int, count: int, **fields: object) -> bytes:
    """A codestream of zeros whose groups of 128 x 128 have this number of palettes, each of the maximum size.

    The image has several groups in one row, and at least 18 palettes in each.
    """
    common, group = Bits(), Bits()
    common.put((1, 1), (0, 1), (0, 1), (1, 1), (0, 2))
    one_leaf(common)
    group.put((0, 1), (1, 1), (3, 2), (count - 18, 8))
    for _ in range(count):
        # A palette for the first channel; 70,911 colors and 66,816 differences; no prediction.
        group.put((1, 2), (0, 2), (0, 3), (0, 2), (3, 2), (65535, 16), (3, 2), (65535, 16), (0, 4))
    one_leaf(group)
    assert rows <= 128
    sections = [common.aligned(), b"", b"", *[group.aligned()] * -(-columns // 128)]
    header = contents([len(section) for section in sections], frame_header(group_shift=0))
    return image_header(rows, columns, **fields) + header + b"".join(sections)


def large_profile(rows: int, columns: int, size: int) -> bytes:
    """A codestream of zeros with a coded ICC profile of this size, all of whose bytes are 0 and take no bits."""
    out = Bits()
    # The size as U64: 12 bits, then groups of 8 after a bit that says so, then 4 bits.
    out.put((3, 2), (size & 0xFFF, 12))
    rest = size >> 12
    while rest:
        out.put((1, 1), (rest & 0xFF, 8))
        rest >>= 8
    out.put((0, 1))
    out.put((0, 1), (1, 1), (0, 2), (1, 1), (0, 4), (0, 1))
    return black(rows, columns, profile=out.aligned())


def kept_frames(rows: int, columns: int, count: int = 3) -> bytes:
    """A codestream of zeros with frames of twice its size, which are kept for later ones."""
    section = zeros()
    headers = [
        frame_header(kind=2, group_shift=3, slot=slot + 1, crop=(0, 0, columns, 2 * rows)) for slot in range(count)
    ]
    return black(rows, columns, more=b"".join(contents([len(section)], header) + section for header in headers))
