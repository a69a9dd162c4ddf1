"""Build wheels as they are released, and check wheels and source distributions before they are.

Usage: python tools/wheels.py build [--target TARGET] [--python PYTHON] [--out FOLDER]
       python tools/wheels.py check FILE ...
       python tools/wheels.py reproduce SDIST WHEEL

`build` builds this checkout for a target of Rust (default: this machine's), with abi3 or, if PYTHON has no GIL, for
that version alone. Linux wheels are linked by zig for the oldest glibc that Rust supports. The bytes of a wheel depend
on the sources and the tools, not on folders. `check` tests tags, symbols, contents, metadata and size. `reproduce`
builds a source distribution without network and without the crates of this machine, and compares the result with a
wheel that `build` made. The exit status is 1 if something is wrong. The tools are those of `release-requirements.txt`.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
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


def build_environment(sources: Path | None = None) -> dict[str, str]:
    """Return the environment of a build: panic messages name crates without the folders of this machine.

    `sources` has the sources of the crates; by default they are where cargo unpacks them.
    """
    if sources is None:
        home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
        folders = sorted((home / "registry/src").glob("*"))
    else:
        folders = [sources]
    flags = [f"--remap-path-prefix={folder}=crates" for folder in folders]
    return {**os.environ, "CARGO_INCREMENTAL": "0", "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)}


def build(
    target: str,
    out: Path,
    *,
    python: str | None = None,
    checkout: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Build a wheel of `checkout` into the folder `out`, in the environment of `build_environment` by default."""
    if environment is None:
        # The folder of the crates must exist before it gets another name.
        subprocess.run(["cargo", "fetch", "--locked", "--target", target], cwd=checkout, check=True)
        environment = build_environment()
    command = ["maturin", "build", "--release", "--locked", "--target", target, "--out", str(out)]
    if "linux" in target:
        command += ["--zig", "--compatibility", COMPATIBILITY[target.rsplit("-", 1)[1]]]
    if python is not None:
        command += ["--interpreter", python]
    subprocess.run(command, cwd=checkout, env=environment, check=True)


def reproduce(sdist: Path, wheel: Path) -> list[str]:
    """Build a source distribution offline from vendored crates; return how its wheel differs from `wheel`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (checkout,) = folder.iterdir()
        vendored = subprocess.run(
            ["cargo", "vendor", "--locked", "--versioned-dirs"],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=True,
        )
        (checkout / ".cargo").mkdir()
        (checkout / ".cargo/config.toml").write_text(vendored.stdout, encoding="utf-8")
        (folder / "home").mkdir()
        environment = build_environment(checkout / "vendor")
        environment |= {"CARGO_HOME": str(folder / "home"), "CARGO_NET_OFFLINE": "true"}
        environment.pop("CARGO_TARGET_DIR", None)
        started = time.monotonic()
        build(host_target(), folder / "dist", checkout=checkout, environment=environment)
        print(f"built in {time.monotonic() - started:.0f} s with an empty cargo home, offline")
        (built,) = (folder / "dist").iterdir()
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
    build(arguments.target or host_target(), arguments.out, python=arguments.python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
