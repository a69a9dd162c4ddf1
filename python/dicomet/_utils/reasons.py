"""Messages about many files: one line for each reason that files share, not for each file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dicomet.errors import counted, one_line

MAX_EXAMPLES = 2
MAX_REASONS = 20
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class _Reason:
    """The files that share one reason, apart from the numbers in it."""

    text: str
    files: int = 0
    is_varied: bool = False
    examples: list[str] = field(default_factory=list)

    def add(self, source: str, text: str) -> None:
        self.files += 1
        self.is_varied |= text != self.text
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(source)

    def line(self) -> str:
        if self.files == 1:
            return f"{self.examples[0]}: {self.text}"
        more = " (in some with other numbers)" if self.is_varied else ""
        return f"{self.files} files: {self.text}{more}, e.g. {', '.join(self.examples)}"


class Summary:
    """Counts of files by reason.

    Memory grows with the number of reasons only. `prefix` starts each line; `full_list` names what lists all files.
    """

    def __init__(self, prefix: str, full_list: str) -> None:
        """Start without files."""
        self._prefix = prefix
        self._full_list = full_list
        self._reasons: dict[str, _Reason] = {}

    def add(self, source: str, reason: str) -> None:
        """Count a file that has a reason."""
        text = reason_without_name(source, reason)
        # Sizes and offsets differ from file to file.
        self._reasons.setdefault(_NUMBER.sub("0", text), _Reason(text)).add(source, text)

    def lines(self) -> Iterator[str]:
        """Yield a line for each reason, the most frequent first, and one for the reasons left out."""
        reasons = sorted(self._reasons.values(), key=lambda reason: -reason.files)
        yield from (one_line(f"{self._prefix}: {reason.line()}") for reason in reasons[:MAX_REASONS])
        left = reasons[MAX_REASONS:]
        if left:
            files = sum(reason.files for reason in left)
            counts = f"{counted(files, 'file')} for {counted(len(left), 'other reason')}"
            yield f"{self._prefix}: {counts}: {self._full_list}"


def line_of(prefix: str, source: str, reason: str) -> str:
    """Return the line of one file."""
    return one_line(f"{prefix}: {source}: {reason_without_name(source, reason)}")


def reason_without_name(source: str, reason: str) -> str:
    """Return the reason without the file name that many begin with, because the line has it already."""
    return reason.removeprefix(f"{source}: ")
