"""The configuration of Sphinx for the documentation site.

    sphinx-build -c docs . target/site

The source folder is the checkout, so that a relative link between two documents means on the site what it means on the
forge. README.md is the home page. The navigation is here, because the documents are for the forge too.
"""

import re
import shutil
import sys
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

import dicomet


class EmptyClass(type):
    """A class whose attributes are such classes, in place of a framework."""

    def __getattr__(cls, name: str) -> "EmptyClass":
        """Return an attribute that the code expects; names of Python's protocols do not exist."""
        if name.startswith("__"):
            raise AttributeError(name)
        return EmptyClass(name, (), {})

    def __getitem__(cls, _parameters: object) -> "EmptyClass":
        """Return the class, as in `Dataset[Any]`."""
        return cls


# The loaders are imported without their frameworks. Sphinx's mocks hide signatures, and have no unions (`A | B`).
for module in ("dask", "dask.array", "keras", "monai.data.image_reader", "tensorflow", "torch", "torch.utils.data"):
    sys.modules[module] = EmptyClass(module, (), {})

project = "dicomet"
author = "dicomet developers"
project_copyright = "dicomet developers"
release = dicomet.__version__

# The pages that each document lists, under a caption or none. A document that is nowhere here is a warning.
NAVIGATION: dict[str, dict[str, list[str]]] = {
    "README": {
        "Guides": [
            "docs/getting-started",
            "docs/pixel-data",
            "docs/display-values",
            "docs/convert",
            "docs/command-line",
            "docs/contact-sheets",
            "docs/volumes",
            "docs/slides",
            "docs/dicomweb",
            "docs/training",
            "docs/drop-in",
            "docs/migration",
        ],
        "Reference": ["docs/api/index", "docs/transfer-syntaxes", "DIFFERENCES", "docs/glossary"],
        "Performance": ["docs/performance", "benches/README"],
        "Proof": ["docs/conformance", "docs/robustness"],
        "Project": [
            "CHANGELOG",
            "SECURITY",
            "RELEASING",
            "CONTRIBUTING",
            "ARCHITECTURE",
            "docs/decisions/README",
            "Fuzzing <fuzz/README>",
            "THIRD-PARTY-LICENSES",
        ],
    },
    "ARCHITECTURE": {"": ["rust/*/README"]},
    "docs/decisions/README": {"": ["*"]},
}

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "benches/README.md", "fuzz/README.md", "rust/*/README.md"]
exclude_patterns = ["target", "fuzz/target", ".*"]  # not even searched

# Anchors of headings are GitHub's, which the documents use.
myst_heading_anchors = 4

smartquotes = False  # `--format` is no dash
default_role = "py:obj"
numpydoc_show_class_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # `tf.uint16`, not the repr of its class

html_theme = "furo"
html_title = "dicomet"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def add_navigation(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Append to a document the pages that it lists in the navigation."""
    for caption, pages in NAVIGATION.get(docname, {}).items():
        lines = [":hidden:", ":glob:", f":caption: {caption}" if caption else "", "", *pages]
        source[0] += "\n```{toctree}\n" + "\n".join(lines) + "\n```\n"


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    """Make names of the API, such as `dicomet.open`, links to their descriptions."""
    for name in list(doctree.findall(nodes.literal)):
        target = re.fullmatch(r"(dicomet\.[\w.]+)(\(.*\))?", name.astext())
        if target and not isinstance(name.parent, nodes.reference | nodes.title | addnodes.pending_xref):
            link = addnodes.pending_xref(
                refdomain="py", reftype="obj", reftarget=target[1], refdoc=app.env.docname, refwarn=False
            )
            name.replace_self(link)
            link += name


def add_index(app: Sphinx, exception: Exception | None) -> None:
    """Copy the home page to where a server looks for it."""
    if exception is None and app.builder.format == "html":
        site = Path(app.outdir)
        shutil.copyfile(site / f"{app.config.root_doc}.html", site / "index.html")


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", link_names)
    app.connect("build-finished", add_index)
