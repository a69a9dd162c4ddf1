"""`install`, `uninstall` and `stats` as such. The other files named after them compare the results."""

import functools
import os
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pydicom
import pydicom.pixels
import pytest
from call_outcome import array, outcome, with_and_without
from pydicom import config
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import convert_color_space, get_decoder, get_encoder, processing, utils
from pydicom.pixels.common import CoderBase
from pydicom.pixels.decoders import base
from pydicom.pixels.decoders.base import Decoder, DecodeRunner
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import dicomet
from dicomet.dropin import calibration
from dicomet.dropin.pylibjpeg_plugin import decode_pixel_data

try:
    import rle
    from pylibjpeg.utils import get_pixel_data_decoders
except ImportError:
    rle = None

needs_pylibjpeg_rle = pytest.mark.skipif(rle is None, reason="needs pylibjpeg-rle")
EXCHANGED = (
    (Dataset, "convert_pixel_data"),
    (Decoder, "as_array"),
    (Decoder, "iter_array"),
    (CoderBase, "_validate_plugins"),
    (processing, "_convert_YBR_FULL_to_RGB"),
    (processing, "_convert_RGB_to_YBR_FULL"),
    (utils, "_array_common"),
)


def functions() -> list:
    return [getattr(owner, name) for owner, name in EXCHANGED]


def plugins() -> list:
    return [list(coder(RLELossless)._available) for coder in (get_decoder, get_encoder)]


@pytest.fixture(autouse=True)
def pydicom_stays_as_it_was():
    """Every test leaves pydicom as it found it."""
    before = functions(), plugins()
    yield
    dicomet.uninstall()
    assert (functions(), plugins()) == before


def dataset(values: np.ndarray, photometric: str = "MONOCHROME2", frames: int = 1, **elements) -> Dataset:
    """An image in Explicit VR Little Endian."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    samples = 3 if photometric not in ("MONOCHROME2", "PALETTE COLOR") else 1
    ds.Rows, ds.Columns = values.shape[-3 if samples == 3 else -2 :][:2]
    ds.SamplesPerPixel = samples
    if samples == 3:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated = ds.BitsStored = values.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.PixelData = values.tobytes() + bytes(values.nbytes % 2)
    for name, value in elements.items():
        setattr(ds, name, value)
    return ds


def smooth(frames: int, rows: int, columns: int) -> np.ndarray:
    """Values with and without runs."""
    noise = np.random.default_rng(5).integers(0, 20, (frames, rows, columns))
    ramp = np.arange(columns) // 7 * 300 + noise
    ramp[:, : rows // 3] = 0
    return ramp.astype(np.uint16)


# Switching on and off


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


def test_what_others_want_stays_installed():
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
    """What somebody else has put on top stays, and goes on to pydicom's own function."""
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


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


SCRIPT = """
import sys
import pydicom
from pydicom.data import get_testdata_file
array = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False)).pixel_array
import dicomet
print(__name__, *sys.argv[1:], array.sum(), dicomet.stats().taken)
sys.exit(5)
"""


@pytest.mark.parametrize(
    ("environment", "taken"),
    [({}, 1), ({"DICOMET": "1"}, 1), ({"DICOMET": ""}, 1), ({"DICOMET": "0"}, 0), ({"DICOMET": "False"}, 0)],
)
def test_a_script_with_dicomet_installed(tmp_path, environment, taken):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    total = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False)).pixel_array.sum()
    for arguments in ([str(script)], ["-m", "script"]):
        run = run_python("-m", "dicomet", *arguments, "a", "--b", **environment, PYTHONPATH=str(tmp_path))
        assert (run.returncode, run.stdout) == (5, f"__main__ a --b {total} {taken}\n"), run.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("nowhere.py",), 2, "there is no script 'nowhere.py'"),
        (("-m", "nowhere"), 1, "No module named nowhere"),
        (("-m", "nowhere.at.all"), 1, "No module named nowhere.at.all"),
    ],
    ids=str,
)
def test_a_script_that_is_not_there(arguments, status, says):
    run = run_python("-m", "dicomet", *arguments)
    assert (run.returncode, run.stderr) == (status, f"dicomet: error: {says}\n")


def test_an_image_is_not_a_script():
    run = run_python("-m", "dicomet", get_testdata_file("CT_small.dcm", download=False))
    assert run.returncode == 2
    assert "invalid choice" in run.stderr


