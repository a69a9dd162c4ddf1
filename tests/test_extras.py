"""What is said where a framework is not installed."""

import subprocess
import sys

import pytest

from dicomet._utils.extras import install_command


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("torch", "torch", "torch"),
        ("monai", "monai", "monai"),
        ("tf", "tensorflow", "tf"),
        ("keras", "keras", "keras"),
        ("dask", "dask", "dask"),
    ],
)
def test_a_missing_framework_names_its_extra(module, package, extra):
    code = f"import sys; sys.modules[{package!r}] = None; import dicomet.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ModuleNotFoundError: dicomet.{module} needs ")
    assert last.endswith(f": {install_command(extra)}")
