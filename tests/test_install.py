"""`install` and `uninstall`: what they replace in pydicom, in any order and from any thread."""

import functools
import os
import threading
import types
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pydicom.pixels
import pytest
from install_images import dataset, functions, plugins, run_python, smooth
from pydicom.pixels import get_decoder, get_encoder, processing
from pydicom.pixels.decoders import base
from pydicom.pixels.decoders.base import Decoder, DecodeRunner
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import dicomet

pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


def test_install_and_uninstall_any_number_of_times():
    before = functions(), plugins()
    for _ in range(3):
        dicomet.install()
        installed = functions()
        dicomet.install()
        assert functions() == installed
        assert all(ours is not original for ours, original in zip(installed, before[0], strict=True))
        dicomet.uninstall()
        dicomet.uninstall()
        assert (functions(), plugins()) == before
        assert "_validate_plugins" not in vars(Decoder)


def test_as_a_context_manager():
    before = functions()
    with dicomet.install():
        with dicomet.install():
            assert functions() != before
        assert functions() != before
    assert functions() == before


def test_dicomet_stays_installed_for_other_users():
    before = functions()
    with dicomet.install():
        dicomet.install()
    assert functions() != before
    dicomet.uninstall()
    assert functions() == before
    first, second = dicomet.install(), dicomet.install()
    with first:
        with second:
            pass
        assert functions() != before
    assert functions() == before
    for _ in range(2):
        with first:
            assert functions() != before
        assert functions() == before


def test_uninstall_inside_a_block():
    before = functions()
    with dicomet.install():
        dicomet.uninstall()
        assert functions() == before
    assert functions() == before
    dicomet.install()
    assert functions() != before


def test_what_a_notebook_shows(monkeypatch):
    installation = dicomet.install()
    assert "is installed in pydicom 3" in repr(installation)
    dicomet.uninstall()
    assert "is not installed" in repr(installation)
    monkeypatch.setenv("DICOMET", "off")
    assert "switched off" in repr(dicomet.install())


def test_the_block_ends_with_an_error_too():
    before = functions()
    with pytest.raises(KeyError), dicomet.install():
        raise KeyError
    assert functions() == before


def test_functions_look_like_pydicoms():
    originals = functions()
    with dicomet.install():
        for ours, original in zip(functions(), originals, strict=True):
            assert ours.__wrapped__ is original
            assert (ours.__name__, ours.__qualname__, ours.__doc__) == (
                original.__name__,
                original.__qualname__,
                original.__doc__,
            )


def test_another_library_that_exchanges_the_same_function():
    """A replacement by other code stays, and calls pydicom's own function."""
    original = Decoder.as_array
    ds = dataset(smooth(1, 8, 8)[0])
    dicomet.install()
    ours = Decoder.as_array

    def theirs(self, *args, **kwargs):
        return ours(self, *args, **kwargs)

    Decoder.as_array = theirs
    try:
        dicomet.uninstall()
        assert Decoder.as_array is theirs
        before = dicomet.stats()
        assert np.array_equal(ds.pixel_array, smooth(1, 8, 8)[0])
        assert dicomet.stats() == before
    finally:
        Decoder.as_array = original


def test_plugins_of_the_users_own_stay():
    decoder, encoder = get_decoder(RLELossless), get_encoder(RLELossless)
    with dicomet.install():
        decoder.add_plugin("mine", ("pydicom.pixels.decoders.rle", "_decode_frame"))
        encoder.add_plugin("mine", ("pydicom.pixels.encoders.native", "_encode_frame"))
    assert "mine" in decoder.available_plugins
    assert "mine" in encoder.available_plugins
    decoder.remove_plugin("mine")
    encoder.remove_plugin("mine")


def test_from_many_threads():
    arrays, stop, failed = [smooth(1, 16, n)[0] for n in range(8, 16)], threading.Event(), []

    def decode(values):
        while not stop.is_set():
            if not np.array_equal(dataset(values).pixel_array, values):
                failed.append(values.shape)

    threads = [threading.Thread(target=decode, args=(values,)) for values in arrays]
    for thread in threads:
        thread.start()
    for _ in range(200):
        dicomet.install()
        dicomet.uninstall()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed


