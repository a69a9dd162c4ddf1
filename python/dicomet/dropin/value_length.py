"""How pydicom understands the length of a native value in memory: padding, or more frames (``_validate_buffer``)."""

from typing import Any

from dicomet.dropin.shape import Declined, PlannedShape


def padded_bytes(form: PlannedShape) -> int:
    """Return the bytes of all frames in native form, with padding to an even number."""
    return form.value_bytes + form.value_bytes % 2


def excess_frames(form: PlannedShape, length: int, options: dict[str, Any]) -> int:
    """Return how many more frames than Number of Frames pydicom finds in a native value of `length` bytes."""
    if form.shape.is_subsampled:
        # Half as many bytes again are those of samples that are not subsampled, which pydicom refuses.
        full = form.value_bytes // 2 * 3
        if length >= full + full % 2:
            raise Declined("YBR_FULL_422 with as many bytes as without subsampling")
        return 0
    if not options.get("allow_excess_frames", True):
        return 0
    _, frame_bits = form.image.native_frame_range(0)
    more = length * 8 // frame_bits - form.shape.number_of_frames
    if more > 0 and frame_bits % 8:
        raise Declined("more frames of single bits than Number of Frames, which do not end on bytes")
    return max(more, 0)
