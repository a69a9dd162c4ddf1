"""Build wheels as they are released, and check wheels and source distributions before they are.

Usage: python tools/wheels.py build [--target TARGET] [--python PYTHON] [--out FOLDER]
       python tools/wheels.py check FILE ...
       python tools/wheels.py reproduce SDIST WHEEL

`build` builds the source distribution of this checkout for a target of Rust (default: this machine's), with abi3 or, if
PYTHON has no GIL, for that version alone. It compiles in a folder that is always the same, without the crates of this
machine, so that wheels depend on the sources and the tools alone. Linux wheels are linked by zig for the oldest glibc
that Rust supports. `check` tests tags, symbols, contents, metadata and size. `reproduce` builds a source distribution
in the same way, and compares the result with a wheel. The exit status is 1 if something is wrong. The tools are those
of `release-requirements.txt`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_WHEEL_BYTES = 6_000_000
COMPATIBILITY = {"gnu": "manylinux_2_17", "musl": "musllinux_1_2"}
"""The oldest C library of wheels for Linux, by the last part of the target: Rust itself needs glibc 2.17."""
LICENSE_FILES = ("LICENSE", "THIRD-PARTY-LICENSES.md")


def host_target() -> str:
    """Return the target that rustc compiles for on this machine."""
    done = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True)
    found = re.search(r"^host: (\S+)$", done.stdout, re.MULTILINE)
    assert found is not None  # noqa: S101 - rustc always names it
    return found[1]


BUILD_FOLDER = Path("/tmp/dicomet-build" if os.name == "posix" else f"{tempfile.gettempdir()}/dicomet-build")  # noqa: S108
"""Where wheels are compiled: always the same folder, because its name may have an influence on the code."""


@contextmanager
def unpacked(sdist: Path) -> Iterator[Path]:
    """Unpack a source distribution into `BUILD_FOLDER`, with the sources of all crates, and remove it afterwards.

    Raises
    ------
    FileExistsError
        Another build runs, or has been killed.

    """
    BUILD_FOLDER.mkdir(mode=0o700)
    try:
        with tarfile.open(sdist) as archive:
            archive.extractall(BUILD_FOLDER, filter="data")
        (checkout,) = BUILD_FOLDER.iterdir()
        vendor = ["cargo", "vendor", "--locked", "--versioned-dirs"]
        vendored = subprocess.run(vendor, cwd=checkout, capture_output=True, text=True, check=True)
        (checkout / ".cargo").mkdir()
        (checkout / ".cargo/config.toml").write_text(vendored.stdout, encoding="utf-8")
        yield checkout
    finally:
        shutil.rmtree(BUILD_FOLDER)


def build(sdist: Path, out: Path, *, target: str | None = None, python: str | None = None) -> None:
    """Build a wheel of a source distribution into the folder `out`, offline and with an empty cargo home."""
    target = target or host_target()
    with unpacked(sdist.resolve()) as checkout:
        environment = {
            **os.environ,
            "CARGO_HOME": str(BUILD_FOLDER / "home"),
            "CARGO_INCREMENTAL": "0",
            "CARGO_NET_OFFLINE": "true",
            # Panic messages name crates without the folders of this machine.
            "CARGO_ENCODED_RUSTFLAGS": f"--remap-path-prefix={checkout / 'vendor'}=crates",
        }
        environment.pop("CARGO_TARGET_DIR", None)
        command = ["maturin", "build", "--release", "--locked", "--target", target, "--out", str(out.resolve())]
        if "linux" in target:
            command += ["--zig", "--compatibility", COMPATIBILITY[target.rsplit("-", 1)[1]]]
        if python is not None:
            command += ["--interpreter", python]
        started = time.monotonic()
        subprocess.run(command, cwd=checkout, env=environment, check=True)
        print(f"built in {time.monotonic() - started:.0f} s with an empty cargo home, offline")


def build_sdist(out: Path) -> Path:
    """Build the source distribution of this checkout into the folder `out`, which has no other, and return its path."""
    subprocess.run(["maturin", "sdist", "--out", str(out)], cwd=ROOT, check=True)
    (sdist,) = out.glob("*.tar.gz")
    return sdist


def reproduce(sdist: Path, wheel: Path) -> list[str]:
    """Build a source distribution; return how its wheel differs from `wheel`."""
    with tempfile.TemporaryDirectory() as folder:
        build(sdist, Path(folder))
        (built,) = Path(folder).iterdir()
        if built.read_bytes() == wheel.read_bytes():
            return []
        with zipfile.ZipFile(built) as first, zipfile.ZipFile(wheel) as second:
            names = sorted({*first.namelist(), *second.namelist()})
            contents = [
                [archive.read(name) if name in archive.namelist() else None for name in names]
                for archive in (first, second)
            ]
        different = [name for name, one, other in zip(names, *contents, strict=True) if one != other]
        return [f"{sdist.name}: its wheel differs from {wheel.name} in {', '.join(different) or 'attributes of files'}"]


def run_tool(*command: str) -> list[str]:
    """Run a tool; return its output as a finding if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [f"{' '.join(command)}\n{done.stdout}{done.stderr}"] if done.returncode else []