def test_importing_dicomet_first_or_last():
    """pylibjpeg loads dicomet's entry point while pydicom is being imported."""
    pylibjpeg = ("import pylibjpeg, dicomet",) if find_spec("pylibjpeg") else ()
    for order in ("import dicomet, pydicom.pixels", "import pydicom.pixels, dicomet", *pylibjpeg):
        run = run_python("-c", f"{order}; dicomet.install(); print(dicomet.stats().taken)")
        assert run.stdout == "0\n", run.stderr


def test_importing_dicomet_does_not_import_pydicom():
    assert run_python("-c", "import sys, dicomet; print('pydicom' in sys.modules)").stdout == "False\n"


def test_an_unknown_pydicom_is_refused(monkeypatch):
    monkeypatch.setattr(pydicom, "__version_info__", ("4", "0", "0"))
    monkeypatch.setattr(pydicom, "__version__", "4.0.0")
    with pytest.raises(RuntimeError, match=r"found pydicom 4.0.0; dicomet.install\(\) knows pydicom 3.0"):
        dicomet.install()


def test_a_later_pydicom_is_known_by_its_runner(monkeypatch):
    monkeypatch.setattr(DecodeRunner, "set_frame_option", None, raising=False)
    with pytest.raises(RuntimeError, match="options for each frame"):
        dicomet.install()


def test_the_switch_comes_before_the_version(monkeypatch):
    monkeypatch.setattr(pydicom, "__version_info__", ("4", "0", "0"))
    monkeypatch.setenv("DICOMET", "0")
    dicomet.install()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Decoder, "as_array"),
        (Decoder, "iter_array"),
        (Decoder, "_as_array_native"),
        (base, "_correct_unused_bits"),
        (base, "convert_color_space"),
        (DecodeRunner, "reshape"),
        (DecodeRunner, "process"),
        (processing, "_convert_YBR_FULL_to_RGB"),
        (processing, "_convert_RGB_to_YBR_FULL"),
    ],
    ids=str,
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_changes_of_pydicom_by_other_code_apply(monkeypatch, owner, name, moment):
    """Whatever it is, pydicom then decodes, and with it."""
    found = []
    original = getattr(owner, name)

    @functools.wraps(original)
    def changed(*args, **kwargs):
        found.append(name)
        return original(*args, **kwargs)

    values = np.random.default_rng(5).integers(0, 256, (6, 7, 3), np.uint8)
    ds = dataset(values, "YBR_FULL", BitsStored=7)
    options = {"force_ybr": True} if name == "_convert_RGB_to_YBR_FULL" else {}
    replaced = staticmethod(changed) if name == "_as_array_native" else changed
    if moment == "before":
        monkeypatch.setattr(owner, name, replaced)
    with dicomet.install():
        if moment == "after":
            original = getattr(owner, name)
            monkeypatch.setattr(owner, name, replaced)
        if name == "iter_array":
            next(get_decoder(ExplicitVRLittleEndian).iter_array(ds))
        else:
            get_decoder(ExplicitVRLittleEndian).as_array(ds, **options)
        if moment == "after":
            monkeypatch.undo()
    monkeypatch.undo()
    assert found == [name]


def test_a_color_conversion_that_has_no_name(monkeypatch):
    monkeypatch.setattr(processing, "_convert_YBR_FULL_to_RGB", functools.partial(np.zeros_like))
    ds = dataset(np.ones((4, 4, 3), np.uint8), "YBR_FULL")
    with dicomet.install():
        assert not ds.pixel_array.any()
    monkeypatch.undo()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_locks_are_held():
    script = """
import os, threading, signal, pydicom, dicomet
from dicomet.dropin import api, stats
from pydicom.data import get_testdata_file
dicomet.install()
ds = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
held = threading.Event()
def hold():
    with stats.TALLY._lock, api._state.lock:
        held.set()
        threading.Event().wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
if os.fork() == 0:
    signal.alarm(20)
    ds.pixel_array
    dicomet.uninstall()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert run_python("-W", "ignore", "-c", script).stdout == "7\n"


def test_nothing_is_exchanged_where_not_all_can_be(monkeypatch):
    before = functions(), plugins()
    monkeypatch.setattr("dicomet.dropin.patches.Patches._as_array", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dicomet.install()
    assert (functions(), plugins()) == before


def test_public_names_are_listed_before_they_are_imported():
    run = run_python("-c", "import dicomet; print({'install', 'pixel_array'} <= set(dir(dicomet)))")
    assert run.stdout == "True\n"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dicomet.nonsense
    assert isinstance(dicomet, types.ModuleType)
    assert Path(dicomet.__file__).exists()
