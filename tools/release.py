"""The release checklist, as far as a script can follow it (RELEASING.md has the rest).

Usage: python tools/release.py check [STEP ...] [--dist FOLDER] [--python INTERPRETER ...]
       python tools/release.py recipe SDIST

`check` runs the named steps, or all, in the order of their price, and names what is wrong in each; the exit status is 1
if something is. `recipe` sets version and hash of the conda recipe to those of a source distribution.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import wheels

ROOT = wheels.ROOT
MANIFEST = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
VERSION: str = MANIFEST["workspace"]["package"]["version"]
RECIPE = ROOT / "conda/recipe.yaml"
OLDEST_MINOR, NEWEST_MINOR = 11, 15
"""Versions of CPython 3 that are looked for."""
CRATE_FILES = ("Cargo.toml", "LICENSE", "README.md", "src/lib.rs")


class Options(NamedTuple):
    """What the steps need."""

    dist: Path
    pythons: Sequence[str]


def single(pattern: str, path: Path) -> str:
    """Return the group of `pattern` in a file that has it once."""
    found = re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[0] if len(found) == 1 else f"{len(found)} versions"


def different_versions() -> list[str]:
    """Return the places that name another version than Cargo.toml."""
    places = {
        "CITATION.cff": single(r"^version: (\S+)$", ROOT / "CITATION.cff"),
        "conda/recipe.yaml": single(r'^  version: "(\S+)"$', RECIPE),
        "CHANGELOG.md, the first heading": re.findall(
            r"^## (\S+) \(", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
        )[0],
    }
    dependencies = MANIFEST["workspace"]["dependencies"]
    places |= {f"Cargo.toml, {name}": dependency["version"] for name, dependency in dependencies.items()}
    return [f"{place}: found {version}, expected {VERSION}" for place, version in places.items() if version != VERSION]


def check_versions(_: Options) -> list[str]:
    """Versions agree, the changelog has a date, the repository has an address and no changes."""
    found = different_versions()
    if f"## {VERSION} (unreleased)" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        found.append(f"CHANGELOG.md: found {VERSION} (unreleased), expected a date")
    found += [
        f"{manifest.relative_to(ROOT)}: found no repository, expected the address of the public one"
        for manifest in (ROOT / "Cargo.toml", *sorted(ROOT.glob("rust/*/Cargo.toml")))
        if not re.search(r"^repository(?:\.workspace)? = ", manifest.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    changes = subprocess.run(["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [*found, *(f"git: not committed: {line.strip()}" for line in changes.splitlines())]


def check_licenses(_: Options) -> list[str]:
    """Every license that is linked is allowed and listed; cargo deny agrees."""
    found = wheels.run_tool(sys.executable, str(ROOT / "tools/licenses.py"), "--check")
    for manifest in ("Cargo.toml", "fuzz/Cargo.toml"):
        deny = ["cargo", "deny", "--manifest-path", str(ROOT / manifest), "--config", str(ROOT / "deny.toml")]
        found += wheels.run_tool(*deny, "check", "bans", "licenses", "sources")
    return found


def check_crates(_: Options) -> list[str]:
    """Every crate that is published compiles from its package, which has the files that a user expects."""
    with tempfile.TemporaryDirectory() as target:
        environment = {**os.environ, "CARGO_TARGET_DIR": target}
        command = ["cargo", "publish", "--dry-run", "--workspace", "--locked"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        # The folder depends on the version of cargo, which may keep a second copy for the crates that depend on it.
        packages = {package.name: package for package in Path(target, "package").rglob("*.crate")}
        found = [f"packages: found {len(packages)}, expected one for each of six crates"] if len(packages) != 6 else []  # noqa: PLR2004
        for _, package in sorted(packages.items()):
            with tarfile.open(package) as archive:
                files = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isreg()}
            found += [f"{package.name}: found no {name}" for name in CRATE_FILES if name not in files]
            print(f"{package.name}: {package.stat().st_size / 1e3:.0f} kB, {len(files)} files")
    return found


def check_packages(options: Options) -> list[str]:
    """Source distribution and wheel have the right contents, and a second build of the wheel has the same bytes."""
    shutil.rmtree(options.dist, ignore_errors=True)
    sdist = wheels.build_sdist(options.dist)
    wheels.build(sdist, options.dist)
    (wheel,) = options.dist.glob("*.whl")
    found = wheels.check([wheel, sdist])
    return [*(["see above"] if found else []), *wheels.reproduce(sdist, wheel)]


def check_pythons(options: Options) -> list[str]:
    """Try the wheel in a clean environment of every CPython at hand."""
    pythons = options.pythons or [
        path
        for minor in range(OLDEST_MINOR, NEWEST_MINOR + 1)
        if (path := shutil.which(f"python3.{minor}")) is not None
    ]
    (wheel,) = options.dist.glob("*.whl")
    found = []
    for python in pythons:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([python, "-m", "venv", folder], check=True)
            bin_folder = Path(folder, "Scripts" if os.name == "nt" else "bin")
            found += wheels.run_tool(str(bin_folder / "python"), "-m", "pip", "install", "--quiet", str(wheel))
            found += wheels.run_tool(str(bin_folder / "dicomet"), "bench", "--repeat", "1")
            print(f"{python}: tried")
    return found


def check_fuzzers(_: Options) -> list[str]:
    """Build the fuzz targets with their seeds; each must run all of them."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OUT": folder}
        subprocess.run([str(ROOT / ".clusterfuzzlite/build.sh")], cwd=ROOT, env=environment, check=True)
        found = []
        for source in sorted((ROOT / "fuzz/fuzz_targets").glob("*.rs")):
            seeds = Path(folder, f"{source.stem}_seeds")
            shutil.unpack_archive(Path(folder, f"{source.stem}_seed_corpus.zip"), seeds)
            target = str(Path(folder, source.stem))
            found += wheels.run_tool(target, "-runs=0", "-rss_limit_mb=2048", str(seeds))
        return found


