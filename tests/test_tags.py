"""The table of data elements agrees with the data dictionary, and with pydicom's options."""

import pytest
from pydicom.datadict import DicomDictionary, get_entry
from pydicom.pixels.utils import _IMAGE_PIXEL

from dicomet._parsing import tags
from dicomet._parsing.tags import Tag

ALL = [
    tag
    for value in vars(tags).values()
    for tag in (value if isinstance(value, tuple) else (value,))
    if isinstance(tag, Tag)
]


@pytest.mark.parametrize("tag", ALL, ids=lambda tag: tag.keyword)
def test_a_tag_has_the_entry_of_the_dictionary(tag):
    # `get_entry` also knows the repeating groups, but takes unknown ones for private.
    vr, _, name, _, keyword = DicomDictionary[tag] if tag >> 16 != 0x6000 else get_entry(tag)
    assert (tag.vr, tag.name, tag.keyword) == (vr, name, keyword)
    assert tag.label == tags.label_of(int(tag))


def test_image_pixel_elements_are_pydicoms_options():
    assert {int(tag): tag.option_name for tag in tags.IMAGE_PIXEL} == _IMAGE_PIXEL


def test_a_label():
    assert tags.NUMBER_OF_FRAMES.label == "(0028,0008) Number of Frames"
    assert tags.NUMBER_OF_FRAMES.quoted == "(0028,0008) 'Number of Frames'"
