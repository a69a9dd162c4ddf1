"""Run the test suites of pydicom and highdicom as they are, without and with dicomet.install(), and compare.

Every test must have the same outcome in both runs, for the same reason and with the same warnings. Both run at once,
each with a home, a temporary folder and a copy of the suite and of its package: pydicom's tests write beside its files.
"""

import argparse
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from report_plugin import SEVERITY

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from data_folder import PYDICOM_REPOSITORY  # noqa: E402 - after the path

SIDES = ("without", "dicomet")
"""Names of equal length, because pytest leaves long paths out of the names of tests."""


@dataclass(frozen=True)
class Suite:
    """The tests of a source distribution. Paths are relative to it."""

    package: str
    version: str
    tests: tuple[str, ...]
    quick: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    """Files of tests, and why they are left out."""
    slow: dict[str, str] = field(default_factory=dict)
    """Tests that `--quick` leaves out as well, and why."""
    unstable: dict[str, str] = field(default_factory=dict)
    """Tests whose result differs from run to run without dicomet too, and why. They are run, but not compared."""
    prepare: str | None = None
    """A script that adds what the source distribution lacks."""

    @property
    def name(self) -> str:
        """The folder that the source distribution holds."""
        return f"{self.package}-{self.version}"


_LEGACY = (
    "numpy_pixel_data rle_pixel_data gdcm_pixel_data pillow_pixel_data pylibjpeg jpeg_ls_pixel_data "
    "JPEG_LS_transfer_syntax handler_util overlay_np encaps"
)

SUITES = {
    "pydicom": Suite(
        "pydicom",
        "3.0.2",
        tests=("tests",),
        quick=("tests/pixels", *(f"tests/test_{name}.py" for name in _LEGACY.split())),
        left_out={"tests/test_data_manager.py": "downloads"},
        slow={"tests/pixels/test_utils.py::TestDecompress::test_too_long_raises": "makes 4 GiB of pixel data"},
    ),
    "highdicom": Suite(
        "highdicom",
        "0.28.2",
        tests=("tests",),
        quick=tuple(f"tests/test_{name}.py" for name in ("frame", "image", "io", "pm", "use", "volume")),
        left_out={
            "tests/test_itk.py": "needs itk, and downloads",
            "tests/test_nib.py": "needs nibabel, and downloads",
            "tests/test_sitk.py": "needs SimpleITK, and downloads",
        },
        prepare="highdicom_files.py",
    ),
}


