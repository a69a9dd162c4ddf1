"""The output of `dicomet bench`: the progress bar, the table and the summary."""

import os
import platform
import statistics
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from dicomet import __version__, _native
from dicomet._utils.extras import install_command
from dicomet._utils.text import plain, printable
from dicomet.cli.bench import Outcome, Result, bench_file
from dicomet.cli.files import NamedFile, silenced

# Wider than any table, for files and pipes, which have no width.
UNLIMITED = 10_000
LONGEST_REASON = 160
# File names are not cut to less than this; columns are dropped first.
NARROWEST_FILE = 20
# Text is not wrapped to less than this.
NARROWEST_TEXT = 24
GAP = 2
PLUGINS = ("pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "pyjpegls", "pillow", "python-gdcm")
_STYLES = {
    Outcome.EQUAL: "green",
    Outcome.CLOSE: "green",
    Outcome.DICOMET_ONLY: "cyan",
    Outcome.DIFFERENT: "bold red",
    Outcome.DICOMET_FAILS: "bold red",
}
_EXPLAINED = {
    Outcome.CLOSE: "Lossy codestreams, whose decoders round differently",
    Outcome.DIFFERENT: "Different arrays",
    Outcome.DICOMET_FAILS: "Decoded by pydicom, refused by dicomet",
    Outcome.DICOMET_ONLY: "Decoded by dicomet only; pydicom says",
    Outcome.REFUSED: "Refused by both",
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Re-raise for the caller; rich would exit with status 1, which means that arrays differ."""
        raise  # noqa: PLE0704 - is called while the BrokenPipeError is handled


def make_console() -> Console:
    """Return the console for standard output, which limits the line width only in a terminal or if COLUMNS is set."""
    unlimited = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return _Console(width=UNLIMITED if unlimited else None, highlight=False, emoji=False, markup=False)


def bench_all(files: Sequence[NamedFile], repeat: int | None, console: Console) -> list[Result]:
    """Bench `files`, with a progress bar in a terminal."""
    columns = (
        TextColumn("Decoding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[label]}", markup=False),
    )
    # Drawn between files: a thread that draws would take time from the measurement.
    progress = Progress(
        *columns,
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not (sys.stdout.isatty() and console.is_interactive),
    )
    results = []
    with silenced(), progress:
        task = progress.add_task("", total=len(files), label="")
        for file in files:
            progress.update(task, label=_printable(file.label, console), refresh=True)
            results.append(bench_file(file, repeat))
            progress.advance(task)
    return results


def show(results: Sequence[Result], console: Console) -> None:
    """Print the table, the reasons for results that are not equal, and the summary."""
    decoded = [result for result in results if result.outcome in _STYLES]
    if decoded:
        console.print(_table(decoded, console))
    for outcome, title in _EXPLAINED.items():
        _show_reasons(title, [result for result in results if result.outcome is outcome], console)
    if any(result.pydicom_lacks_extra for result in results):
        console.print(f"\nA plugin for pydicom, to compare JPEG 2000 with: {install_command('jpeg')}", style="bold")
    if any(result.outcome is Outcome.DIFFERENT for result in results):
        console.print("\nDifferences that are meant are listed in DIFFERENCES.md, with their reasons.")
    console.print(_counts(results))
    _show_speed(results, console)
    console.print(_versions())


class _Column(NamedTuple):
    title: str
    cells: list[Text]
    justify: JustifyMethod = "left"

    @property
    def width(self) -> int:
        return max(
            cell_len(line) for text in [self.title, *(cell.plain for cell in self.cells)] for line in text.split("\n")
        )


def _table(results: Sequence[Result], console: Console) -> Table:
    columns = [
        _Column("file", [Text(_printable(result.label, console)) for result in results]),
        _Column("transfer\nsyntax", [Text(result.transfer_syntax) for result in results]),
        _Column("shape", [Text("x".join(map(str, result.shape))) for result in results]),
        _Column("dtype", [Text(result.dtype) for result in results]),
        _Column("result", [Text(result.outcome.value, _STYLES[result.outcome]) for result in results]),
        _Column("pydicom\nms", [_milliseconds(result, "pydicom") for result in results], "right"),
        _Column("dicomet\nms", [_milliseconds(result, "dicomet") for result in results], "right"),
        _Column("ratio", [_ratio(result.ratio) for result in results], "right"),
    ]
    shown = _fitting(columns, console.width)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in shown:
        table.add_column(column.title, justify=column.justify, no_wrap=True)
    for row in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*row)
    return table


def _fitting(columns: Sequence[_Column], width: int) -> list[_Column]:
    """Drop dispensable columns until the rest fits beside file names of readable width; cut those to what is left."""
    files, *others = columns
    for title in ("dtype", "shape", "transfer\nsyntax"):
        if sum(column.width + GAP for column in others) + min(files.width, NARROWEST_FILE) <= width:
            break
        others = [column for column in others if column.title != title]
    left = max(NARROWEST_FILE, width - sum(column.width + GAP for column in others))
    return [_Column(files.title, [Text(_shortened(name.plain, left)) for name in files.cells]), *others]


def _shortened(name: str, width: int) -> str:
    """Cut the middle out of a name that is too long: both ends distinguish files."""
    if cell_len(name) <= width:
        return name
    dots = "..."
    start = (width - len(dots)) // 3
    end = width - len(dots) - start
    return set_cell_size(name, start) + dots + set_cell_size(name[::-1], end)[::-1]


def _milliseconds(result: Result, name: str) -> Text:
    seconds = result.seconds.get(name)
    return Text("-" if seconds is None else f"{seconds * 1000:.3f}")


def _ratio(ratio: float | None) -> Text:
    if ratio is None:
        return Text("-")
    digits = 2 if ratio < 10 else 1 if ratio < 100 else 0  # noqa: PLR2004 - three digits
    # A difference of less than a tenth counts as equal speed.
    style = "green" if ratio > 1.1 else "red" if ratio < 1 / 1.1 else ""  # noqa: PLR2004
    return Text(f"{ratio:.{digits}f}x", style)


def _show_reasons(title: str, results: Sequence[Result], console: Console) -> None:
    """Print the reasons beside the names, each as an indented block."""
    if not results:
        return
    console.print(f"\n{title}:", style="bold")
    labels = [_printable(result.label, console) for result in results]
    indent = GAP + min(max(map(cell_len, labels)), console.width // 3) + GAP
    for label, result in zip(labels, results, strict=True):
        reason = textwrap.shorten(plain(result.reason), LONGEST_REASON, placeholder=" ...")
        lines = textwrap.wrap(_printable(reason, console), max(NARROWEST_TEXT, console.width - indent))
        head = " " * GAP + label
        # A name that is too long for its column gets a line of its own.
        first = [head + " " * (indent - cell_len(head)) + lines.pop(0)] if cell_len(head) <= indent - GAP else [head]
        console.print("\n".join([*first, *(" " * indent + line for line in lines)]), soft_wrap=True)


def _counts(results: Sequence[Result]) -> Text:
    counts = Counter(result.outcome for result in results)
    different, failed = counts[Outcome.DIFFERENT], counts[Outcome.DICOMET_FAILS]
    parts = [
        Text(f"{counts[Outcome.EQUAL]} equal", "green"),
        *([Text(f"{counts[Outcome.CLOSE]} close", "green")] if counts[Outcome.CLOSE] else []),
        Text(f"{different} differ", "bold red" if different else ""),
        Text(f"{failed} decoded by pydicom only", "bold red" if failed else ""),
        Text(f"{counts[Outcome.DICOMET_ONLY]} decoded by dicomet only"),
        Text(f"{counts[Outcome.REFUSED]} refused by both"),
        Text(f"{counts[Outcome.NO_IMAGE]} without an image"),
    ]
    return Text(f"\n{len(results)} file{'s' * (len(results) != 1)}: ") + Text(", ").join(parts)


def _show_speed(results: Sequence[Result], console: Console) -> None:
    """Print the speed ratios over the equal files."""
    equal = [result for result in results if result.ratio is not None]
    if not equal:
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column("equal files")
    for title in ("files", "geometric\nmean ratio", "median\nratio", "pydicom\ntotal ms", "dicomet\ntotal ms"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_row(*_speed("all", equal))
    console.print()
    console.print(table)
    fewest, most = min(result.runs for result in equal), max(result.runs for result in equal)
    runs = f"the median of {fewest} to {most} runs" if fewest < most else f"the median of {most} runs"
    if most == 1:
        runs = "one run"
    console.print(
        f"Times are from path to array: {runs} of each in turns, after one that is not timed.\n"
        "Ratio: time of pydicom / time of dicomet.\n"
    )


def _speed(title: str, results: Sequence[Result]) -> list[str | Text]:
    ratios = [result.ratio for result in results if result.ratio is not None]
    totals = [f"{sum(result.seconds[name] for result in results) * 1000:.1f}" for name in ("pydicom", "dicomet")]
    return [
        title,
        str(len(results)),
        _ratio(statistics.geometric_mean(ratios)),
        _ratio(statistics.median(ratios)),
        *totals,
    ]


def _versions() -> str:
    build = " (debug build, which is slow)" if _native.debug_build else ""
    installed = [f"{name} {found}" for name in PLUGINS if (found := _version(name))]
    return (
        f"dicomet {__version__}{build}, pydicom {_version('pydicom')}, numpy {_version('numpy')}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n"
        f"Decoding plugins: {', '.join(installed) or 'none'}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _printable(text: str, console: Console) -> str:
    """Return `text` with escapes for control characters, and for those that the output cannot encode."""
    return printable(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
