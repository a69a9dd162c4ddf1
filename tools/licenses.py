"""Write what every wheel says about the crates that are linked into it, from the crates' sources and Cargo.lock.

Usage: python tools/licenses.py [--check]

THIRD-PARTY-LICENSES.md has the license of each crate, sbom.cyclonedx.json is the bill of materials (CycloneDX 1.6).
`--check` writes nothing; the exit status is 1 if one of them is out of date. A crate without a license that `deny.toml`
allows, without a license text, or from another registry than crates.io is an error. Crates that only run during the
build (macros, build scripts) are not linked and not listed.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LICENSES = ROOT / "THIRD-PARTY-LICENSES.md"
BILL_OF_MATERIALS = ROOT / "sbom.cyclonedx.json"
ALLOWED: list[str] = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))["licenses"]["allow"]
BINDING = "dicomet-python"
"""The crate that is built into the wheels."""
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
TEXTS = {
    "MIT": ("LICENSE-MIT", "LICENSE-MIT.md", "LICENSE.md", "LICENSE"),
    "BSD-3-Clause": ("LICENSE-BSD", "LICENSE"),
    "Zlib": ("LICENSE-ZLIB.md", "LICENSE"),
    "Apache-2.0": ("LICENSE-APACHE", "LICENSE-APACHE.md", "LICENSE"),
}
"""Files with the text of each license, in the order in which they are looked up."""
OPENINGS = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "Zlib": "This software is provided 'as-is'",
    "Apache-2.0": "Apache License",
}
"""What the text of each license contains, so that no other license is listed under its name."""
HEADER = """\
# Licenses of code in the wheels

The wheels contain compiled code of these Rust crates and of the Rust standard library. The license in the table is the
one under which dicomet distributes the crate; where its authors offer several, it is the first that dicomet's list
names. `python tools/licenses.py` writes this file.

The Rust standard library is under the MIT License or the Apache License 2.0, at the user's choice; its parts
`compiler_builtins` and, in wheels for Linux, LLVM's `libunwind` are under the Apache License 2.0 with the LLVM
exception, which asks for no notice with compiled code.

| crate | version | license |
|---|---|---|
"""


class Crate(NamedTuple):
    """A crate that is linked."""

    name: str
    version: str
    license: str
    text: str
    checksum: str
    """SHA-256 of its package."""

    @property
    def purl(self) -> str:
        """The package URL."""
        return f"pkg:cargo/{self.name}@{self.version}"


def linked_packages(metadata: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the packages of other authors that the binding links on any system."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [next(key for key, package in packages.items() if package["name"] == BINDING)]
    visited = set(waiting)
    while waiting:
        package = packages[waiting.pop()]
        if package["source"] is not None:
            yield package
        for dependency in nodes[package["id"]]["deps"]:
            key = dependency["pkg"]
            is_macro = any("proc-macro" in target["kind"] for target in packages[key]["targets"])
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_normal and not is_macro and key not in visited:
                visited.add(key)
                waiting.append(key)


def chosen_license(package: dict[str, Any]) -> str:
    """Return the first allowed license of a package, whose expression may only have alternatives."""
    expression = package["license"] or ""
    offered = {term.strip() for term in re.split(r" OR |/", expression)}
    for name in ALLOWED:
        if name in offered:
            return name
    raise SystemExit(f"{package['name']} {package['version']}: found license {expression!r}, expected one of {ALLOWED}")


def license_text(package: dict[str, Any], name: str) -> str:
    """Return the text of license `name` in the sources of a package."""
    folder = Path(package["manifest_path"]).parent
    for file in TEXTS.get(name, ()):
        if (folder / file).is_file():
            text = (folder / file).read_text(encoding="utf-8").expandtabs()
            text = "\n".join(line.rstrip() for line in text.strip().splitlines())
            if OPENINGS[name] in " ".join(text.split()):
                return text
    raise SystemExit(
        f"{package['name']} {package['version']}: found no text of {name}, expected one of {TEXTS.get(name)}"
    )


def linked_crates() -> list[Crate]:
    """Return the linked crates in the order of their names."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    crates = []
    for package in linked_packages(json.loads(done.stdout)):
        if package["source"] != REGISTRY:
            raise SystemExit(f"{package['name']}: found source {package['source']}, expected crates.io")
        name, key = chosen_license(package), (package["name"], package["version"])
        crates.append(Crate(*key, name, license_text(package, name), checksums[key]))
    return sorted(crates)


def license_document(crates: Sequence[Crate]) -> str:
    """Return the text of THIRD-PARTY-LICENSES.md."""
    texts = defaultdict(list)
    for crate in crates:
        texts[crate.license, crate.text].append(f"{crate.name} {crate.version}")
    parts = [HEADER + "\n".join(f"| {crate.name} | {crate.version} | {crate.license} |" for crate in crates)]
    parts += [f"## {name}: {', '.join(users)}\n\n```text\n{text}\n```" for (name, text), users in texts.items()]
    return "\n\n".join(parts) + "\n"


def bill_of_materials(crates: Sequence[Crate]) -> str:
    """Return the text of sbom.cyclonedx.json: nothing in it depends on time or place."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    version = manifest["workspace"]["package"]["version"]
    product = {
        "type": "library",
        "bom-ref": f"pkg:pypi/dicomet@{version}",
        "name": "dicomet",
        "version": version,
        "licenses": [{"license": {"id": manifest["workspace"]["package"]["license"]}}],
        "purl": f"pkg:pypi/dicomet@{version}",
    }
    components = [
        {
            "type": "library",
            "bom-ref": crate.purl,
            "name": crate.name,
            "version": crate.version,
            "hashes": [{"alg": "SHA-256", "content": crate.checksum}],
            "licenses": [{"license": {"id": crate.license}}],
            "purl": crate.purl,
        }
        for crate in crates
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
        "dependencies": [{"ref": product["purl"], "dependsOn": [crate.purl for crate in crates]}],
    }
    return json.dumps(document, indent=1) + "\n"


def main() -> None:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description="Write THIRD-PARTY-LICENSES.md and sbom.cyclonedx.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    is_check = parser.parse_args().check
    crates = linked_crates()
    for path, text in ((LICENSES, license_document(crates)), (BILL_OF_MATERIALS, bill_of_materials(crates))):
        if not is_check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is out of date: run python tools/licenses.py")


if __name__ == "__main__":
    main()
