"""A file's header scanned, and parsed by pydicom: the same description, or none."""

import contextlib
import io
import logging
import os
import subprocess
import sys
from unittest import mock

import files
import numpy as np
import pydicom
import pydicom.hooks
import pydicom.pixels
import pytest
from call_outcome import outcome, with_and_without
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dicomet
from dicomet._parsing import elements_before_pixel_data, header, parse
from dicomet._parsing.source import open_source

PROPERTY = settings(max_examples=int(os.environ.get("EXAMPLES", "60")), suppress_health_check=list(HealthCheck))
CASES = files.cases()
IMAGES = [case for case in CASES if case.expected.file in (files.EQUAL, files.ONLY)]
SMALL = [case for case in IMAGES if case.path.stat().st_size < 300_000]


def by_pydicom():
    """Without the scanner, and with all sequences."""
    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch.object(parse, "scan", return_value=None))
    stack.enter_context(mock.patch.object(elements_before_pixel_data, "find_delimiter", return_value=None))
    return stack


def parsed(data: bytes) -> tuple:
    """What `parse` makes of a file."""
    found = parse.parse(data, {})
    value = found.value.read(0, found.value.length)
    fields = (found.transfer_syntax, found.keyword, found.vr, found.undefined_length, found.warning)
    options = sorted((name, str(option)) for name, option in found.attributes.items())
    return (options, *fields, found.value.length, found.delimited, bytes(value[:64]), bytes(value[-64:]))


def parsed_file(path) -> tuple:
    found = parse.parse(path, {})
    return (found.value.start, found.value.length, found.delimited, found.vr)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_file(case):
    data = case.path.read_bytes()
    for call in (lambda: parsed(data), lambda: parsed_file(case.path)):
        scanned = without_log(outcome(call))
        with by_pydicom():
            assert without_log(outcome(call)) == scanned


def without_log(found: tuple) -> tuple:
    """What is given, and the warnings: pydicom logs what it reads."""
    given, said, _ = found
    return given, [item for item in said if isinstance(item[0], type)]


def test_most_files_are_scanned():
    found = [header.scan(open_source(case.path), {}) for case in IMAGES]
    assert sum(one is not None for one in found) > 0.85 * len(found)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_implicit.dcm"])
def test_a_plain_file_needs_no_pydicom(name):
    """Which takes longer to import than most files to read."""
    path = next(case.path for case in IMAGES if case.path.name == name)
    program = (
        "import sys, dicomet\n"
        "with dicomet.open(sys.argv[1]) as image: image[0]\n"
        "dicomet.pixel_array(sys.argv[1]); list(dicomet.iter_pixels(sys.argv[1]))\n"
        "print(sorted(name for name in sys.modules if name.startswith('pydicom')))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "[]\n"


def test_a_header_that_is_longer_than_what_is_read_at_first(tmp_path):
    """What is long is not read."""
    plain = next(case for case in IMAGES if case.path.name == "CT_small.dcm").path.read_bytes()
    expected = dicomet.pixel_array(plain)
    at = plain.index(b"\x28\x00\x02\x00US")
    for size in (1000, 20_000, 100_000, 3_000_000):
        private = b"\x27\x00\x10\x10OB\0\0" + size.to_bytes(4, "little") + bytes(size)
        longer = plain[:at] + private + plain[at:]
        path = tmp_path / "longer.dcm"
        path.write_bytes(longer)
        assert header.scan(open_source(path), {}) is not None
        assert header.scan(open_source(longer), {}) is not None
        assert np.array_equal(dicomet.pixel_array(path), expected)


class File(bytes):
    """A file that is shown by its length."""

    __slots__ = ()

    def __repr__(self):
        return f"<{len(self)} bytes>"


@st.composite
def changed_headers(draw) -> bytes:
    """A file, changed in front of its pixel data."""
    case = draw(st.sampled_from(SMALL))
    data = bytearray(case.path.read_bytes())
    found = header.scan(open_source(bytes(data)), {})
    end = min(len(data), found[1].offset if found else 4000)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.sampled_from([128, max(132, end - 400), max(132, end - 60)]))
        at = draw(st.integers(min(start, end - 1), end - 1))
        kind = draw(st.sampled_from(["byte", "byte", "bit", "insert", "remove", "cut"]))
        if kind == "byte":
            data[at] = draw(st.sampled_from([0, 1, 2, 8, 0x20, 0x28, 0x55, 0x7F, 0xE0, 0xFE, 0xFF]))
        elif kind == "bit":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=12))
        elif kind == "remove":
            del data[at : at + draw(st.integers(1, 12))]
        else:
            del data[at:]
            break
    return File(data)


