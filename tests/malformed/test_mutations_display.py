"""Display and modality values of mutated files: equal by the scanner and pydicom's parser, or proper errors."""

import os
import warnings
from typing import Any

import numpy as np
import pytest
from mutate import mutated

import dicomet
from dicomet._parsing.tags import ICC_PROFILE
from dicomet.display import api
from dicomet.display.reader import DisplayReader

COUNT = int(os.environ.get("MUTATED_DISPLAY", "3000"))
PORTION = 500
MAX_BYTES = 32 << 20


class ParsedByPydicom(DisplayReader):
    """A reader that never uses the scanner."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "more_tags": (ICC_PROFILE,)})


def outcome(call) -> np.ndarray | str:
    """Return an array, or the text of a proper error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except (dicomet.PixelDataError, MemoryError) as error:
            text = str(error)
            assert "internal error" not in text
            return text


def assert_same(first: np.ndarray | str, second: np.ndarray | str, seed: int) -> None:
    assert type(first) is type(second), (seed, first, second)
    if isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second, err_msg=str(seed))


@pytest.mark.parametrize("first", range(0, COUNT, PORTION))
def test_scanned_and_parsed_files_look_the_same(first, monkeypatch):
    displayed = 0
    for seed in range(first, min(first + PORTION, COUNT)):
        data = mutated(seed).data
        found = [outcome(lambda: dicomet.to_display(data, max_bytes=MAX_BYTES))]  # noqa: B023 - called at once
        found.append(outcome(lambda: dicomet.modality_values(data, max_bytes=MAX_BYTES)))  # noqa: B023
        stored = outcome(lambda: dicomet.pixel_array(data, max_bytes=MAX_BYTES))  # noqa: B023
        with monkeypatch.context() as patched:
            patched.setattr(api, "DisplayReader", ParsedByPydicom)
            parsed = [outcome(lambda: dicomet.to_display(data, max_bytes=MAX_BYTES))]  # noqa: B023
            parsed.append(outcome(lambda: dicomet.modality_values(data, max_bytes=MAX_BYTES)))  # noqa: B023
        for one, other in zip(found, parsed, strict=True):
            assert_same(one, other, seed)
        for array in found:
            if isinstance(array, np.ndarray) and isinstance(stored, np.ndarray):
                assert array.shape[: stored.ndim] == stored.shape
                displayed += 1
    assert displayed > PORTION // 10
