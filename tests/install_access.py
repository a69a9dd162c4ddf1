"""Access to ``Dataset.pixel_array`` with and without dicomet, and its comparison."""

from call_outcome import with_and_without
from install_calls import attempted
from install_sources import state
from pydicom.dataset import Dataset
from test_install_edge_cases import image_of, native_case

CASE = native_case(image_of(2, 4, 6, bits=16))


def accessed(dataset: Dataset) -> list:
    """Two accesses: what they give, and whether it is the same array."""
    before = getattr(dataset, "_pixel_array", None)
    first = attempted(lambda: dataset.pixel_array)
    array = dataset.__dict__.get("_pixel_array")
    second = attempted(lambda: dataset.pixel_array)
    identities = [
        before is not None and array is before,
        array is not None and dataset.__dict__["_pixel_array"] is array,
    ]
    return [first, second, identities]


def assert_same(call, make) -> bool:
    """Compare what `call` gives, and the data set it leaves."""

    def observed(dataset):
        return [call(dataset), state(dataset)]

    installed, without, taken = with_and_without(observed, make)
    assert installed == without
    return taken


MARK = object()
