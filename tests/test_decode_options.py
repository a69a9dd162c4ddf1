"""The caller's arguments, split into overrides of the data set and decoding options."""

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicomet._decoding.description import ImageDescription, build_description
from dicomet._decoding.options import OPTION_NAMES
from dicomet._native import Transform
from dicomet._parsing.decode_options import DEFAULT, OVERRIDES, DecodeOptions, split
from dicomet._parsing.parse import parse
from dicomet.display.transform_spec import TransformSpec

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
# The options that only plugins know.
OF_PLUGINS = {"byteorder", "pixel_keyword", "pixel_vr", "rle_segment_order"}


def test_every_option_has_a_place():
    fields = {field.name for field in dataclasses.fields(DecodeOptions)} - {"plugin_options"}
    assert fields | OVERRIDES | OF_PLUGINS | {"use_pdh"} == OPTION_NAMES


def test_no_arguments_share_the_defaults():
    assert split({}) == ({}, DEFAULT)
    assert split({})[1] is DEFAULT


def described(arguments: dict[str, object]) -> ImageDescription:
    return build_description(parse(TEST_FILES / "CT_small.dcm", arguments), raw=False)


def transform(description: ImageDescription) -> Transform:
    return TransformSpec(description.image, 16, 128 * 128, (1.0, 0.0), "float32").build()


@pytest.mark.parametrize("arguments", [{}, {"reduce": (16, 16)}, {"as_rgb": False}])
def test_images_of_one_series_share_description_and_table(arguments):
    first, second = described(arguments), described(arguments)
    assert second is first
    assert transform(second) is transform(first)
    other = described({**arguments, "view_only": True})
    assert other is not first
    assert other.image == first.image
    assert hash(other.image) == hash(first.image)
    assert transform(other) is transform(first)


def test_descriptions_with_options_for_plugins_are_not_shared():
    arguments = {"byteorder": np.zeros(3)}
    assert described(arguments) is not described(arguments)


def test_arguments_are_split():
    overrides, options = split({"rows": 3, "view_only": 1, "byteorder": "<", "use_pdh": True})
    assert overrides == {"rows": 3}
    assert options == DecodeOptions(view_only=True, plugin_options={"byteorder": "<"})
