"""README.md, docs/ and the other documents: their links, Python blocks, command lines and chart.

A Python block after the comment ``<!-- run -->`` is executed in a folder with real files of pydicom: `ct.dcm`,
`mr.dcm`, `us.dcm`, which has several frames, `dose.dcm` (RT Dose) and `overlay.dcm`; and with a generated folder
`series` and a generated `slide.dcm`.
"""

import ast
import importlib.util
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pydicom
import pytest
import slides
from pydicom.data import get_testdata_file
from series_files import Stack

import dicomet
from dicomet import __main__ as command_line
from dicomet.cli.arguments import with_negative_values

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benches/README.md", ROOT / "fuzz/README.md"])
BLOCK = re.compile(r"^(<!-- run -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMANDS = {command.name for command in command_line.COMMANDS}
SEPARATORS = {";", "&&", "|", "||"}


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start(3)), found[2], found[3], runs=found[1] is not None)
        for found in BLOCK.finditer(text)
    ]


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", BLOCK.sub("", page.read_text(encoding="utf-8")))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def commands_of(block: Block) -> list[list[str]]:
    """Return the arguments of every `dicomet COMMAND` in a console block."""
    found = []
    for line in block.text.splitlines():
        words = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=";&|") if line[:2] == "$ " else []
        if words:
            words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word not in SEPARATORS:
                command.append(word)
                continue
            if command[:1] == ["dicomet"] and command[1:2] and command[1] in COMMANDS:
                found.append(command[1:])
            command = []
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
COMMAND_LINES = [
    (str(block), command) for block in BLOCKS if block.language == "console" for command in commands_of(block)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page):
    missing = []
    for link in LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            missing.append(link)
    assert not missing


def test_pages_under_docs_are_linked():
    linked = {
        (page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in LINK.findall(prose_of(page))
    }
    assert {page for page in PAGES if page.parent != ROOT} <= linked


def test_the_api_pages_describe_all_public_names():
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.rst")]
    names = [
        name
        for page in pages
        if "\n.. currentmodule:: dicomet\n" in page
        for name in re.findall(r"^\.\. auto(?:function|class):: (\w+)(?:\(\))?$", page, re.MULTILINE)
    ]
    modules = [name for page in pages for name in re.findall(r"^\.\. automodule:: dicomet\.(\w+)$", page, re.MULTILINE)]
    assert sorted([*names, *modules, "__version__"]) == dir(dicomet)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_blocks_parse(block):
    ast.parse(block.text, filename=str(block))


@pytest.mark.parametrize(
    ("place", "command"), COMMAND_LINES, ids=[f"{place} {' '.join(c)}" for place, c in COMMAND_LINES]
)
def test_command_lines_parse(place, command):
    arguments = command_line._parser().parse_args(with_negative_values(command))
    assert arguments.run is not None, place


def test_there_is_something_to_check():
    pages = {block.page.name for block in PYTHON if block.runs}
    assert {"README.md", "getting-started.md"} <= pages
    assert {command[0] for _, command in COMMAND_LINES} == COMMANDS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder of real files the working directory, and leave pydicom as it was."""
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    dataset.WindowCenter, dataset.WindowWidth = [40, 400], [400, 2000]
    dataset.WindowCenterWidthExplanation = ["SOFT TISSUE", "BONE"]
    dataset.save_as(tmp_path / "ct.dcm")
    Stack().write(tmp_path / "series")
    slides.saved(tmp_path / "slide.dcm", slides.Slide(slides.matrices(2, 3, 600, 800), tile=(128, 256)))
    files = {"mr": "MR_small", "us": "rtdose", "dose": "rtdose", "overlay": "examples_overlay"}
    for name, file in files.items():
        data = Path(get_testdata_file(f"{file}.dcm", download=False)).read_bytes()
        (tmp_path / f"{name}.dcm").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DICOMET", raising=False)
    yield tmp_path
    dicomet.uninstall()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("block", [block for block in PYTHON if block.runs], ids=str)
def test_marked_blocks_run(block):
    exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102 - the project's own pages


def test_chart_and_tables_show_the_figures_of_the_benchmarks():
    spec = importlib.util.spec_from_file_location("performance_page", ROOT / "tools" / "performance_page.py")
    performance_page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(performance_page)
    rows, _ = performance_page.read_figures("peers")
    assert performance_page.CHART.read_text(encoding="utf-8") == performance_page.draw(rows)
    page = performance_page.PAGE.read_text(encoding="utf-8")
    assert performance_page.filled(page) == page