STEPS: dict[str, Callable[[Options], list[str]]] = {
    "versions": check_versions,
    "licenses": check_licenses,
    "crates": check_crates,
    "packages": check_packages,
    "pythons": check_pythons,
    "fuzzers": check_fuzzers,
}


def check(names: Sequence[str], options: Options) -> int:
    """Run steps, print what is wrong, and return the exit status."""
    failed = []
    for name in names:
        print(f"== {name}: {STEPS[name].__doc__}", flush=True)
        started = time.monotonic()
        found = STEPS[name](options)
        print("\n".join(found) or "nothing found")
        print(f"({time.monotonic() - started:.0f} s)", flush=True)
        if found:
            failed.append(name)
    print(f"to fix: {', '.join(failed)}" if failed else "the release is ready")
    return 1 if failed else 0


def set_recipe(sdist: Path) -> None:
    """Set version and hash of the conda recipe."""
    text = re.sub(
        r'^  version: "\S+"$', f'  version: "{VERSION}"', RECIPE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    RECIPE.write_text(re.sub(r'^  sha256: "\w+"$', f'  sha256: "{digest}"', text, flags=re.MULTILINE), encoding="utf-8")


def main() -> int:
    """Run the command, and return the exit status."""
    parser = argparse.ArgumentParser(description="Follow the release checklist.")
    commands = parser.add_subparsers(dest="command", required=True)
    checker = commands.add_parser("check", help="run steps")
    checker.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; default: all")
    checker.add_argument("--dist", type=Path, default=ROOT / "dist", help="folder of the packages")
    checker.add_argument("--python", nargs="+", default=[], help="interpreters; default: those on PATH")
    recipe = commands.add_parser("recipe", help="set version and hash of the conda recipe")
    recipe.add_argument("sdist", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "recipe":
        set_recipe(arguments.sdist)
        return 0
    unknown = [name for name in arguments.steps if name not in STEPS]
    if unknown:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(STEPS)}")
    return check(arguments.steps or list(STEPS), Options(arguments.dist.resolve(), arguments.python))


if __name__ == "__main__":
    sys.exit(main())
