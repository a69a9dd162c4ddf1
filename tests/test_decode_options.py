"""The caller's arguments, split into overrides of the data set and decoding options."""

import dataclasses

from dicomet._decoding.options import OPTION_NAMES
from dicomet._parsing.decode_options import DEFAULT, OVERRIDES, DecodeOptions, split

# The options that only plugins know.
OF_PLUGINS = {"byteorder", "pixel_keyword", "pixel_vr", "rle_segment_order"}


def test_every_option_has_a_place():
    fields = {field.name for field in dataclasses.fields(DecodeOptions)} - {"plugin_options"}
    assert fields | OVERRIDES | OF_PLUGINS | {"use_pdh"} == OPTION_NAMES


def test_no_arguments_share_the_defaults():
    assert split({}) == ({}, DEFAULT)
    assert split({})[1] is DEFAULT


def test_arguments_are_split():
    overrides, options = split({"rows": 3, "view_only": 1, "byteorder": "<", "use_pdh": True})
    assert overrides == {"rows": 3}
    assert options == DecodeOptions(view_only=True, plugin_options={"byteorder": "<"})