def main():
    """Run the requested suites. The exit code is 1 if dicomet changes anything or was never used."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; without any: all")
    parser.add_argument("--quick", action="store_true", help="only the tests that are about pixel data")
    parser.add_argument("--cache", type=Path, help="a folder that keeps the source distributions")
    args = parser.parse_args()
    if unknown := set(args.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    if not PYDICOM_REPOSITORY.is_dir():
        print(f"SKIPPED: pydicom's suite needs files that no package contains; there is no {PYDICOM_REPOSITORY}")
        return 0
    with tempfile.TemporaryDirectory(prefix="suites-") as work:
        equal = [run(SUITES[name], args, Path(work) / name) for name in args.suites or SUITES]
    return 0 if all(equal) else 1


def run(suite, args, work):
    """Run a suite twice and return whether the results are the same."""
    if (installed := importlib.metadata.version(suite.package)) != suite.version:
        sys.exit(f"{suite.package} {installed} is installed, but the tests are those of {suite.version}")
    print(f"== {suite.package} {suite.version}{', quick' if args.quick else ''}", flush=True)
    work.mkdir()
    unpack(suite, source(suite, args.cache or work), work)
    start = time.monotonic()
    processes = [start_tests(suite, work / side, quick=args.quick) for side in SIDES]
    for side, process in zip(SIDES, processes, strict=True):
        if process.wait() not in (0, 1):  # 1: some tests failed
            sys.exit(f"pytest ended with {process.returncode}:\n{(work / side / 'log').read_text()[-4000:]}")
    return report(suite, work, time.monotonic() - start)


def source(suite, folder):
    """Return the source distribution, downloaded if it is not there."""
    path = folder / f"{suite.name}.tar.gz"
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--no-binary", suite.package, "--dest", folder, f"{suite.package}=={suite.version}"]
        subprocess.run([*pip, *wanted], check=True)
    return path


def unpack(suite, archive, work):
    """Give each of the two runs a folder with the suite, a home with the files, and room for temporary files."""
    for side in SIDES:
        folder = work / side
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        (folder / "tmp").mkdir()
        shutil.copytree(PYDICOM_REPOSITORY, folder / "home" / ".pydicom" / "data")
    if suite.prepare:
        subprocess.run(
            [sys.executable, HERE / suite.prepare, *(work / side / suite.name for side in SIDES)], check=True
        )


def start_tests(suite, folder, *, quick):
    """Start pytest in the unpacked suite, with dicomet if the folder's name says so."""
    plugins = ["-p", "pyfakefs.pytest_plugin", "-p", "report_plugin", f"--outcomes={folder / 'outcomes.json'}"]
    if folder.name == "dicomet":
        plugins += ["-p", "with_dicomet", f"--dicomet-stats={folder / 'stats.json'}"]
    leave_out = [f"--ignore={path}" for path in suite.left_out]
    if quick:
        leave_out += [f"--deselect={test}" for test in suite.slow]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins, *leave_out]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [*command, *(suite.quick if quick else suite.tests)],
            cwd=folder / suite.name,
            env=environment(folder, folder / suite.name / "src"),
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def environment(folder, package):
    """Return variables under which both runs collect the same tests, with the same names and in the same order."""
    unset = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYDICOM_FUTURE", "DICOMET")
    # Without: nor as a plugin of pylibjpeg's, which needs no call.
    switch = {"DICOMET": "0"} if folder.name == "without" else {}
    path = [str(HERE), str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {key: value for key, value in os.environ.items() if key not in unset} | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **switch,
    }


def report(suite, work, seconds):
    """Print counts, differences and what dicomet did, and return whether all is well."""
    without, with_dicomet = (outcomes(work / side) for side in SIDES)
    for side, tests in zip(SIDES, (without, with_dicomet), strict=True):
        counts = Counter(test["outcome"] for test in tests.values())
        print(f"{side}: {', '.join(f'{counts[name]} {name}' for name in SEVERITY[1:] if counts[name])}")
    for name, why in suite.unstable.items():
        print(f"not compared: {name}: {why}")
    found = differences(without, with_dicomet, suite.unstable)
    print(f"{seconds:.0f} s, {len(found)} differences", *found, sep="\n")
    stats = json.loads((work / "dicomet" / "stats.json").read_text())
    print(stats["text"])
    if not stats["taken"]:
        print("dicomet decoded nothing: the comparison says nothing")
    return not found and bool(stats["taken"])


def outcomes(folder):
    """Return what became of every test of a run, without what differs from run to run."""
    return json.loads(normalized((folder / "outcomes.json").read_text(), folder))


def normalized(text, folder):
    """Replace folders, addresses, names of temporary files and generated UIDs."""
    text = text.replace(str(folder), "")
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x", text)
    text = re.sub(r"\btmp\w{8}\b", "tmp", text)
    return re.sub(r"\b(2\.25|1\.2\.826\.0\.1\.3680043\.(8\.498|10\.511))(\.\d+)+", r"\1.", text)


def differences(without, with_dicomet, unstable=()):
    """Return a text for every test that is not the same in both."""
    names = dict.fromkeys([*without, *with_dicomet])
    return [
        f"{name}\n{difference(without.get(name, {}), with_dicomet.get(name, {}))}"
        for name in names
        if name not in unstable and without.get(name) != with_dicomet.get(name)
    ]


def difference(without, with_dicomet):
    """Return a text of what is not the same: the outcome, its reasons, the warnings or the properties."""
    keys = [key for key in {**without, **with_dicomet} if without.get(key) != with_dicomet.get(key)]
    return "\n".join(
        f"  {key:>10} {side}: {str(test.get(key))[:1000]}"
        for key in keys
        for side, test in zip(SIDES, (without, with_dicomet), strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
