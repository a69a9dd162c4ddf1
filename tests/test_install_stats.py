"""Calls that dicomet takes or declines under `install()`, and how `stats` counts them."""

import numpy as np
import pytest
from call_outcome import with_and_without
from install_images import dataset, run_python, smooth
from pydicom import config
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders import base
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import ExplicitVRLittleEndian

import dicomet

pytestmark = pytest.mark.usefixtures("pydicom_stays_as_it_was")


def test_stats():
    ds = dataset(smooth(1, 8, 8)[0])
    before = dicomet.stats()
    with dicomet.install():
        get_decoder(ExplicitVRLittleEndian).as_array(ds)
        next(get_decoder(ExplicitVRLittleEndian).iter_array(ds))
        get_decoder(ExplicitVRLittleEndian).iter_array(ds)
        get_decoder(ExplicitVRLittleEndian).as_array(ds, view_only=True)
    get_decoder(ExplicitVRLittleEndian).as_array(ds)
    after = dicomet.stats()
    assert (after.taken - before.taken, after.declined - before.declined) == (2, 1)
    assert after.reasons["the option view_only"] == before.reasons.get("the option view_only", 0) + 1
    text = str(after)
    assert f"{after.taken} of {after.taken + after.declined} decodes taken" in text
    assert "the option view_only" in text


def test_spawned_workers_have_nothing_until_they_call_install(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import multiprocessing
import dicomet, pydicom
from pydicom.data import get_testdata_file

def decode(name):
    pydicom.dcmread(get_testdata_file(name, download=False)).pixel_array
    return str(dicomet.stats())

if __name__ == "__main__":
    dicomet.install()
    spawned = multiprocessing.get_context("spawn")
    for initializer in (None, dicomet.install):
        with spawned.Pool(1, initializer) as pool:
            print(pool.apply(decode, ["CT_small.dcm"]))
    print(dicomet.stats())
""")
    nothing = [
        "dicomet: 0 of 0 decodes taken, 0 left to pydicom",
        "  in this process; spawned workers decode with pydicom until they call dicomet.install()",
    ]
    run = run_python(str(script))
    one = "dicomet: 1 of 1 decodes taken (100%), 0 left to pydicom"
    assert run.stdout.splitlines() == [*nothing, one, *nothing], run.stderr


def test_an_iteration_that_is_declined_midway_counts_once():
    ds = dataset(np.zeros((2, 3, 5), np.uint8), frames=2, BitsAllocated=1, BitsStored=1, PixelData=b"\xa5" * 4)
    before = dicomet.stats()
    with dicomet.install():
        frames = get_decoder(ExplicitVRLittleEndian).iter_array(ds)
        next(frames)
        assert dicomet.stats().taken == before.taken + 1
        with pytest.raises(ValueError, match="cannot reshape"):
            list(frames)
    after = dicomet.stats()
    assert (after.taken - before.taken, after.declined - before.declined) == (0, 1)


def test_changed_processing_is_respected(monkeypatch):
    ds = dataset(smooth(1, 8, 8)[0])

    def doubled(arr, *_rest):
        return arr * 2

    monkeypatch.setattr(base, "PROCESSORS", [doubled])
    installed, without, taken = with_and_without(lambda: ds.pixel_array)
    assert installed == without
    assert not taken


def test_debug_logging_is_pydicoms(monkeypatch):
    monkeypatch.setattr(config, "debugging", True)
    ds = dataset(smooth(1, 8, 8)[0])
    _, _, taken = with_and_without(lambda: get_decoder(ExplicitVRLittleEndian).as_array(ds))
    assert not taken


def test_a_decoder_class_of_the_users_own():
    class Mine(Decoder):
        pass

    ds = dataset(smooth(1, 8, 8)[0])
    installed, without, taken = with_and_without(lambda: Mine(ExplicitVRLittleEndian).as_array(ds))
    assert installed == without
    assert not taken


def test_writable_sources_are_still_views_of_the_callers_memory():
    options = {name: getattr(dataset(smooth(1, 8, 8)[0]), name) for name in ("Rows", "Columns")}
    description = {
        "rows": options["Rows"],
        "columns": options["Columns"],
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 16,
        "bits_stored": 12,
        "pixel_representation": 0,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }
    source = bytearray(b"\xff" * 128)
    with dicomet.install():
        arr, _ = get_decoder(ExplicitVRLittleEndian).as_array(source, **description)
    assert source == b"\xff\x0f" * 64
    arr[0, 0] = 1
    assert source[:2] == b"\1\0"


def test_the_array_of_a_dataset_is_cached():
    ds = dataset(smooth(1, 8, 8)[0])
    with dicomet.install():
        arr = ds.pixel_array
        assert ds.pixel_array is arr
    assert ds.pixel_array is arr
