"""A report that lists every file, as CSV or JSON."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dicomet._utils import atomic
from dicomet.convert.api import Converted

SEPARATOR = ";"


class ReportFormat(Protocol):
    """A file format for reports."""

    def add(self, result: Converted) -> None:
        """Add a result."""

    def content(self) -> bytes:
        """Return the whole report. File names may contain bytes that are not valid text."""


class _Csv:
    def __init__(self) -> None:
        self._file = io.StringIO(newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(Converted._fields)

    def add(self, result: Converted) -> None:
        self._writer.writerow(result._replace(outputs=SEPARATOR.join(result.outputs)))  # type: ignore[arg-type]

    def content(self) -> bytes:
        return self._file.getvalue().encode(errors="surrogateescape")


class _Json:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, result: Converted) -> None:
        self._lines.append(json.dumps(result._asdict(), ensure_ascii=False))

    def content(self) -> bytes:
        # Undecodable bytes of a name become JSON escapes, which Python reads back as the same name.
        return ("[\n" + ",\n".join(self._lines) + "\n]\n").encode(errors="backslashreplace")


REPORT_FORMATS: dict[str, Callable[[], ReportFormat]] = {".csv": _Csv, ".json": _Json}
"""By suffix of the report."""


class Report:
    """The outcome of every file, written at the end of the run, or at an interrupt as far as it is known."""

    def __init__(self, path: Path) -> None:
        """Check the path, which must end in .csv or .json, and create its missing folders.

        Raises
        ------
        ValueError
            The path has another suffix, or is a folder.
        OSError
            The folder cannot be created.

        """
        if path.suffix.lower() not in REPORT_FORMATS:
            raise ValueError(f"report: found {str(path)!r}, expected a name that ends in {' or '.join(REPORT_FORMATS)}")
        if path.is_dir():
            raise ValueError(f"report: found the folder {str(path)!r}, expected a file")
        # At the start: after a run of hours, this failure would come too late.
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._sheet = REPORT_FORMATS[path.suffix.lower()]()

    def add(self, result: Converted) -> None:
        """Add one result."""
        self._sheet.add(result)

    def write(self) -> None:
        """Write the file."""
        atomic.write(self._path, self._sheet.content())
