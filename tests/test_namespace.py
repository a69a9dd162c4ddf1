"""What a user finds by completion, attribute access and `repr`."""

import inspect
import re
import subprocess
import sys

import pydicom
import pytest
from files import ROOTS

import dicomet

MODULES = {"dask", "info", "keras", "monai", "tf", "torch"}
PACKAGES = {"torch": "torch", "monai": "monai", "tf": "tensorflow", "keras": "keras", "dask": "dask"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def test_only_public_names_are_listed():
    # Also after much has been imported.
    dicomet.pixel_array(ROOTS["pydicom"] / "CT_small.dcm")
    assert set(dir(dicomet)) == {*dicomet.__all__, *MODULES}
    assert set(run("import dicomet; print(*dir(dicomet))").split()) == set(dir(dicomet))
    assert all(not name.startswith("_") or name == "__version__" for name in dir(dicomet))


def test_modules_are_imported_on_first_access():
    code = (
        "import sys, dicomet; {}; print('dicomet.info' in sys.modules, 'torch' in sys.modules, 'dask' in sys.modules)"
    )
    assert run(code.format("dir(dicomet)")) == "False False False"
    assert run(code.format("dicomet.info.describe")) == "True False False"
    assert dicomet.info.describe(ROOTS["pydicom"] / "CT_small.dcm")["Rows"] == 128


@pytest.mark.parametrize("module", PACKAGES)
def test_a_missing_framework(module):
    """The message says what to install; `hasattr` and `help` go on."""
    code = (
        f"import sys; sys.modules[{PACKAGES[module]!r}] = None; import dicomet, inspect\n"
        f"print(hasattr(dicomet, {module!r}), dict(inspect.getmembers(dicomet))['pixel_array'].__name__)\n"
        f"try: dicomet.{module}\n"
        "except AttributeError as error: print(error)\n"
        f"try: from dicomet import {module}\n"
        "except ModuleNotFoundError as error: print(error.name)\n"
    )
    first, message, name = run(code).splitlines()
    assert first == "False pixel_array"
    assert re.fullmatch(
        rf"dicomet\.{module} needs \w+: pip install '\.\[{module}\]' .*'dicomet\[{module}\]'\)", message
    )
    assert name.split(".")[0] == PACKAGES[module]


def test_what_does_not_exist():
    with pytest.raises(AttributeError, match="has no attribute 'pixel_aray'"):
        dicomet.pixel_aray  # noqa: B018
    assert not hasattr(dicomet, "_module_that_is_none")


def test_all_names_can_be_had():
    for name in dicomet.__all__:
        assert getattr(dicomet, name)


def test_a_star_import_imports_no_framework():
    code = (
        "from dicomet import *; import sys; print({'torch', 'tensorflow', 'keras', 'dask', 'monai'} & {*sys.modules})"
    )
    assert run(code) == "set()"


def test_representations_identify_no_patient(tmp_path):
    """Neither by elements nor by the name of the file."""
    path = tmp_path / "DOE^JANE.dcm"
    path.write_bytes((ROOTS["pydicom"] / "CT_small.dcm").read_bytes())
    with dicomet.open(path) as image:
        opened = repr(image)
    described = [opened, repr(image), repr(dicomet.install()), repr(dicomet.stats())]
    dicomet.uninstall()
    assert opened == "<dicomet.OpenImage, 1 x (128, 128) int16>"
    data = pydicom.dcmread(path)
    secrets = {"DOE", str(data.PatientName), data.PatientID, data.SOPInstanceUID}
    for text in described:
        assert " object at 0x" not in text
        assert not any(secret in text for secret in secrets)


def test_public_classes_have_representations():
    for name in dicomet.__all__:
        found = getattr(dicomet, name)
        if inspect.isclass(found) and name != "DecodingOptions":
            assert found.__repr__ is not object.__repr__
