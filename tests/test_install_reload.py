"""`install` and ``importlib.reload`` of pydicom's decoder module, which creates its classes and decoders anew.

Each in a process of its own, because other modules keep the former classes.
"""

import pytest
from install_images import run_python

START = """
import importlib, warnings
import dicomet, numpy as np, pydicom
from pydicom.data import get_testdata_file
from pydicom.pixels import get_decoder, iter_pixels, pixel_array
from pydicom.pixels.decoders import base

PATHS = [get_testdata_file(name, download=False) for name in ("CT_small.dcm", "MR_small_RLE.dcm")]
READERS = {
    "as_array": lambda path: decoder_of(path).as_array(pydicom.dcmread(path))[0],
    "iter_array": lambda path: [array for array, _ in decoder_of(path).iter_array(pydicom.dcmread(path))],
    "pixel_array": pixel_array,
    "iter_pixels": lambda path: [*iter_pixels(path)],
    "property": lambda path: pydicom.dcmread(path).pixel_array,
}

def decoder_of(path):
    return get_decoder(pydicom.dcmread(path).file_meta.TransferSyntaxUID)

def decoded():
    "Read with each function; return how many decodes dicomet took."
    before = dicomet.stats()
    for name, read in READERS.items():
        for path, values in zip(PATHS, VALUES[name]):
            found = read(path)
            assert np.array_equal(found, values), (name, path)
    assert dicomet.stats().declined == before.declined, dicomet.stats()
    return dicomet.stats().taken - before.taken

def originals():
    replaced = [hasattr(method, "__wrapped__") for method in (base.Decoder.as_array, base.Decoder.iter_array)]
    return replaced, [list(decoder._available) for decoder, _ in base._PIXEL_DATA_DECODERS.values()]

VALUES = {name: [read(path) for path in PATHS] for name, read in READERS.items()}
BEFORE = originals()
"""


def check(script: str) -> None:
    run = run_python("-W", "error", "-c", START + script + "\nprint('done')")
    assert run.stdout == "done\n", run.stderr


@pytest.mark.parametrize(
    "first", ["pydicom.dcmread(PATHS[0]).pixel_array", "dicomet.install()"], ids=["a decode", "another call of install"]
)
def test_reload_while_installed(first):
    """The first decode after it is pydicom's, and notices it."""
    check(f"""
dicomet.install()
assert decoded() == 10
importlib.reload(base)
{first}
assert decoded() == 10
dicomet.uninstall()
assert decoded() == 0
assert originals() == BEFORE
""")


def test_reload_before():
    check("""
dicomet.install()
dicomet.uninstall()
importlib.reload(base)
with dicomet.install():
    assert decoded() == 10
assert decoded() == 0
assert originals() == BEFORE
""")


def test_reload_in_a_block_and_no_decode_after_it():
    check("""
with dicomet.install():
    importlib.reload(base)
assert decoded() == 0
assert originals() == BEFORE
""")


def test_lossy_jpeg_and_blocks_are_kept():
    check("""
with dicomet.install(lossy_jpeg=True):
    importlib.reload(base)
    pixel_array(PATHS[0])
    from dicomet.dropin.api import _state
    assert _state.patches.lossy_jpeg
    assert decoded() == 10
assert originals() == BEFORE
""")


def test_a_decoder_that_was_created_before():
    """It is of the former class, and pydicom's."""
    check("""
decoder = decoder_of(PATHS[0])
dicomet.install()
importlib.reload(base)
array, _ = decoder.as_array(pydicom.dcmread(PATHS[0]))
assert np.array_equal(array, VALUES["pixel_array"][0])
pixel_array(PATHS[0])
assert decoded() == 10
array, _ = decoder.as_array(pydicom.dcmread(PATHS[0]))
assert np.array_equal(array, VALUES["pixel_array"][0])
""")