def shortened(found: tuple) -> tuple:
    """Without the words of the messages: several messages may describe one defect."""
    given, said = without_log(found)
    if given and isinstance(given[0], type) and issubclass(given[0], Exception):
        return given[0]
    return given, said


@PROPERTY
@given(changed_headers())
def test_changed_headers(data):
    def call():
        with contextlib.redirect_stderr(io.StringIO()):
            return dicomet.pixel_array(data)

    scanned = outcome(call)
    with by_pydicom():
        assert shortened(outcome(call)) == shortened(scanned)


@PROPERTY
@given(changed_headers(), st.sampled_from([None, 0, 1]))
def test_changed_headers_in_pydicom(data, index):
    """With dicomet installed pydicom's functions scan, too: nothing at all may differ."""
    installed, without, _ = with_and_without(
        lambda file: pydicom.pixels.pixel_array(file, index=index), lambda: io.BytesIO(data)
    )
    assert installed == without


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (pydicom.config, "data_element_callback", lambda element, **_: element),
        (pydicom.config, "use_IS_numpy", True),
        (pydicom.hooks.hooks, "raw_element_value", lambda *arguments, **_: pydicom.hooks.raw_element_value(*arguments)),
        (logging.getLogger("pydicom"), "level", logging.DEBUG),
    ],
    ids=["callback", "use_IS_numpy", "hook", "log"],
)
def test_wishes_about_reading_are_respected(monkeypatch, owner, name, value):
    path = next(case.path for case in IMAGES if case.path.name == "CT_small.dcm")
    monkeypatch.setattr(owner, name, value)
    logging.getLogger("pydicom").manager._clear_cache()
    with dicomet.install(), mock.patch("dicomet._parsing.header.find_pixel_data", return_value=None) as scan:
        pydicom.pixels.pixel_array(path)
        assert not scan.called
        monkeypatch.undo()
        logging.getLogger("pydicom").manager._clear_cache()
        pydicom.pixels.pixel_array(path)
        assert scan.called


def test_hooks_count_for_dicomet_too(monkeypatch):
    path = next(case.path for case in IMAGES if case.path.name == "CT_small.dcm")

    def half(element, **_):
        return element._replace(value=b"\x40\0") if element.tag == 0x00280010 else element

    monkeypatch.setattr(pydicom.config, "data_element_callback", half)
    with pytest.warns(UserWarning, match="expected 16384"):
        assert dicomet.pixel_array(path).shape == (64, 128)


def test_a_pixel_element_of_another_vr():
    """Whose length has two bytes by its VR, but four by habit."""
    plain = next(case.path for case in IMAGES if case.path.name == "CT_small.dcm").read_bytes()
    at = plain.index(b"\xe0\x7f\x10\0OW")
    changed = plain[:at] + b"\xe0\x7f\x10\0US" + plain[at + 6 :]
    assert np.array_equal(dicomet.pixel_array(changed), dicomet.pixel_array(plain))
    installed, without, _ = with_and_without(pydicom.pixels.pixel_array, lambda: io.BytesIO(changed))
    assert installed == without


class Odd(io.BytesIO):
    """A file that returns other types than bytes, and fewer bytes than requested."""

    def read(self, size=-1):
        return bytearray(super().read(min(size, 1000)))


def test_a_file_that_does_not_give_bytes():
    plain = next(case.path for case in IMAGES if case.path.name == "CT_small.dcm").read_bytes()
    assert np.array_equal(dicomet.pixel_array(Odd(plain)), dicomet.pixel_array(plain))
