"""Streams of other projects, and the counts on docs/conformance.md and docs/robustness.md that the tests determine."""

import sys
from pathlib import Path

import encoders
import files
import numpy as np
import pytest
from data_folder import TEST_DATA
from pydicom.uid import HTJ2K, UID, HTJ2KLossless, JPEGBaseline8Bit

import dicomet
from dicomet._parsing.transfer_syntax import CODECS, TRANSFER_SYNTAXES

DOCS = Path(__file__).resolve().parents[1] / "docs"
CONFORMANCE = TEST_DATA / "conformance"
HTJ2K_STREAMS = sorted(CONFORMANCE.glob("htj2k/*.j??"))
LIBJPEG_STREAMS = [CONFORMANCE / "jpeg" / name for name in ("testorig.jpg", "testimgint.jpg")]
SOC_SIZ = b"\xff\x4f\xff\x51"


def stored(syntax: UID, stream: bytes, shape: tuple[int, ...], bits: int) -> np.ndarray:
    """The samples of a codestream, as they are stored."""
    samples = shape[2] if len(shape) > 2 else 1
    image = encoders.data_set(
        syntax, [stream], shape=shape[:2], allocated=8 if bits <= 8 else 16, stored=bits, signed=False, samples=samples
    )
    image.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if syntax == JPEGBaseline8Bit:
        image.PhotometricInterpretation = "YBR_FULL_422"
    return dicomet.pixel_array(image, raw=True)


@pytest.mark.parametrize("path", HTJ2K_STREAMS, ids=lambda path: path.name)
def test_htj2k_streams_of_two_encoders(path):
    """Reversible samples are those of OpenJPEG, irreversible ones within 1."""
    imagecodecs = pytest.importorskip("imagecodecs")
    data = path.read_bytes()
    stream = data[data.index(SOC_SIZ) :]
    components = [stream[place : place + 3] for place in range(42, 42 + 3 * stream[41], 3)]
    if any(component[1:] != b"\1\1" for component in components):
        pytest.skip("imagecodecs converts subsampled components to RGB")
    expected = imagecodecs.jpeg2k_decode(stream)
    is_reversible = "rev53" in path.name
    found = stored(HTJ2KLossless if is_reversible else HTJ2K, stream, expected.shape, components[0][0] + 1)
    assert found.dtype == expected.dtype
    assert np.abs(found.astype(int) - expected).max() <= (0 if is_reversible else 1)


@pytest.mark.parametrize("path", LIBJPEG_STREAMS, ids=lambda path: path.name)
def test_jpeg_streams_of_libjpeg_turbo(path):
    imagecodecs = pytest.importorskip("imagecodecs")
    if not path.exists():
        pytest.skip(f"{path} does not exist")
    stream = path.read_bytes()
    expected = imagecodecs.jpeg8_decode(stream, outcolorspace="YCBCR")
    assert np.array_equal(stored(JPEGBaseline8Bit, stream, expected.shape, 8), expected)


def row(page: str, name: str) -> list[str]:
    """The cells of the row of a table that begins with this name."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in found.strip("|").split("|")][1:]


def test_counts_of_transfer_syntaxes():
    built_in, others = sum(codec.is_built_in for codec in CODECS.values()), len(TRANSFER_SYNTAXES) - len(CODECS)
    assert row("conformance.md", "decoded by dicomet")[0] == str(built_in)
    assert row("conformance.md", "left to pydicom's plugins")[0] == str(len(CODECS) - built_in)
    assert row("conformance.md", "without pixel data that can be decoded")[0] == str(others)


@pytest.mark.skipif(not all(root.is_dir() for root in files.ROOTS.values()), reason="needs all test files")
def test_counts_of_files():
    found = [case.expected.file for case in files.cases()]
    for outcome, name in (
        (files.EQUAL, "equal to pydicom's array"),
        (files.ONLY, "decoded by dicomet alone"),
        (files.REFUSED, "refused by both"),
        (files.NO_IMAGE, "no image"),
    ):
        assert row("conformance.md", name)[0] == str(found.count(outcome))


@pytest.mark.skipif(not HTJ2K_STREAMS, reason="needs the conformance streams")
def test_counts_of_streams():
    table = (CONFORMANCE / "jpeg-2000" / "tolerances.tsv").read_text().splitlines()[1:]
    streams = {line.split("\t")[0] for line in table}
    high_throughput = {name for name in streams if name.startswith(("ds", "hifi_h"))}
    cells = row("conformance.md", "JPEG 2000, ISO/IEC 15444-4") + row("conformance.md", "HTJ2K, ISO/IEC 15444-4")
    counts = []
    for group in (streams - high_throughput, high_throughput):
        counts += [len(group), sum(line.split("\t")[0] in group for line in table)]
    assert [cell.split()[0] for cell in (*cells[:2], *cells[4:6])] == [str(count) for count in counts]
    assert row("conformance.md", "HTJ2K, two other encoders")[0] == str(len(HTJ2K_STREAMS))


def test_counts_of_malformed_files():
    sys.path.insert(0, str(Path(__file__).parent / "malformed"))
    import cases  # noqa: PLC0415
    import test_catalog  # noqa: PLC0415

    total, calls = len(cases.ALL), len(test_catalog.parameters())
    errors = sum(isinstance(case.expected, cases.Error) for case in cases.ALL)
    warned = sum(isinstance(case.expected, cases.Array) and bool(case.expected.warning) for case in cases.ALL)
    numbers = [f"{number:,}" for number in (total, errors, warned, total - errors - warned, calls)]
    assert [row("robustness.md", name)[0] for name in CATALOG] == numbers


CATALOG = ("files", "refused", "decoded, with a warning", "decoded, without a warning", "calls")
