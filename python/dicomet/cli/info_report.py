"""`dicomet info`: what `describe` tells, as aligned text, as one line, or as JSON."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dicomet._utils.regular import irregular
from dicomet.cli.terminal import plain, printable, say
from dicomet.info import describe, undescribed

NO_VALUE = "?"
Told = dict[str, Any]


def write_json(files: Sequence[str]) -> int:
    """Print an object for one file, a list for several; return 1 if one of them has an error."""
    told = [undescribed(file, why) if (why := _unusable(file)) else describe(file) for file in files]
    say(json.dumps(told[0] if len(told) == 1 else told, indent=2, allow_nan=False))
    return int(any(one["error"] for one in told))


def write_text(files: Sequence[str]) -> int:
    """Print each file as soon as it is described; return 1 if one of them has an error."""
    described, failed = 0, 0
    for file in files:
        if _unusable(file):
            failed += 1
            continue
        told = describe(file)
        say(("\n" if described else "") + text(told))
        described += 1
        failed += bool(told["error"])
    return int(failed > 0)


def _unusable(path: str) -> str | None:
    """Return why a path cannot be read as a file, and say so on standard error; None if it can."""
    kind = irregular(path) if Path(path).exists() else None
    if kind is None and Path(path).exists():
        return None
    why = f"no such file: {path!r}" if kind is None else f"found {kind}, expected a file: {path!r}"
    sys.stderr.write(f"dicomet info: error: {printable(why)}\n")
    return why


def text(told: Told) -> str:
    """Return the description as aligned lines; what is not known has none."""
    lines = [(label, value) for label, value in _lines(told) if value]
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:{width}}  {value}" for label, value in lines)


def _lines(told: Told) -> Iterator[tuple[str, str | None]]:
    yield "file", printable(told["file"] or "")
    yield "SOP class", told["sop_class"]
    yield "modality", told["Modality"]
    yield "transfer syntax", _with(told["transfer_syntax"], told["TransferSyntaxUID"])
    yield "decoded by", ", ".join(told["decoded_by"] or []) or told["missing_plugin"]
    yield "size", _size(told)
    yield "samples", _samples(told)
    yield "colors", _colors(told)
    yield "bits", _bits(told)
    yield "array", _array(told)
    yield "pixel data", _stored(told)
    yield "lossy compression", _lossy(told)
    yield "burned-in annotation", told["BurnedInAnnotation"]
    yield from _display_lines(told)
    yield "of the first frame", ", ".join(told["of_first_frame"])
    for warning in told["warnings"]:
        yield "warning", warning
    yield "error", plain(told["error"] or "")


def _display_lines(told: Told) -> Iterator[tuple[str, str | None]]:
    yield "rescale", _rescale(told)
    yield "modality LUT", _tables(told["ModalityLUTSequence"])
    yield "windows", "; ".join(windows(told))
    yield "VOI LUT function", told["VOILUTFunction"] and str(told["VOILUTFunction"])
    yield "VOI LUTs", _tables(told["VOILUTSequence"])
    yield "palette", _table(told["RedPaletteColorLookupTableDescriptor"])
    yield "pixel presentation", told["PixelPresentation"]
    yield "presentation LUT shape", told["PresentationLUTShape"]
    yield "pixel spacing", _spacing(told["PixelSpacing"], " mm")
    yield "imager pixel spacing", _spacing(told["ImagerPixelSpacing"], " mm")
    yield "nominal scanned pixel spacing", _spacing(told["NominalScannedPixelSpacing"], " mm")
    yield "pixel aspect ratio", _spacing(told["PixelAspectRatio"], "")


def summary(told: Told, *, with_window: bool = True) -> str:
    """Return the description in one line, without the name of the file, perhaps with its first window; or the error."""
    if told["error"]:
        return f"error: {plain(told['error'])}"
    parts = [
        told["Modality"],
        "x".join(map(str, told["array_shape"])),
        told["array_dtype"],
        told["PhotometricInterpretation"],
        told["transfer_syntax"],
        f"window {first}" if with_window and (first := next(windows(told), None)) else None,
        None if told["decoded_by"] else "no decoding plugin is installed",
    ]
    return ", ".join(str(part) for part in parts if part)


def windows(told: Told) -> Iterator[str]:
    """Yield center, width and explanation of each window."""
    explanations = told["WindowCenterWidthExplanation"] or []
    for index, (center, width) in enumerate(zip(told["WindowCenter"] or [], told["WindowWidth"] or [], strict=False)):
        yield _with(f"{_number(center)} / {_number(width)}", explanations[index : index + 1]) or ""


def _with(value: str | None, more: Any) -> str | None:
    """Return `value`, and more of it in parentheses."""
    more = ", ".join(str(one) for one in more if one) if isinstance(more, list) else more
    return f"{value} ({more})" if value and more and value != more else value


def _number(value: Any) -> str:
    if value is None:
        return NO_VALUE
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _size(told: Told) -> str | None:
    if told["Rows"] is None and told["Columns"] is None:
        return None
    frames = told["NumberOfFrames"]
    size = f"{_number(told['Rows'])} rows x {_number(told['Columns'])} columns"
    return size if frames in {None, 1} else f"{size}, {_number(frames)} frames"


def _samples(told: Told) -> str | None:
    if told["SamplesPerPixel"] is None and told["PhotometricInterpretation"] is None:
        return None
    planar = told["PlanarConfiguration"]
    samples = f"{_number(told['SamplesPerPixel'])} per pixel, {told['PhotometricInterpretation'] or NO_VALUE}"
    return samples if planar is None else f"{samples}, planar configuration {_number(planar)}"


def _colors(told: Told) -> str | None:
    """Tell what three samples per pixel are, and what says so."""
    if told["colors"] is None or told["SamplesPerPixel"] == 1:
        return None
    subsampled = ", subsampled" if told["subsampled"] else ""
    return f"{told['colors']}{subsampled}, by {told['colors_decided_by']}"


def _bits(told: Told) -> str | None:
    if told["BitsAllocated"] is None:
        return None
    parts = [f"{_number(told['BitsAllocated'])} allocated"]
    if told["BitsStored"] is not None:
        parts.append(f"{_number(told['BitsStored'])} stored")
    if told["HighBit"] is not None:
        parts.append(f"high bit {_number(told['HighBit'])}")
    signs = {0: "unsigned", 1: "signed"}
    representation = told["PixelRepresentation"]
    if representation is not None:
        parts.append(f"pixel representation {_number(representation)}")
        parts.extend([signs[representation]] if representation in signs else [])
    return ", ".join(parts)


def _array(told: Told) -> str | None:
    if told["array_shape"] is None:
        return None
    return f"{told['array_dtype']} {tuple(told['array_shape'])}, {told['array_bytes']} bytes"


def _stored(told: Told) -> str | None:
    if told["pixel_data_bytes"] is None:
        return None
    ratio = told["compression_ratio"]
    return f"{told['pixel_data_bytes']} bytes" + (f", compressed {ratio} : 1" if ratio else "")


def _lossy(told: Told) -> str | None:
    if told["LossyImageCompression"] is None:
        return None
    names = {"00": "never", "01": "yes"}
    ratios = [f"{_number(ratio)} : 1" for ratio in told["LossyImageCompressionRatio"] or []]
    lossy = names.get(told["LossyImageCompression"], str(told["LossyImageCompression"]))
    return _with(lossy, [*(told["LossyImageCompressionMethod"] or []), *ratios])


def _rescale(told: Told) -> str | None:
    slope, intercept = told["RescaleSlope"], told["RescaleIntercept"]
    if slope is None and intercept is None:
        return None
    return _with(f"slope {_number(slope)}, intercept {_number(intercept)}", told["RescaleType"])


def _tables(tables: list[Told] | None) -> str | None:
    return "; ".join(
        _with(_table(table["LUTDescriptor"]) or NO_VALUE, [table.get("ModalityLUTType"), table["LUTExplanation"]]) or ""
        for table in tables or []
    )


def _table(descriptor: Any) -> str | None:
    """Tell a LUT Descriptor (PS3.3 C.11.1.1.1): entries, of which 0 stands for 2^16, first value, bits."""
    if not isinstance(descriptor, list) or len(descriptor) != 3 or not all(isinstance(one, int) for one in descriptor):  # noqa: PLR2004
        return None if descriptor is None else str(descriptor)
    entries, first, bits = descriptor
    return f"{entries % 2**16 or 2**16} entries from {first} on, {bits} bits"


def _spacing(spacing: Any, unit: str) -> str | None:
    if not isinstance(spacing, list):
        return None
    return " x ".join(map(_number, spacing)) + f"{unit} (rows x columns)"
