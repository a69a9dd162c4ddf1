"""The output of `dicomet info` for a folder or an archive: its series, as text or for JSON."""

import warnings
from collections.abc import Iterator
from typing import Any

from dicomet._utils.text import printable
from dicomet.errors import PixelDataError, counted, one_line
from dicomet.series.api import find_series
from dicomet.series.series import Series
from dicomet.series.sources import name_of


def describe_folder(path: str) -> dict[str, Any]:
    """Return the series of a folder as JSON values: nothing that identifies the patient, except names of files.

    The keys are ``folder``, ``series``, a list, ``warnings`` and ``error``. A series has ``modality``, ``shape``
    ``(slices, rows, columns[, samples])``, ``spacing`` in the same order in mm or None, ``first_file`` and ``issues``,
    each with ``kind`` and ``message``.
    """
    found: list[Series] = []
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = find_series(path)
        except (PixelDataError, OSError) as failure:
            error = one_line(str(failure))
    messages = [one_line(str(warning.message)) for warning in caught]
    return {"folder": path, "series": [_described(one) for one in found], "warnings": messages, "error": error}


def _described(series: Series) -> dict[str, Any]:
    return {
        "modality": series.modality or None,
        "shape": list(series.shape),
        "spacing": None if not series.is_even else list(series.spacing or ()),
        "first_file": name_of(series.files[0]),
        "issues": [{"kind": issue.kind, "message": one_line(issue.message)} for issue in series.issues],
    }


def text(described: dict[str, Any]) -> str:
    """Return the description of a folder as aligned lines."""
    lines = list(_lines(described))
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:{width}}  {value}".rstrip() for label, value in lines)


def _lines(described: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "folder", printable(described["folder"])
    yield "series", str(len(described["series"]))
    for number, series in enumerate(described["series"], 1):
        yield "", ""
        yield "series", f"{number} of {len(described['series'])}"
        yield "modality", series["modality"] or "?"
        slices, rows, columns = series["shape"][:3]
        yield "size", f"{counted(slices, 'slice')} of {rows} rows x {columns} columns"
        if series["spacing"] is not None:
            yield "spacing", " x ".join(f"{one:.6g}" for one in series["spacing"]) + " mm (slices x rows x columns)"
        yield "first file", printable(series["first_file"] or "")
        for issue in series["issues"]:
            yield issue["kind"], printable(issue["message"])
    for warning in described["warnings"]:
        yield "warning", printable(warning)
    if described["error"]:
        yield "error", printable(described["error"])
