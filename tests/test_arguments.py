"""Names of arguments: unknown ones are errors, at run time and for type checkers; and what is no list of sources."""

import inspect
import io
import os
import subprocess
import sys

import pydicom
import pytest
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels.decoders.base import DecodeOptions

import dicomet
from dicomet._decoding.options import OPTION_NAMES, argument_names
from dicomet.loaders.reader_options import ReaderOptions, check_reader_options

CT = ROOTS["pydicom"] / "CT_small.dcm"
OF_IMAGES = (
    *("pixel_array", "iter_pixels", "open", "pixel_arrays", "to_display", "modality_values"),
    *("overlays", "real_world_values", "decode_frame"),
)
FUNCTIONS = (*OF_IMAGES, "convert_file")
FIRST = {"pixel_arrays": [["nowhere.dcm"]], "convert_file": ["nowhere.dcm", "nowhere.png"]}
# One that changes nothing of a CT slice, of every option.
HARMLESS = {
    "bits_allocated": 16,
    "bits_stored": 16,
    "columns": 128,
    "number_of_frames": 1,
    "photometric_interpretation": "MONOCHROME2",
    "pixel_keyword": "PixelData",
    "pixel_representation": 1,
    "planar_configuration": 0,
    "rows": 128,
    "samples_per_pixel": 1,
    "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    "extended_offsets": ([0], [1]),
    "pixel_vr": "OW",
    "allow_excess_frames": False,
    "correct_unused_bits": True,
    "view_only": False,
    "be_swap_ow": False,
    "rle_segment_order": ">",
    "byteorder": "<",
    "apply_jls_sign_correction": True,
    "apply_j2k_sign_correction": True,
    "as_rgb": True,
    "force_rgb": False,
    "force_ybr": False,
    "reduce": 0,
    "on_truncation": "error",
    "use_pdh": False,
}


@st.composite
def slips(draw) -> tuple[str, str, str]:
    """A function, one of the names that it has, and the name with one letter too few, too many, or two exchanged."""
    function = draw(st.sampled_from(FUNCTIONS))
    names = argument_names(getattr(dicomet, function))
    name = draw(st.sampled_from(sorted(name for name in names if len(name) > 3)))
    place = draw(st.integers(0, len(name) - 2))
    rest = name[place + 2 :]
    slip = name[:place] + draw(
        st.sampled_from(
            [name[place + 1] + rest, name[place : place + 2] + "x" + rest, name[place + 1] + name[place] + rest]
        )
    )
    return function, name, slip


@given(slips())
def test_a_slip_is_an_error_that_names_the_nearest_argument(case):
    function, name, slip = case
    if slip in argument_names(getattr(dicomet, function)):
        return
    # From the call itself, before the file is looked for.
    with pytest.raises(TypeError, match=rf"^{function}\(\) has no argument '{slip}', did you mean '\w+'\?$") as raised:
        getattr(dicomet, function)(*FIRST.get(function, ["nowhere.dcm"]), **{slip: None})
    near = str(raised.value).split("'")[3]
    assert near in argument_names(getattr(dicomet, function))
    # Sometimes another name is as near.
    assert near == name or abs(len(near) - len(name)) <= 2


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("given_", "says"),
    [("Rows", "did you mean"), ("zzz", "has no argument 'zzz'$"), ("self", "has no argument 'self'")],
)
def test_names_that_are_hardly_like_any(function, given_, says):
    if function == "convert_file" and given_ == "Rows":
        return
    with pytest.raises(TypeError, match=says):
        getattr(dicomet, function)(*FIRST.get(function, ["nowhere.dcm"]), **{given_: 1})


def test_the_options_are_those_of_pydicom():
    assert DecodeOptions.__annotations__.keys() | {"use_pdh", "reduce", "on_truncation"} == OPTION_NAMES
    assert HARMLESS.keys() == OPTION_NAMES
    for function in OF_IMAGES:
        assert argument_names(getattr(dicomet, function)) > OPTION_NAMES
    assert not argument_names(dicomet.convert_file) & OPTION_NAMES


@pytest.mark.parametrize("name", HARMLESS)
def test_each_option_is_taken(name):
    option = {name: HARMLESS[name]}
    expected = pydicom.dcmread(CT).pixel_array
    arrays = [
        dicomet.pixel_array(CT, **option),
        next(dicomet.iter_pixels(CT, **option)),
        dicomet.open(CT, **option)[0],
        next(dicomet.pixel_arrays([CT], **option)),
    ]
    assert all((array == expected).all() for array in arrays)
    assert dicomet.to_display(CT, **option).shape == expected.shape
    assert (dicomet.modality_values(CT, **option) == expected.astype(int) - 1024).all()