def test_a_script_with_an_unknown_pydicom(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import pydicom; pydicom.__version_info__ = ('4', '0', '0')")
    (tmp_path / "script.py").write_text("print('not run')")
    run = run_python("-m", "dicomet", str(tmp_path / "script.py"), PYTHONPATH=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "dicomet.install() knows pydicom 3.0" in run.stderr


LIKE_PYTHON = """
import atexit, os, pickle, sys, threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import beside
class Mine: pass
def double(number): return 2 * number
if __name__ == "__main__":
    os.chdir("/")
    atexit.register(lambda: print(len(pickle.dumps(Mine())) > 0))
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        print(list(pool.map(double, [1, 2])))
    print(__name__, __file__ == sys.argv[1], beside.__name__, Path(sys.path[0]) == Path(__file__).parent)
    print(__package__, __spec__, type(__builtins__).__name__, sys.modules["__main__"].Mine is Mine)
"""


def test_a_script_runs_as_python_would_run_it(tmp_path):
    script = tmp_path / "a script.py"
    script.write_text(LIKE_PYTHON)
    (tmp_path / "beside.py").write_text("")
    for form in (str(script), os.path.relpath(script)):
        expected = run_python(form, str(script))
        assert expected.returncode == 0, expected.stderr
        run = run_python("-m", "dicomet", form, str(script))
        assert (run.returncode, run.stdout) == (0, expected.stdout), run.stderr


def test_a_folder_runs_as_python_would_run_it(tmp_path):
    (tmp_path / "__main__.py").write_text("import beside, sys; print(__name__, sys.argv, beside.x)")
    (tmp_path / "beside.py").write_text("x = 3")
    for source in (tmp_path, shutil.make_archive(str(tmp_path.with_suffix("")) + "_zip", "zip", tmp_path)):
        expected = run_python(str(source), "a")
        run = run_python("-m", "dicomet", str(source), "a")
        assert (run.returncode, run.stdout) == (0, expected.stdout), run.stderr


def test_a_script_that_tells_its_stats(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    for arguments in ([str(script)], ["-m", "script"]):
        run = run_python("-m", "dicomet", "--stats", *arguments, PYTHONPATH=str(tmp_path))
        assert run.returncode == 5
        assert "dicomet: 1 of 1 decodes taken (100%), 0 handed to pydicom" in run.stderr


def test_importing_dicomet_first_or_last():
    """pylibjpeg loads dicomet's entry point while pydicom is being imported."""
    for order in ("import dicomet, pydicom.pixels", "import pydicom.pixels, dicomet", "import pylibjpeg, dicomet"):
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
def test_what_somebody_has_changed_in_pydicom_counts(monkeypatch, owner, name, moment):
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


# What is taken, and what is said of it


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


def test_the_array_of_a_dataset_is_kept():
    ds = dataset(smooth(1, 8, 8)[0])
    with dicomet.install():
        arr = ds.pixel_array
        assert ds.pixel_array is arr
    assert ds.pixel_array is arr


# Colours


def all_colors() -> np.ndarray:
    first, second, third = np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3, indexing="ij")
    return np.stack([first, second, third], axis=-1).reshape(4096, 4096, 3)


@pytest.mark.parametrize("layout", ["side by side", "planes", "one column"])
@pytest.mark.parametrize(("current", "desired"), [("YBR_FULL", "RGB"), ("RGB", "YBR_FULL"), ("YBR_FULL_422", "RGB")])
def test_every_color_as_pydicom_has_it_on_this_machine(current, desired, layout):
    colors = all_colors()
    if layout == "planes":
        colors = np.ascontiguousarray(colors.transpose(2, 0, 1)).transpose(1, 2, 0)
    if layout == "one column":
        colors = colors.reshape(-1, 1, 3)
    expected = convert_color_space(colors, current, desired)
    with dicomet.install():
        found = convert_color_space(colors, current, desired)
    assert np.array_equal(found, expected)
    assert array(found[:2, :2])[1:6] == array(expected[:2, :2])[1:6]
    assert (found.strides, found.flags.owndata) == (expected.strides, expected.flags.owndata)


@pytest.mark.parametrize("conversion", ["ybr_to_rgb", "rgb_to_ybr"])
def test_a_matrix_product_of_another_kind_is_left_to_pydicom(monkeypatch, conversion):
    original = calibration.ORIGINALS[conversion]
    # Of a shape that no other test decodes.
    ds = dataset(np.zeros((4, 1, 3), np.uint8), "YBR_FULL", SOPInstanceUID="1.2")
    ds.Rows, ds.Columns, ds.PixelData = 37, 11, bytes(37 * 11 * 3 + 1)
    with dicomet.install():
        monkeypatch.setitem(calibration.ORIGINALS, conversion, lambda arr: original(arr) ^ 1)
        calibration.arithmetic_of_pydicom.cache_clear()
        assert calibration.arithmetic_of_pydicom(conversion, planar=False, single_column=False) is None
        before = dicomet.stats().taken
        assert ds.pixel_array.shape == (37, 11, 3)
        assert dicomet.stats().taken == before + (conversion == "rgb_to_ybr")
    calibration.arithmetic_of_pydicom.cache_clear()


def test_nothing_is_exchanged_where_not_all_can_be(monkeypatch):
    before = functions(), plugins()
    monkeypatch.setattr("dicomet.dropin.patches.Patches._as_array", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dicomet.install()
    assert (functions(), plugins()) == before


# RLE Lossless: frames on all cores, plugins, encoder


def compressed(frames: int, rows: int = 300, columns: int = 400) -> tuple[np.ndarray, Dataset]:
    values = smooth(frames, rows, columns)
    ds = dataset(values, frames=frames)
    ds.compress(RLELossless, encoding_plugin="pydicom" if rows < 50 else "", generate_instance_uid=False)
    return values, ds


def test_many_frames_of_rle():
    values, ds = compressed(40)
    with dicomet.install():
        before = dicomet.stats().taken
        assert np.array_equal(ds.pixel_array, values)
        assert np.array_equal(np.stack(list(pydicom.pixels.iter_pixels(ds))), values)
        assert dicomet.stats().taken == before + 2


def test_a_damaged_frame_among_many():
    values, ds = compressed(30)
    frames = list(generate_frames(ds.PixelData, number_of_frames=30))
    for index in (11, 17):
        damaged = [*frames]
        damaged[index] = damaged[index][:-200]
        ds.PixelData = encapsulate(damaged)
        installed, without, taken = with_and_without(lambda: get_decoder(RLELossless).as_array(ds))
        assert installed == without
        assert not taken
        assert "Unable to decode" in without[0][1]
        installed, without, taken = with_and_without(lambda: get_decoder(RLELossless).iter_array(ds))
        assert installed == without
        assert len(without[0]) == index + 1
    assert values.any()


def test_the_decoding_plugin():
    values, ds = compressed(3, 20, 30)
    decoder = get_decoder(RLELossless)
    with dicomet.install():
        assert "dicomet" in decoder.available_plugins
        for kwargs in ({}, {"index": 1}, {"raw": True}):
            given, _ = decoder.as_array(ds, decoding_plugin="dicomet", **kwargs)
            assert np.array_equal(given, values[kwargs.get("index", slice(None))])
        frame, properties = decoder.as_buffer(ds, index=2, decoding_plugin="dicomet")
        assert type(frame) is bytearray
        assert frame == values[2].tobytes()
        assert properties["rows"] == 20
        ds.pixel_array_options(decoding_plugin="dicomet")
        assert np.array_equal(ds.pixel_array, values)
        # Only those who name it get it: it leaves no trace in the messages of others.
        assert "dicomet" not in decoder._validate_plugins()
    with pytest.raises(ValueError, match="No plugin named 'dicomet'"):
        decoder.as_array(ds, decoding_plugin="dicomet")


def test_the_decoding_plugin_in_colour_gives_planes():
    values = smooth(1, 9, 3 * 5)[0].reshape(9, 5, 3)
    ds = dataset(values, "RGB")
    ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    decoder = get_decoder(RLELossless)
    with dicomet.install():
        frame, properties = decoder.as_buffer(ds, decoding_plugin="dicomet")
    assert properties["planar_configuration"] == 1
    assert (frame, properties) == decoder.as_buffer(ds, decoding_plugin="pydicom")


@pytest.mark.parametrize("options", [{"rle_segment_order": "<"}, {"byteorder": ">"}, {"bits_allocated": 1}])
def test_the_decoding_plugin_refuses_what_it_does_not_know(options):
    _, ds = compressed(1, 4, 5)
    with dicomet.install(), pytest.raises(RuntimeError, match=r"dicomet: .*left to other plugins"):
        get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet", validate=False, **options)


def test_the_decoding_plugin_tells_what_is_wrong():
    _, ds = compressed(1, 4, 5)
    ds.Rows = 5
    with dicomet.install(), pytest.raises(RuntimeError, match=r"dicomet: .*segment 0: the RLE segment gives 20 of 25"):
        get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet")
    ds.Rows = 3
    given, said, _ = outcome(
        lambda: [dicomet.install(), get_decoder(RLELossless).as_array(ds, decoding_plugin="dicomet")][1]
    )
    dicomet.uninstall()
    assert given[0][2] == (3, 5)
    assert any("left in the RLE segment behind the 15" in message[1] for message in said)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_compress(bits, samples):
    values = smooth(2, 30, 40 * samples).astype(f"u{bits // 8}")
    values = values.reshape(2, 30, 40, 3) if samples == 3 else values
    by = {}
    for plugin in ("dicomet", "", "pydicom"):
        ds = dataset(values, "RGB" if samples == 3 else "MONOCHROME2", frames=2)
        with dicomet.install():
            ds.compress(RLELossless, encoding_plugin=plugin, generate_instance_uid=False)
        by[plugin] = ds.PixelData
        assert np.array_equal(ds.pixel_array, values)
    assert by[""] == by["dicomet"]
    assert len(by["dicomet"]) <= len(by["pydicom"])


def test_encoder_refuses_what_it_does_not_know():
    ds = dataset(smooth(1, 8, 8)[0])
    with dicomet.install(), pytest.raises(RuntimeError, match="dicomet: the option byteorder"):
        ds.compress(RLELossless, encoding_plugin="dicomet", byteorder=">")


@needs_pylibjpeg_rle
def test_pylibjpeg_finds_the_entry_point(monkeypatch):
    values, ds = compressed(1, 20, 30)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    found = get_pixel_data_decoders(version=2)[RLELossless]
    assert found[min(found)] is decode_pixel_data
    options = {"rows": 20, "columns": 30, "samples_per_pixel": 1, "bits_allocated": 16}
    expected = rle.utils.decode_pixel_data(frame, version=2, **options)
    monkeypatch.setitem(sys.modules, "rle.utils", None)
    assert decode_pixel_data(frame, version=2, **options) == expected
    with pytest.raises(ImportError, match="needs pylibjpeg-rle"):
        decode_pixel_data(frame + b"\0\0", version=2, **options)
    monkeypatch.undo()
    monkeypatch.setenv("DICOMET", "0")
    monkeypatch.setattr(rle.utils, "decode_pixel_data", lambda *_args, **_options: "by pylibjpeg-rle")
    assert decode_pixel_data(frame, version=2, **options) == "by pylibjpeg-rle"
    assert values.any()


@needs_pylibjpeg_rle
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"byteorder": ">"},
        {"bits_allocated": 8},
        {"bits_allocated": 1},
        {"bits_allocated": 12},
        {"samples_per_pixel": 3},
        {"samples_per_pixel": None},
        {"rows": 21},
        {"rows": 20.0},
        {"columns": -30},
        {"columns": 2**40},
        {"version": 1},
        {"src": b""},
        {"src": bytearray(b"abc")},
    ],
    ids=str,
)
def test_pylibjpeg_gets_what_pylibjpeg_rle_gives(change):
    _, ds = compressed(1, 20, 30)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    options = {"rows": 20, "columns": 30, "samples_per_pixel": 1, "bits_allocated": 16, "version": 2, **change}
    src = options.pop("src", frame)
    ours = outcome(lambda: decode_pixel_data(src, ds, **options))
    theirs = outcome(lambda: rle.utils.decode_pixel_data(src, ds, **options))
    assert ours == theirs


def test_public_names_are_listed_before_they_are_imported():
    run = run_python("-c", "import dicomet; print({'install', 'pixel_array'} <= set(dir(dicomet)))")
    assert run.stdout == "True\n"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dicomet.nonsense
    assert isinstance(dicomet, types.ModuleType)
    assert Path(dicomet.__file__).exists()
