"""The output of `dicomet info`: the result of `describe` as aligned text, as one line, or as JSON.

That for a folder is in `series_report.py`.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dicomet._parsing.archives import archive_format
from dicomet._utils.regular import special_file_kind
from dicomet._utils.text import plain, printable
from dicomet.cli import series_report
from dicomet.cli.series_report import describe_folder
from dicomet.cli.terminal import echo
from dicomet.errors import counted
from dicomet.info import describe, undescribed

NO_VALUE = "?"
Info = dict[str, Any]


def write_json(files: Sequence[str]) -> int:
    """Print an object for one file, a list for several; return 1 if one of them has an error."""
    info = [_described(file) for file in files]
    echo(json.dumps(info[0] if len(info) == 1 else info, indent=2, allow_nan=False))
    return int(any(one["error"] for one in info))


def _described(file: str) -> Info:
    if _has_series(file):
        return describe_folder(file)
    return undescribed(file, why) if (why := _unusable(file)) else describe(file)


def _has_series(path: str) -> bool:
    """Return whether a path is that of a folder or an archive."""
    # The empty path is the current folder for `Path`.
    return bool(path) and (Path(path).is_dir() or archive_format(Path(path)) is not None)


def write_text(files: Sequence[str]) -> int:
    """Print each file as soon as it is described; return 1 if one of them has an error."""
    described, failed = 0, 0
    for file in files:
        if _has_series(file):
            info = describe_folder(file)
            lines = series_report.text(info)
        elif _unusable(file):
            failed += 1
            continue
        else:
            info = describe(file)
            lines = text(info)
        echo(("\n" if described else "") + lines)
        described += 1
        failed += bool(info["error"])
    return int(failed > 0)


def _unusable(path: str) -> str | None:
    """Return why a path cannot be read as a file, and print it to standard error; None if it can."""
    # Not `Path.exists`: the empty path is the current folder for it.
    exists = os.path.exists(path)  # noqa: PTH110
    kind = special_file_kind(path) if exists else None
    if exists and kind is None:
        return None
    why = f"found {kind}, expected a file: {path!r}" if exists else f"no such file: {path!r}"
    sys.stderr.write(f"dicomet info: error: {printable(why)}\n")
    return why


def text(info: Info) -> str:
    """Return the description as aligned lines, without those whose value is unknown."""
    lines = [(label, value) for label, value in _lines(info) if value]
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:{width}}  {value}" for label, value in lines)


def _lines(info: Info) -> Iterator[tuple[str, str | None]]:
    yield "file", printable(info["file"] or "")
    yield "SOP class", info["sop_class"]
    yield "modality", info["Modality"]
    yield "transfer syntax", _with(info["transfer_syntax"], info["TransferSyntaxUID"])
    yield "decoded by", ", ".join(info["decoded_by"] or []) or info["missing_plugin"]
    yield "size", _size(info)
    yield "pixel matrix", _pixel_matrix(info["pixel_matrix"])
    yield "samples", _samples(info)
    yield "colors", _colors(info)
    yield "bits", _bits(info)
    yield "array", _array(info)
    yield "pixel data", _stored(info)
    yield "lossy compression", _lossy(info)
    yield "burned-in annotation", info["BurnedInAnnotation"]
    yield from _display_lines(info)
    yield "of the first frame", ", ".join(info["of_first_frame"])
    for warning in info["warnings"]:
        yield "warning", warning
    yield "error", plain(info["error"] or "")


def _display_lines(info: Info) -> Iterator[tuple[str, str | None]]:
    yield "rescale", _rescale(info)
    yield "modality LUT", _tables(info["ModalityLUTSequence"])
    yield "windows", "; ".join(windows(info))
    yield "VOI LUT function", info["VOILUTFunction"] and str(info["VOILUTFunction"])
    yield "VOI LUTs", _tables(info["VOILUTSequence"])
    yield "palette", _table(info["RedPaletteColorLookupTableDescriptor"])
    yield "pixel presentation", info["PixelPresentation"]
    yield "presentation LUT shape", info["PresentationLUTShape"]
    yield "presentation LUT", _tables(info["PresentationLUTSequence"])
    yield "real world values", "; ".join(map(_mapping, info["RealWorldValueMappingSequence"] or []))
    yield "dose grid scaling", _with(_number(info["DoseGridScaling"]), info["DoseUnits"]) if _has_dose(info) else None
    yield "overlays", "; ".join(map(_overlay, info["overlays"] or []))
    yield "ICC profile", info["icc_profile_bytes"] and f"{info['icc_profile_bytes']} bytes"
    yield "pixel spacing", _spacing(info["PixelSpacing"], " mm")
    yield "imager pixel spacing", _spacing(info["ImagerPixelSpacing"], " mm")
    yield "nominal scanned pixel spacing", _spacing(info["NominalScannedPixelSpacing"], " mm")
    yield "pixel aspect ratio", _spacing(info["PixelAspectRatio"], "")


def summary(info: Info, *, with_window: bool = True) -> str:
    """Return the description, or the error, in one line without the file name; `with_window` adds the first window."""
    if info["error"]:
        return f"error: {plain(info['error'])}"
    parts = [
        info["Modality"],
        "x".join(map(str, info["array_shape"])),
        info["array_dtype"],
        info["PhotometricInterpretation"],
        info["transfer_syntax"],
        counted(len(info["overlays"]), "overlay") if info["overlays"] else None,
        f"window {first}" if with_window and (first := next(windows(info), None)) else None,
        None if info["decoded_by"] else "no decoding plugin is installed",
    ]
    return ", ".join(str(part) for part in parts if part)


def windows(info: Info) -> Iterator[str]:
    """Yield center, width and explanation of each window."""
    explanations = info["WindowCenterWidthExplanation"] or []
    for index, (center, width) in enumerate(zip(info["WindowCenter"] or [], info["WindowWidth"] or [], strict=False)):
        yield _with(f"{_number(center)} / {_number(width)}", explanations[index : index + 1]) or ""


def _with(value: str | None, more: Any) -> str | None:
    """Return `value`, with `more` in parentheses."""
    more = ", ".join(str(one) for one in more if one) if isinstance(more, list) else more
    return f"{value} ({more})" if value and more and value != more else value


def _number(value: Any) -> str:
    if value is None:
        return NO_VALUE
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _size(info: Info) -> str | None:
    if info["Rows"] is None and info["Columns"] is None:
        return None
    frames = info["NumberOfFrames"]
    size = f"{_number(info['Rows'])} rows x {_number(info['Columns'])} columns"
    return size if frames in {None, 1} else f"{size}, {_number(frames)} frames"


def _pixel_matrix(matrix: dict[str, int] | None) -> str | None:
    """Return the size of the total pixel matrix of a slide, its tiles and its planes."""
    if matrix is None:
        return None
    planes = ", ".join(
        counted(matrix[name], noun)
        for name, noun in (("optical_paths", "optical path"), ("focal_planes", "focal plane"))
    )
    return (
        f"{matrix['rows']} rows x {matrix['columns']} columns, {matrix['grid_rows']} x {matrix['grid_columns']} tiles "
        f"of {matrix['tile_rows']} x {matrix['tile_columns']}, {planes}"
    )


def _samples(info: Info) -> str | None:
    if info["SamplesPerPixel"] is None and info["PhotometricInterpretation"] is None:
        return None
    planar = info["PlanarConfiguration"]
    samples = f"{_number(info['SamplesPerPixel'])} per pixel, {info['PhotometricInterpretation'] or NO_VALUE}"
    return samples if planar is None else f"{samples}, planar configuration {_number(planar)}"


def _colors(info: Info) -> str | None:
    """Return what the three samples per pixel mean, and what decides that."""
    if info["colors"] is None or info["SamplesPerPixel"] == 1:
        return None
    subsampled = ", subsampled" if info["subsampled"] else ""
    return f"{info['colors']}{subsampled}, by {info['colors_decided_by']}"


def _bits(info: Info) -> str | None:
    if info["BitsAllocated"] is None:
        return None
    parts = [f"{_number(info['BitsAllocated'])} allocated"]
    if info["BitsStored"] is not None:
        parts.append(f"{_number(info['BitsStored'])} stored")
    if info["HighBit"] is not None:
        parts.append(f"high bit {_number(info['HighBit'])}")
    signs = {0: "unsigned", 1: "signed"}
    representation = info["PixelRepresentation"]
    if representation is not None:
        parts.append(f"pixel representation {_number(representation)}")
        parts.extend([signs[representation]] if representation in signs else [])
    return ", ".join(parts)


def _array(info: Info) -> str | None:
    if info["array_shape"] is None:
        return None
    return f"{info['array_dtype']} {tuple(info['array_shape'])}, {info['array_bytes']} bytes"


def _stored(info: Info) -> str | None:
    if info["pixel_data_bytes"] is None:
        return None
    ratio = info["compression_ratio"]
    return f"{info['pixel_data_bytes']} bytes" + (f", compressed {ratio} : 1" if ratio else "")


def _lossy(info: Info) -> str | None:
    if info["LossyImageCompression"] is None:
        return None
    names = {"00": "never", "01": "yes"}
    ratios = [f"{_number(ratio)} : 1" for ratio in info["LossyImageCompressionRatio"] or []]
    lossy = names.get(info["LossyImageCompression"], str(info["LossyImageCompression"]))
    return _with(lossy, [*(info["LossyImageCompressionMethod"] or []), *ratios])


def _rescale(info: Info) -> str | None:
    slope, intercept = info["RescaleSlope"], info["RescaleIntercept"]
    if slope is None and intercept is None:
        return None
    return _with(f"slope {_number(slope)}, intercept {_number(intercept)}", info["RescaleType"])


def _tables(tables: list[Info] | None) -> str | None:
    return "; ".join(
        _with(_table(table["LUTDescriptor"]) or NO_VALUE, [table.get("ModalityLUTType"), table["LUTExplanation"]]) or ""
        for table in tables or []
    )


def _mapping(mapping: Info) -> str:
    """Return a mapping to real world values as text: label, unit, equation or table, and the range of stored values."""
    slope, intercept = mapping["RealWorldValueSlope"], mapping["RealWorldValueIntercept"]
    entries = mapping["table_entries"]
    how = f"a table of {entries}" if entries else f"slope {_number(slope)}, intercept {_number(intercept)}"
    ends = []
    for end in ("First", "Last"):
        number = mapping[f"RealWorldValue{end}ValueMapped"]
        ends.append(mapping[f"DoubleFloatRealWorldValue{end}ValueMapped"] if number is None else number)
    label = f"{mapping['LUTLabel']}: " if mapping["LUTLabel"] else ""
    return f"{label}{mapping['unit'] or NO_VALUE} by {how}, of {_number(ends[0])} to {_number(ends[1])}"


def _has_dose(info: Info) -> bool:
    return info["DoseGridScaling"] is not None


def _overlay(overlay: Info) -> str:
    """Return an overlay as text: its group, label, kind and size."""
    name = _with(overlay["group"], overlay["OverlayLabel"])
    kind = {"G": "graphics", "R": "region of interest"}.get(overlay["OverlayType"], NO_VALUE)
    frames = overlay["NumberOfFramesInOverlay"]
    size = f"{_number(overlay['OverlayRows'])} x {_number(overlay['OverlayColumns'])}"
    return f"{name} {kind}, {size}" + (f", {_number(frames)} frames" if frames not in {None, 1} else "")


def _table(descriptor: Any) -> str | None:
    """Return a LUT Descriptor (PS3.3 C.11.1.1.1) as text: entries (0 means 2^16), first value mapped, bits."""
    if not isinstance(descriptor, list) or len(descriptor) != 3 or not all(isinstance(one, int) for one in descriptor):  # noqa: PLR2004
        return None if descriptor is None else str(descriptor)
    entries, first, bits = descriptor
    return f"{entries % 2**16 or 2**16} entries from {first} on, {bits} bits"


def _spacing(spacing: Any, unit: str) -> str | None:
    if not isinstance(spacing, list):
        return None
    return " x ".join(map(_number, spacing)) + f"{unit} (rows x columns)"
