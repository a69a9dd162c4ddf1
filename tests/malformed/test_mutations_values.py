"""Overlays and real world values of mutated files: arrays, or proper errors, whatever the bytes are."""

import os
import random
import warnings

import numpy as np
import pytest
from display_images import as_file, image
from overlay_images import add_overlay, embedded, frames_image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomet
from dicomet.info import describe

COUNT = int(os.environ.get("MUTATED_VALUES", "300"))
MAX_BYTES = 1 << 24
STORED = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def overlay_file(syntax) -> bytes:
    ds = add_overlay(frames_image(STORED, 12, syntax), np.eye(3, dtype=bool), origin=(0, 2), label="one", vr="OW")
    return as_file(add_overlay(ds, np.ones((2, 2, 3), bool), group=0x6002, kind="R", first_frame=1))


def mapping_file(syntax) -> bytes:
    ds = image(STORED[0], 12, syntax)
    items = []
    for table in (None, [1.0, 2.0, 3.0]):
        item, code = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "mm", "UCUM", "millimeter"
        item.MeasurementUnitsCodeSequence, item.LUTLabel = [code], "x"
        item.add_new(0x00409216, "US", 1)
        item.add_new(0x00409211, "US", 3)
        item.RealWorldValueSlope, item.RealWorldValueIntercept = 2.0, 1.0
        if table:
            item.add_new(0x00409212, "FD", table)
        items.append(item)
    ds.RealWorldValueMappingSequence = items
    ds.DoseGridScaling, ds.DoseUnits = "0.5", "GY"
    return as_file(ds)


SOURCES = {
    f"{make.__name__}, {syntax.name}": make(syntax)
    for make in (overlay_file, mapping_file)
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
} | {"unused bits": as_file(embedded(STORED, 12, {12: STORED > 7, 15: STORED < 4}))}


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes after the preamble, and sometimes cut the end off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(132, len(changed))
        changed[place] = rng.choice(
            (0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256), changed[place] ^ 1 << rng.randrange(8))
        )
    return bytes(changed[: rng.randrange(132, len(changed))]) if rng.random() < 0.1 else bytes(changed)


def calls(name: str):
    limit = {"max_bytes": MAX_BYTES}
    if name.startswith("mapping"):
        for choice in (0, 1, -1, "mm"):
            yield lambda data, choice=choice: [dicomet.real_world_values(data, choice, **limit).values]
        return
    yield lambda data: [overlay.array for overlay in dicomet.overlays(data, **limit)]
    yield lambda data: [dicomet.to_display(data, overlays=True, window_over="image", **limit)]


def is_array(call, data: bytes) -> bool:
    """Return whether a call returns arrays; False for a proper error."""
    try:
        found = call(data)
    except (dicomet.PixelDataError, MemoryError) as error:
        text = str(error)
        assert "internal error" not in text
        return False
    assert all(isinstance(array, np.ndarray) for array in found)
    return True


@pytest.mark.parametrize("name", SOURCES)
def test_mutated_files_give_arrays_or_errors(name):
    outcomes = []
    for seed in range(COUNT):
        data = mutate(SOURCES[name], random.Random(f"{name}{seed}"))  # noqa: S311 - reproducible
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcomes += [is_array(call, data) for call in calls(name)]
            describe(data)
    assert sum(outcomes) > len(outcomes) // 4
    assert not all(outcomes)
