"""Results of many files on their way through a command: a progress bar, and messages about the files by reason."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from dicomet._utils.reasons import Summary, line_of


class Outcome(Protocol):
    """The outcome of one file."""

    @property
    def source(self) -> str:
        """The name of the file."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""


Result = TypeVar("Result", bound=Outcome)


def with_progress(  # noqa: PLR0913 - what to show
    done: Iterable[Result],
    count: int,
    *,
    activity: str,
    prefix_of: Callable[[Result], str | None],
    full_list: str,
    verbose: bool,
) -> Iterator[Result]:
    """Pass results on, with a progress bar in a terminal.

    Files for which `prefix_of` returns the beginning of a line, instead of None, are summarized by reason at the end,
    also after an interrupt; with `verbose`, each is printed on a line of its own at once. `activity` is the text beside
    the bar. `full_list` says what lists all files.
    """
    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    summaries: dict[str, Summary] = {}
    columns = (TextColumn(activity), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=count)
        try:
            for result in done:
                prefix = prefix_of(result)
                if prefix is not None and verbose:
                    _print(progress.console, line_of(prefix, result.source, result.reason))
                elif prefix is not None:
                    summaries.setdefault(prefix, Summary(prefix, full_list)).add(result.source, result.reason)
                progress.advance(task)
                yield result
        finally:
            for summary in summaries.values():
                for line in summary.lines():
                    _print(progress.console, line)


def _print(console: Console, line: str) -> None:
    console.print(line.encode(errors="replace").decode(), soft_wrap=True)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f} files/s")