def check_contents(wheel: Path) -> list[str]:
    """Return what is wrong with the files in a wheel."""
    found = []
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        found += [
            f"{wheel.name}: found no {file}, expected it in .dist-info/licenses"
            for file in LICENSE_FILES
            if not any(name.endswith(f".dist-info/licenses/{file}") for name in names)
        ]
        if not any(".dist-info/sboms/" in name and name.endswith(".cyclonedx.json") for name in names):
            found.append(f"{wheel.name}: found no bill of materials, expected one in .dist-info/sboms")
        folders = {str(Path.home()), str(ROOT)}
        for name in names:
            if name.endswith((".so", ".pyd")):
                binary = archive.read(name)
                found += [f"{name}: contains the path {path}" for path in sorted(folders) if path.encode() in binary]
    return found


def check_tag(wheel: Path) -> list[str]:
    """Return what auditwheel finds if a wheel for Linux needs a newer C library than its name says."""
    done = subprocess.run(["auditwheel", "show", str(wheel)], capture_output=True, text=True, check=False)
    pattern = r"(?:many|musl)linux_(\d+)_(\d+)_"
    needed = re.search(rf'following\s+platform\s+tag:\s+"{pattern}', done.stdout)
    promised = re.search(pattern, wheel.name)
    if needed is None or promised is None:
        return [f"{wheel.name}: auditwheel found no version of a C library\n{done.stdout}{done.stderr}"]
    if [int(part) for part in needed.groups()] > [int(part) for part in promised.groups()]:
        return [f"{wheel.name}: auditwheel found a need of version {'.'.join(needed.groups())} of the C library"]
    return []


def check_wheel(wheel: Path) -> list[str]:
    """Return what is wrong with a wheel."""
    found = check_contents(wheel) + run_tool("check-wheel-contents", str(wheel))
    size = wheel.stat().st_size
    if size > MAX_WHEEL_BYTES:
        found.append(f"{wheel.name}: found {size} bytes, expected at most {MAX_WHEEL_BYTES}")
    if "-abi3-" in wheel.name:
        found += run_tool("abi3audit", "--strict", str(wheel))
    if "linux" in wheel.name and sys.platform == "linux":
        found += check_tag(wheel)
    return found


def check(packages: Sequence[Path]) -> int:
    """Print what is wrong with wheels and source distributions, and return the exit status."""
    found = run_tool("twine", "check", "--strict", *map(str, packages))
    for package in packages:
        print(f"{package.name}: {package.stat().st_size / 1e6:.2f} MB")
        if package.suffix == ".whl":
            found += check_wheel(package)
    print("\n".join(found) or f"{len(packages)} packages: nothing found")
    return 1 if found else 0


def main() -> int:
    """Run the command, and return the exit status."""
    parser = argparse.ArgumentParser(description="Build and check wheels.")
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="build a wheel")
    builder.add_argument("--target", default=None, help="target of Rust; default: this machine's")
    builder.add_argument("--python", help="an interpreter, for one without a GIL")
    builder.add_argument("--out", type=Path, default=ROOT / "dist")
    checker = commands.add_parser("check", help="check wheels and source distributions")
    checker.add_argument("packages", nargs="+", type=Path)
    reproducer = commands.add_parser("reproduce", help="build a source distribution offline, and compare with a wheel")
    reproducer.add_argument("sdist", type=Path)
    reproducer.add_argument("wheel", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "check":
        return check(arguments.packages)
    if arguments.command == "reproduce":
        found = reproduce(arguments.sdist, arguments.wheel)
        print("\n".join(found) or f"{arguments.wheel.name}: reproduced")
        return 1 if found else 0
    with tempfile.TemporaryDirectory() as folder:
        build(build_sdist(Path(folder)), arguments.out, target=arguments.target, python=arguments.python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
