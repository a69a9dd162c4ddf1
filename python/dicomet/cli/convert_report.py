"""A report that names every file: as CSV or JSON."""

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
    """One way of writing results down."""

    def add(self, result: Converted) -> None:
        """Write one down."""

    def content(self) -> bytes:
        """Return all. Names of files need not be text."""


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
        # Any bytes of a name as an escape of JSON, which Python reads back as the name.
        return ("[\n" + ",\n".join(self._lines) + "\n]\n").encode(errors="backslashreplace")


REPORT_FORMATS: dict[str, Callable[[], ReportFormat]] = {".csv": _Csv, ".json": _Json}
"""By the suffix of the report."""


class Report:
    """What became of every file, in a file that is written at the end, or by an interrupt, as far as it is known."""

    def __init__(self, path: Path) -> None:
        """Take the name, which ends in .csv or .json, and make the folders that are missing.

        Raises
        ------
        ValueError
            It ends in something else, or is a folder.
        OSError
            Its folder cannot be made.

        """
        if path.suffix.lower() not in REPORT_FORMATS:
            raise ValueError(f"report: found {str(path)!r}, expected a name that ends in {' or '.join(REPORT_FORMATS)}")
        if path.is_dir():
            raise ValueError(f"report: found the folder {str(path)!r}, expected a file")
        # Now: hours later, with everything converted, would be too late to say that it cannot be.
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._sheet = REPORT_FORMATS[path.suffix.lower()]()

    def add(self, result: Converted) -> None:
        """Take one result."""
        self._sheet.add(result)

    def write(self) -> None:
        """Write the file."""
        atomic.write(self._path, self._sheet.content())
