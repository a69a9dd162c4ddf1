"""Entropy-coded data of JPEG-LS (ISO/IEC 14495-1 Annex A), read sample by sample: an oracle of mutated frames.

Unlike CharLS, it refuses data that ends before its last sample, and codes that no encoder writes.
"""

import re
from typing import NamedTuple

import numpy as np
from jpeg_ls_coder import RUN_ORDERS, Coder, Parameters

DATA_END = re.compile(rb"\xff(?=[\x80-\xff])|\xff\Z")
"""FF, after which no stuffed bit follows."""


def next_marker(data: bytes, at: int) -> int | None:
    """The offset of the code of the first marker at or after a place, past stuffed bits; None if there is none."""
    while (at := data.find(b"\xff", at)) >= 0:
        code = len(data) - len(data[at:].lstrip(b"\xff"))
        if code < len(data) and data[code] >= 0x80:
            return code
        at += 2
    return None


class RefusedError(Exception):
    """The codestream does not have the samples, or is none."""


class Bits:
    """The bits from a place to the next marker, without stuffed ones (A.1)."""

    def __init__(self, data: bytes, start: int) -> None:
        found = DATA_END.search(data, start)
        self.end = len(data) if found is None else found.start()
        self.code = next_marker(data, self.end)
        content = data[start : self.end]
        self.text = "".join(
            f"{byte:07b}" if before == 0xFF else f"{byte:08b}"
            for before, byte in zip(b"\0" + content, content, strict=False)
        )
        self.place = 0

    def take(self, count: int) -> int:
        """The next bits as a number."""
        end = self.place + count
        if end > len(self.text):
            raise RefusedError("the data ends early")
        value = int(self.text[self.place : end] or "0", 2)
        self.place = end
        return value

    def zeros(self, most: int) -> int:
        """The number of zeros before the next one, which is read, too."""
        found = self.text.find("1", self.place, self.place + most + 1)
        if found < 0:
            ends = self.place + most + 1 > len(self.text)
            raise RefusedError("the data ends early" if ends else "no code")
        count, self.place = found - self.place, found + 1
        return count


class Reader(Coder):
    """The samples of a restart interval."""

    def __init__(self, parameters: Parameters, bits: Bits) -> None:
        super().__init__(parameters)
        self.read = bits
        self.most, self.is_lossless = (self.range - 1) // 2, parameters.near == 0
        self.step = 2 * parameters.near + 1

    def sample(self, a: int, b: int, c: int, d: int) -> int:
        """Read a sample of the regular mode (A.4 to A.6)."""
        q, sign, prediction = self.context(a, b, c, d)
        k = self._order(q, self.a[q])
        mapped = self._mapped(k, self.limit)
        magnitude = mapped >> 1
        if magnitude > self.most:
            raise RefusedError("no code: an error out of RANGE")
        is_inverse = k == 0 and self.is_lossless and 2 * self.b[q] <= -self.n[q]
        error = -magnitude - 1 if mapped & 1 != is_inverse else magnitude
        self._update(q, error)
        return self._decoded(prediction, sign * error)

    def length(self, left: int, index: int) -> tuple[int, int, int]:
        """Read the length of a run; return it, RUNindex, and J before its last change (A.7.1.2)."""
        length = 0
        while self.read.take(1):
            length += 1 << RUN_ORDERS[index]
            if length <= left:
                index = min(index + 1, 31)
            if length >= left:
                return left, index, 0
        order = RUN_ORDERS[index]
        length += self.read.take(order)
        if length >= left:
            raise RefusedError("a run that passes the end of its line")
        return length, max(index - 1, 0), order

    def interrupting(self, a: int, b: int, order: int, *, typed: bool) -> int:
        """Read the sample after a run (A.7.2)."""
        kind = int(typed and abs(a - b) <= self.parameters.near)
        q = 365 + kind
        k = self._order(q, self.a[q] + (self.n[q] >> 1 if kind else 0))
        mapped = self._mapped(k, self.limit - order - 1)
        if mapped > self.range:
            raise RefusedError("no code: an error out of RANGE")
        magnitude = (mapped + kind + 1) >> 1
        mostly_negative = 2 * self.negative[q] >= self.n[q]
        error = -magnitude if ((mapped + kind) % 2 == 1) == (k != 0 or mostly_negative) else magnitude
        self.negative[q] += error < 0
        self.a[q] += (mapped + 1 - kind) >> 1
        if self.n[q] == self.parameters.reset:
            self.a[q], self.n[q], self.negative[q] = self.a[q] >> 1, self.n[q] >> 1, self.negative[q] >> 1
        self.n[q] += 1
        sign = -1 if kind == 0 and a > b else 1
        return self._decoded(a if kind else b, sign * error)

    def _mapped(self, k: int, limit: int) -> int:
        """A mapped error (A.5.3)."""
        most, read = limit - self.error_bits - 1, self.read
        zeros = read.zeros(most)
        if zeros < most:
            return (zeros << k) + read.take(k) if k else zeros
        return read.take(self.error_bits) + 1

    def _decoded(self, prediction: int, error: int) -> int:
        """The sample (A.4.4, A.4.5)."""
        maxval = self.parameters.maxval
        value = prediction + error * self.step
        if 0 <= value <= maxval:
            return value
        near = self.parameters.near
        if value < -near:
            value += self.range * self.step
        elif value > maxval + near:
            value -= self.range * self.step
        return min(max(value, 0), maxval)


