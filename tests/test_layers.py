"""Each package imports only those below it (ARCHITECTURE.md, "Walls")."""

import ast
from pathlib import Path

import pytest

import dicomet

ROOT = Path(dicomet.__file__).parent
LAYERS = (
    {"errors", "_native"},
    {"_utils"},
    {"_parsing"},
    {"_decoding"},
    {"display", "dropin"},
    {"info"},
    {"loaders", "series"},
    {"convert", "torch", "monai", "tf", "keras", "dask"},
    {"cli"},
)
ALLOWED = {("monai", "torch"), ("keras", "tf")}
"""Imports between loaders of frameworks, of which one needs the other."""
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent != ROOT or path.stem in LEVELS]


def imported(tree: ast.AST) -> set[str]:
    """Return the packages of dicomet that a module imports, except for type checkers."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dicomet."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "dicomet":
            found |= {alias.name for alias in node.names if alias.name in LEVELS}
        found |= imported(node)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_lower_layers(path):
    package = path.relative_to(ROOT).parts[0].removesuffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    above = {name for name in imported(tree) if name != package and LEVELS[name] >= LEVELS[package]}
    assert {(package, name) for name in above} <= ALLOWED
