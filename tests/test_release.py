"""What must agree before a release: versions, dependencies of the recipe, pinned actions, licenses of crates."""

import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))  # none in a source distribution
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def tool(monkeypatch):
    """Import a script of `tools/` by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def load(name):
        specification = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / f"tools/{name}.py")
        module = importlib.util.module_from_spec(specification)
        monkeypatch.setitem(sys.modules, specification.name, module)
        specification.loader.exec_module(module)
        return module

    return load


def test_versions_agree(tool):
    assert tool("release").different_versions() == []


def test_another_version_is_found(tool, monkeypatch):
    release = tool("release")
    monkeypatch.setattr(release, "VERSION", "9.9.9")
    places = [line.split(":")[0] for line in release.different_versions()]
    assert {"CITATION.cff", "conda/recipe.yaml", "CHANGELOG.md, the first heading", "Cargo.toml, dicomet-codec"} <= {
        *places
    }


def test_the_recipe_has_the_dependencies_of_the_package():
    run = (ROOT / "conda/recipe.yaml").read_text(encoding="utf-8").split("  run:\n")[1].split("\n\n")[0]
    listed = {line.strip().removeprefix("- ").replace(" ", "") for line in run.splitlines()}
    assert listed - {"python>=${{python_min}}"} == {
        requirement.split("#")[0] for requirement in PROJECT["dependencies"]
    }
    assert f'python_min: "{PROJECT["requires-python"].removeprefix(">=")}"' in (ROOT / "conda/recipe.yaml").read_text()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow):
    used = re.findall(r"uses: (\S+)(.*)", workflow.read_text(encoding="utf-8"))
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+(\.\d+)*", comment), action


def test_an_action_has_one_commit():
    used = {
        use for workflow in WORKFLOWS for use in re.findall(r"uses: (\S+)@(\S+)", workflow.read_text(encoding="utf-8"))
    }
    assert len({action for action, _ in used}) == len(used)


def package(**values):
    return {"name": "crate", "version": "1.0.0", "license": "MIT", **values}


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("MIT", "MIT"),
        ("Apache-2.0 OR MIT", "MIT"),
        ("Unlicense/MIT", "MIT"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("MIT OR Zlib OR Apache-2.0", "MIT"),
        ("GPL-3.0-only OR Zlib", "Zlib"),
    ],
)
def test_the_license_of_a_crate(tool, expression, chosen):
    assert tool("licenses").chosen_license(package(license=expression)) == chosen


@pytest.mark.parametrize(
    "expression", ["GPL-3.0-only", "MIT AND GPL-2.0-only", "(MIT OR Apache-2.0) AND Unicode-3.0", "", None]
)
def test_a_license_that_is_not_allowed(tool, expression):
    with pytest.raises(SystemExit, match=r"crate 1\.0\.0: found license .*, expected one of"):
        tool("licenses").chosen_license(package(license=expression))


def test_a_license_without_its_text(tool, tmp_path):
    licenses = tool("licenses")
    crate = package(manifest_path=str(tmp_path / "Cargo.toml"))
    (tmp_path / "LICENSE").write_text("All rights reserved.")
    with pytest.raises(SystemExit, match=r"crate 1\.0\.0: found no text of MIT"):
        licenses.license_text(crate, "MIT")
    (tmp_path / "LICENSE").write_text("Permission is hereby granted,\nfree of charge, to any person  \n")
    assert licenses.license_text(crate, "MIT") == "Permission is hereby granted,\nfree of charge, to any person"


def test_the_bill_of_materials(tool):
    licenses = tool("licenses")
    crate = licenses.Crate("memchr", "2.8.3", "MIT", "text", "ab" * 32)
    document = json.loads(licenses.bill_of_materials([crate]))
    assert document["metadata"]["component"]["purl"] == f"pkg:pypi/dicomet@{tool('release').VERSION}"
    (component,) = document["components"]
    assert component["purl"] == document["dependencies"][0]["dependsOn"][0] == "pkg:cargo/memchr@2.8.3"
    assert component["licenses"] == [{"license": {"id": "MIT"}}]
    assert component["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]


def test_linked_packages_are_not_those_of_the_build(tool):
    def dependency(key, kind):
        return {"pkg": key, "dep_kinds": [{"kind": kind}]}

    def crate(key, source="registry", kind="lib"):
        return {"id": key, "name": key, "source": source, "targets": [{"kind": [kind]}]}

    metadata = {
        "packages": [
            crate("dicomet-python", None),
            crate("dicomet-core", None),
            crate("linked"),
            crate("macro", kind="proc-macro"),
            crate("of-macro"),
            crate("build"),
            crate("dev"),
        ],
        "resolve": {
            "nodes": [
                {"id": "dicomet-python", "deps": [dependency("dicomet-core", None), dependency("macro", None)]},
                {"id": "dicomet-core", "deps": [dependency("linked", None), dependency("dev", "dev")]},
                {"id": "linked", "deps": [dependency("build", "build")]},
                {"id": "macro", "deps": [dependency("of-macro", None)]},
            ]
        },
    }
    assert [found["name"] for found in tool("licenses").linked_packages(metadata)] == ["linked"]