def test_arguments_of_other_functions():
    for name in ("index", "indices", "out", "ds_out", "specific_tags"):
        with pytest.raises(TypeError, match=rf"open\(\) has no argument '{name}'"):
            dicomet.open(CT, **{name: None})
    with pytest.raises(TypeError, match=r"iter_pixels\(\) has no argument 'index', did you mean 'indices'\?"):
        dicomet.iter_pixels(CT, index=0)
    with pytest.raises(TypeError, match=r"OpenImage\(\) has no argument 'workes', did you mean 'workers'\?"):
        dicomet.OpenImage(CT, workes=1)


def test_the_functions_are_as_they_are_written():
    for function in FUNCTIONS:
        found = getattr(dicomet, function)
        assert found.__name__ == function
        assert found.__doc__
        parameters = inspect.signature(found).parameters.values()
        assert [one.name for one in parameters if one.kind is one.VAR_POSITIONAL] == []


# Loaders pass options on


@pytest.mark.parametrize(
    ("values", "option", "says"),
    [
        ("stored", "window", r"^f\(values='stored'\) has no argument 'window', which is for values='display'$"),
        ("stored", "dtype", "which is for values='display' or 'modality'$"),
        ("display", "raw", "which is for values='stored'$"),
        ("display", "windw", r"^f\(\) has no argument 'windw', did you mean 'window'\?$"),
        ("modality", "chnks", r"did you mean 'chunks'\?$"),
        ("stored", "index", r"has no argument 'index'"),
        ("stored", "out", r"has no argument 'out'"),
    ],
)
def test_options_of_loaders(values, option, says):
    with pytest.raises(TypeError, match=says):
        check_reader_options("f", {option: None}, values, frozenset({"chunks"}))


@pytest.mark.parametrize(("values", "function"), [("stored", "pixel_array"), ("display", "to_display")])
def test_loaders_take_what_the_function_takes(values, function):
    taken = argument_names(getattr(dicomet, function)) - {"src", "index", "out", "ds_out", "specific_tags"}
    check_reader_options("f", dict.fromkeys(taken), values, frozenset())
    assert taken <= ReaderOptions.__annotations__.keys()


# Type checkers

SNIPPET = """\
import dicomet
import numpy as np

dicomet.pixel_array("x", rows=1, view_only=True, index=-1)
dicomet.to_display("x", window=(40, 400), force_rgb=True)
options: dicomet.DecodingOptions = {"rows": 1}
for frame in dicomet.iter_pixels("x", indices=[0], **options):
    array: np.ndarray = frame
with dicomet.open("x", as_rgb=False) as image:
    image[0]
for array in dicomet.pixel_arrays(["x"], allow_excess_frames=True):
    pass
dicomet.info.describe("x")

dicomet.pixel_array("x", indx=0)
dicomet.pixel_array("x", dtype="int16")
dicomet.pixel_array("x", rows="1")
dicomet.iter_pixels("x", index=0)
dicomet.open("x", index=0)
dicomet.pixel_arrays(["x"], indx=0)
dicomet.to_display("x", windw=1)
dicomet.modality_values("x", as_rbg=True)
dicomet.convert_file("x", "y", frame=0)
"""


def test_type_checkers_refuse_the_same(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed: pip install mypy")
    (tmp_path / "snippet.py").write_text(SNIPPET)
    environment = {**os.environ, "MYPYPATH": ""}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "snippet.py"]
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    refused = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error: " in line}
    lines = SNIPPET.splitlines()
    assert refused == set(range(lines.index("") + 1, len(lines) + 1)) - set(range(3, 15)), done.stdout + done.stderr


# A list of sources


@pytest.mark.parametrize(
    "sources",
    [
        "folder/x",
        CT,
        str(CT),
        b"folder/x",
        bytearray(b"x"),
        memoryview(b"x"),
        io.BytesIO(b"x"),
        pydicom.Dataset(),
        3,
        None,
    ],
    ids=lambda sources: type(sources).__name__,
)
def test_one_source_is_no_list_of_sources(sources):
    # From the call itself, like the names of arguments.
    found = type(sources).__name__
    with pytest.raises(TypeError, match=rf"^'sources': found {found}, expected an iterable of sources"):
        dicomet.pixel_arrays(sources)


def test_lists_of_sources():
    for sources in ([CT], (CT,), {CT}, iter([CT]), (path for path in [CT]), {CT: 1}, map(str, [CT])):
        (array,) = dicomet.pixel_arrays(sources)
        assert array.shape == (128, 128)
    assert list(dicomet.pixel_arrays([])) == []
