"""Reports of many files, as CSV or JSON: a row for each file, whose columns are the fields of a `NamedTuple`."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from dicomet._utils import atomic

SEPARATOR = ";"
"""Between the values of one cell."""


class ReportFormat(Protocol):
    """A file format for reports."""

    def add(self, row: NamedTuple) -> None:
        """Add a row."""

    def content(self) -> bytes:
        """Return the whole report. File names may contain bytes that are not valid text."""


class _Csv:
    def __init__(self, fields: Sequence[str]) -> None:
        self._file = io.StringIO(newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(fields)

    def add(self, row: NamedTuple) -> None:
        self._writer.writerow(SEPARATOR.join(cell) if isinstance(cell, tuple) else cell for cell in row)

    def content(self) -> bytes:
        return self._file.getvalue().encode(errors="surrogateescape")


class _Json:
    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._lines: list[str] = []

    def add(self, row: NamedTuple) -> None:
        self._lines.append(json.dumps(dict(zip(self._fields, row, strict=True)), ensure_ascii=False))

    def content(self) -> bytes:
        # Undecodable bytes of a name become JSON escapes, which Python reads back as the same name.
        return ("[\n" + ",\n".join(self._lines) + "\n]\n").encode(errors="backslashreplace")


REPORT_FORMATS: dict[str, Callable[[Sequence[str]], ReportFormat]] = {".csv": _Csv, ".json": _Json}
"""By suffix of the report."""


class Report:
    """The outcome of every file. Nothing is written before `write`."""

    def __init__(self, path: Path, fields: Sequence[str], option: str) -> None:
        """Check the path, which must end in .csv or .json, and create its missing folders.

        `fields`: the names of the columns. `option`: the option that names the path.

        Raises
        ------
        ValueError
            The path has another suffix, or is a folder.
        OSError
            The folder cannot be created.

        """
        if path.suffix.lower() not in REPORT_FORMATS:
            raise ValueError(
                f"{option}: found {str(path)!r}, expected a name that ends in {' or '.join(REPORT_FORMATS)}"
            )
        if path.is_dir():
            raise ValueError(f"{option}: found the folder {str(path)!r}, expected a file")
        # At the start: after a run of hours, this failure would come too late.
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._sheet = REPORT_FORMATS[path.suffix.lower()](fields)

    def add(self, row: NamedTuple) -> None:
        """Add one row."""
        self._sheet.add(row)

    def write(self) -> None:
        """Write the file."""
        atomic.write(self._path, self._sheet.content())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a report, with the names of its columns.

    Raises
    ------
    ValueError
        The file is not a report: its name ends in neither .csv nor .json, or its content is something else.
    OSError
        The file cannot be read.

    """
    suffix = path.suffix.lower()
    if suffix not in REPORT_FORMATS:
        raise ValueError(f"{path}: found the suffix {suffix!r}, expected {' or '.join(REPORT_FORMATS)}")
    try:
        # Spreadsheets write a byte order mark.
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
        rows = (
            json.loads(text) if suffix == ".json" else list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        )
    except (ValueError, RecursionError, csv.Error) as error:
        raise ValueError(f"{path}: not a report: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path}: not a report: found no list of rows")
    return rows