class Interleaved(NamedTuple):
    """How the samples of a scan follow each other."""

    components: int
    rows: int
    columns: int
    interval: int
    """Rows between restart markers; 0 for none."""
    by_sample: bool


def read_scan(data: bytes, start: int, parameters: Parameters, form: Interleaved) -> tuple[np.ndarray, int]:
    """Read the samples of a scan whose data begins at `start`; return the offset of the marker after it, too."""
    values = np.zeros((form.components, form.rows, form.columns), np.int64)
    bits, passed = Bits(data, start), 0
    reader = Reader(parameters, bits)
    lines, indices = _first_lines(form), [0] * form.components
    for row in range(form.rows):
        if row and form.interval and row % form.interval == 0:
            if bits.code is None or data[bits.code] != 0xD0 + passed:
                raise RefusedError("a restart marker is missing")
            bits, passed = Bits(data, bits.code + 1), (passed + 1) % 8
            reader, lines, indices = Reader(parameters, bits), _first_lines(form), [0] * form.components
        for number, (_, above) in enumerate(lines):
            above[-1] = above[-2]
            lines[number] = above, [above[1], *[0] * (form.columns + 1)]
        if form.by_sample:
            indices[0] = _read_line(reader, lines, indices[0], typed=False)
        else:
            for number, line in enumerate(lines):
                indices[number] = _read_line(reader, [line], indices[number], typed=True)
        values[:, row] = [current[1:-1] for _, current in lines]
    if bits.code is None or data[bits.code] not in range(0xD0, 0xD8):
        return values, len(data) if bits.code is None else bits.code - 1
    if not form.interval or data[bits.code] != 0xD0 + passed:
        raise RefusedError("a restart marker in place of the end")
    return values, bits.code + 1


def _first_lines(form: Interleaved) -> list[tuple[list[int], list[int]]]:
    """The lines above and at the current one, each with a sample before and one after it."""
    return [([0] * (form.columns + 2), [0] * (form.columns + 2)) for _ in range(form.components)]


def _read_line(reader: Reader, lines: list[tuple[list[int], list[int]]], index: int, *, typed: bool) -> int:
    """Read a line of all the components at once (A.8, B.3); return RUNindex."""
    width, x = len(lines[0][0]) - 2, 1
    while x <= width:
        x = _read_samples(reader, lines, x)
        if x > width:
            break
        values = [current[x - 1] for _, current in lines]
        length, index, order = reader.length(width - x + 1, index)
        for value, (_, current) in zip(values, lines, strict=True):
            current[x : x + length] = [value] * length
        x += length
        if x <= width:
            for a, (above, current) in zip(values, lines, strict=True):
                current[x] = reader.interrupting(a, above[x], order, typed=typed)
            x += 1
    return index


def _read_samples(reader: Reader, lines: list[tuple[list[int], list[int]]], x: int) -> int:
    """Read samples of the regular mode; return the place of the run that ends them, or the end of the line."""
    width = len(lines[0][0]) - 2
    if len(lines) > 1:
        while x <= width:
            around = [(current[x - 1], above[x], above[x - 1], above[x + 1]) for above, current in lines]
            if all(reader.is_flat(*neighbors) for neighbors in around):
                return x
            for neighbors, (_, current) in zip(around, lines, strict=True):
                current[x] = reader.sample(*neighbors)
            x += 1
        return x
    above, current = lines[0]
    a, b, c, sample, is_flat = current[x - 1], above[x], above[x - 1], reader.sample, reader.is_flat
    for at in range(x, width + 1):
        d = above[at + 1]
        if is_flat(a, b, c, d):
            return at
        current[at] = a = sample(a, b, c, d)
        b, c = d, b
    return width + 1
