"""The entropy coding of JPEG-LS (ISO/IEC 14495-1 Annex A and B), sample by sample from the text.

It writes what no encoder writes: restart intervals, other parameters, and any interleaving.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

RUN_ORDERS = (*[0] * 4, *[1] * 4, *[2] * 4, *[3] * 4, 4, 4, 5, 5, 6, 6, 7, 7, *range(8, 16))
"""J (A.7.1.1)."""


@dataclass(frozen=True)
class Parameters:
    """The coding parameters of a scan (C.2.4.1.1)."""

    maxval: int
    near: int = 0
    thresholds: tuple[int, int, int] = (0, 0, 0)
    """T1, T2 and T3; all zero for the defaults."""
    reset: int = 64

    def complete(self) -> "Parameters":
        """With thresholds."""
        if any(self.thresholds):
            return self
        return Parameters(self.maxval, self.near, default_thresholds(self.maxval, self.near), self.reset)


def default_thresholds(maxval: int, near: int) -> tuple[int, int, int]:
    """T1, T2 and T3 (C.2.4.1.1.1)."""
    return thresholds((0, 0, 0), maxval, near)


def thresholds(given: tuple[int, int, int], maxval: int, near: int) -> tuple[int, int, int]:
    """T1, T2 and T3, with defaults in place of zeros."""
    if maxval >= 128:
        factor = (min(maxval, 4095) + 128) // 256
        defaults = factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near
    else:
        factor = 256 // (maxval + 1)
        defaults = max(2, 3 // factor + 3 * near), max(3, 7 // factor + 5 * near), max(4, 21 // factor + 7 * near)
    found, least = [], near + 1
    for number, default in zip(given, defaults, strict=True):
        least = number or (default if least <= default <= maxval else least)
        found.append(least)
    return tuple(found)


class Coder:
    """An entropy-coded segment: that of a scan, or of a restart interval."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters.complete()
        maxval, near = parameters.maxval, parameters.near
        self.range = (maxval + 2 * near) // (2 * near + 1) + 1
        self.error_bits = (self.range - 1).bit_length()
        t1, t2, t3 = self.parameters.thresholds
        self.bounds = [-t3, -t2, -t1, -near - 1, near, t1 - 1, t2 - 1, t3 - 1]
        bits = max(2, maxval.bit_length())
        self.limit = 2 * (bits + max(8, bits))
        self.a = [max(2, (self.range + 32) // 64)] * 367
        self.b, self.c, self.n, self.negative = [0] * 365, [0] * 365, [1] * 367, [0] * 367
        self.bits: list[str] = []

    def stuffed(self) -> bytes:
        """The bytes: after one that is FF, the next has seven bits (A.1)."""
        bits, found, at = "".join(self.bits), bytearray(), 0
        while at < len(bits) or found[-1:] == b"\xff":
            size = 7 if found[-1:] == b"\xff" else 8
            found.append(int(bits[at : at + size].ljust(size, "0"), 2))
            at += size
        return bytes(found)

    def is_flat(self, a: int, b: int, c: int, d: int) -> bool:
        """Whether the run mode begins (A.3.2)."""
        near = self.parameters.near
        return abs(d - b) <= near and abs(b - c) <= near and abs(c - a) <= near

    def regular(self, sample: int, a: int, b: int, c: int, d: int) -> int:
        """Write a sample, and return the one that a decoder has (A.4 to A.6)."""
        q, sign, prediction = self.context(a, b, c, d)
        decoded, error = self._reconstruct(sample, prediction, sign)
        k = self._order(q, self.a[q])
        if self.parameters.near == 0 and k == 0 and 2 * self.b[q] <= -self.n[q]:
            mapped = 2 * error + 1 if error >= 0 else -2 * (error + 1)
        else:
            mapped = 2 * error if error >= 0 else -2 * error - 1
        self._golomb(mapped, k, self.limit)
        self._update(q, error)
        return decoded

    def context(self, a: int, b: int, c: int, d: int) -> tuple[int, int, int]:
        """The context of a sample, its sign, and the corrected prediction (A.3.3 to A.4.2)."""
        bounds = self.bounds
        # A.3.3: from -4 to 4.
        q = (
            81 * bisect_left(bounds, d - b)
            + 9 * bisect_left(bounds, b - c)
            + bisect_left(bounds, c - a)
            - 4 * (81 + 9 + 1)
        )
        sign = -1 if q < 0 else 1
        q = abs(q)
        low, high = (a, b) if a < b else (b, a)
        prediction = low if c >= high else high if c <= low else a + b - c
        return q, sign, min(max(prediction + sign * self.c[q], 0), self.parameters.maxval)

    def run(self, length: int, index: int, *, ends_line: bool) -> tuple[int, int]:
        """Write the length of a run; return RUNindex, and J before its last change (A.7.1.2)."""
        while length >= 1 << RUN_ORDERS[index]:
            self.bits.append("1")
            length -= 1 << RUN_ORDERS[index]
            index = min(index + 1, 31)
        order = RUN_ORDERS[index]
        if ends_line:
            self.bits.append("1" if length else "")
            return index, order
        self._put(length, order + 1)
        return max(index - 1, 0), order

    def interruption(self, sample: int, a: int, b: int, order: int, *, typed: bool) -> int:
        """Write the sample after a run, and return the one that a decoder has (A.7.2)."""
        kind = int(typed and abs(a - b) <= self.parameters.near)
        sign = -1 if kind == 0 and a > b else 1
        decoded, error = self._reconstruct(sample, a if kind else b, sign)
        q = 365 + kind
        k = self._order(q, self.a[q] + (self.n[q] >> 1 if kind else 0))
        mostly_negative = 2 * self.negative[q] >= self.n[q]
        mapped = 2 * abs(error) - kind
        mapped -= (error > 0 and k == 0 and not mostly_negative) or (error < 0 and (k != 0 or mostly_negative))
        self._golomb(mapped, k, self.limit - order - 1)
        self.negative[q] += error < 0
        self.a[q] += (mapped + 1 - kind) >> 1
        if self.n[q] == self.parameters.reset:
            self.a[q], self.n[q], self.negative[q] = self.a[q] >> 1, self.n[q] >> 1, self.negative[q] >> 1
        self.n[q] += 1
        return decoded

    def _reconstruct(self, sample: int, prediction: int, sign: int) -> tuple[int, int]:
        """The decoded sample and the reduced error (A.4.4 and A.4.5)."""
        near, error = self.parameters.near, sign * (sample - prediction)
        error = (error + near) // (2 * near + 1) if error > 0 else -((near - error) // (2 * near + 1))
        decoded = min(max(prediction + sign * error * (2 * near + 1), 0), self.parameters.maxval)
        error += self.range if error < 0 else 0
        return decoded, error - (self.range if error >= (self.range + 1) // 2 else 0)

    def _order(self, q: int, size: int) -> int:
        count, k = self.n[q], 0
        while count << k < size:
            k += 1
        return k

    def _golomb(self, value: int, k: int, limit: int) -> None:
        zeros = limit - self.error_bits - 1
        if value >> k < zeros:
            self.bits.append("0" * (value >> k) + "1")
            self._put(value & ((1 << k) - 1), k)
        else:
            self.bits.append("0" * zeros + "1")
            self._put(value - 1, self.error_bits)

    def _put(self, value: int, width: int) -> None:
        if width:
            self.bits.append(f"{value:0{width}b}")

    def _update(self, q: int, error: int) -> None:
        self.b[q] += error * (2 * self.parameters.near + 1)
        self.a[q] += abs(error)
        if self.n[q] == self.parameters.reset:
            self.a[q], self.n[q] = self.a[q] >> 1, self.n[q] >> 1
            self.b[q] = self.b[q] >> 1 if self.b[q] >= 0 else -((1 - self.b[q]) >> 1)
        self.n[q] += 1
        if self.b[q] <= -self.n[q]:
            self.b[q] = max(self.b[q] + self.n[q], 1 - self.n[q])
            self.c[q] = max(self.c[q] - 1, -128)
        elif self.b[q] > 0:
            self.b[q] = min(self.b[q] - self.n[q], 0)
            self.c[q] = min(self.c[q] + 1, 127)


def intervals(
    planes: np.ndarray, parameters: Parameters, rows: int, *, by_pixel: bool
) -> tuple[list[bytes], np.ndarray]:
    """Entropy-coded segments of `rows` rows each, and the decoded samples.

    `planes` has the shape (components, rows, columns), and its components are interleaved by line, or by pixel.
    """
    decoded, found = np.empty_like(planes), []
    for first in range(0, planes.shape[1], rows):
        coder = Coder(parameters)
        width = planes.shape[2]
        # The decoded lines above and at the current one, each with a sample before and one after it.
        lines = [([0] * (width + 2), [0] * (width + 2)) for _ in planes]
        indices = [0] * len(planes)
        for row in range(first, min(first + rows, planes.shape[1])):
            for number, (_, above) in enumerate(lines):
                above[-1] = above[-2]
                lines[number] = above, [above[1], *[0] * (width + 1)]
            samples = planes[:, row].tolist()
            if by_pixel:
                indices[0] = _line(coder, samples, lines, indices[0], typed=False)
            else:
                for number, line in enumerate(lines):
                    indices[number] = _line(coder, samples[number : number + 1], [line], indices[number], typed=True)
            decoded[:, row] = [current[1:-1] for _, current in lines]
        found.append(coder.stuffed())
    return found, decoded


def _line(coder: Coder, samples: list[list[int]], lines: list, index: int, *, typed: bool) -> int:
    """Write a line of all the components at once (A.8, B.3); return RUNindex."""
    width, near, x = len(samples[0]), coder.parameters.near, 1
    while x <= width:
        around = [(current[x - 1], above[x], above[x - 1], above[x + 1]) for above, current in lines]
        if not all(coder.is_flat(*neighbors) for neighbors in around):
            for component, (neighbors, (_, current)) in enumerate(zip(around, lines, strict=True)):
                current[x] = coder.regular(samples[component][x - 1], *neighbors)
            x += 1
            continue
        start, values = x, [neighbors[0] for neighbors in around]
        while x <= width and all(abs(row[x - 1] - value) <= near for row, value in zip(samples, values, strict=True)):
            x += 1
        for (_, current), value in zip(lines, values, strict=True):
            current[start:x] = [value] * (x - start)
        index, order = coder.run(x - start, index, ends_line=x > width)
        if x <= width:
            for component, (above, current) in enumerate(lines):
                sample = samples[component][x - 1]
                current[x] = coder.interruption(sample, values[component], above[x], order, typed=typed)
            x += 1
    return index
