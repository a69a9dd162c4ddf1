"""The display values of an image, computed with pydicom's functions and NumPy, in float64, frame by frame."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut

FAR = 1e12


def part(ds: Dataset, frame: np.ndarray, index: int) -> np.ndarray:
    """Return the brightness of each pixel of a frame, from 0 to 1."""
    ds = of_frame(ds, index)
    if frame.dtype.kind == "f":
        # pydicom's windowing reads them.
        ds.BitsStored, ds.PixelRepresentation = 16, 0
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        colors = apply_color_lut(frame, ds)
        return colors / np.iinfo(colors.dtype).max
    if ds.SamplesPerPixel == 3:
        return frame / (2.0**ds.BitsStored - 1)
    gray = gray_part(ds, frame)
    shape = ds.get("PresentationLUTShape") or ("INVERSE" if ds.PhotometricInterpretation == "MONOCHROME1" else "")
    return 1 - gray if shape == "INVERSE" else gray


def of_frame(ds: Dataset, index: int) -> Dataset:
    """Return a data set to which the attributes of a frame's functional groups are copied."""
    of_all, ds = ds, Dataset()
    ds.update(of_all)
    ds.file_meta = of_all.file_meta
    groups = [of_all.SharedFunctionalGroupsSequence[0]] if "SharedFunctionalGroupsSequence" in ds else []
    groups += [of_all.PerFrameFunctionalGroupsSequence[index]] if "PerFrameFunctionalGroupsSequence" in ds else []
    for group in groups:
        for keyword in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if keyword in group:
                ds.update(group[keyword][0])
    return ds


def gray_part(ds: Dataset, frame: np.ndarray) -> np.ndarray:
    """Return the brightness before any inversion."""
    values = apply_modality_lut(frame, ds)
    if "VOILUTSequence" in ds:
        return apply_voi_lut(values, ds) / (2.0 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1)
    if ds.get("WindowCenter") is not None:
        shown = apply_voi_lut(values, ds)
        low, high = apply_voi_lut(np.array([-FAR, FAR]), ds)
        return (shown - low) / (high - low)
    if frame.dtype.kind in "iu" and ds.BitsStored <= 8 and "ModalityLUTSequence" not in ds:
        return frame / (2.0**ds.BitsStored - 1)
    counted = values[frame != ds.PixelPaddingValue] if "PixelPaddingValue" in ds else values
    low, high = float(counted.min()), float(counted.max())
    return np.clip((values.astype(np.float64) - low) / ((high - low) or 1), 0, 1)


def rounded(exact: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round half up if `dtype` is an integer type."""
    return np.floor(exact + 0.5).astype(dtype) if np.dtype(dtype).kind in "iu" else exact.astype(dtype)


def assert_seen(found: np.ndarray, exact: np.ndarray) -> None:
    """Check a result, except for values halfway between two integers within the precision of float64."""
    assert found.shape == exact.shape
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-7)
        return
    near_half = np.abs(exact - np.floor(exact) - 0.5) < 1e-6
    differs = found != rounded(exact, found.dtype)
    assert not (differs & ~near_half).any()
    assert np.abs(found.astype(float) - exact).max(initial=0) <= 0.5 + 1e-6


def equation(x: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """The VOI LUT functions of PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2, scaled to 0 to 1."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if function == "SIGMOID":
            return 1 / (1 + np.exp(-4 * (x - center) / width))
        if function == "LINEAR":
            center, width = center - 0.5, width - 1
        line = (x - center) / width + 0.5
    return np.where(x <= center - width / 2, 0, np.where(x > center + width / 2, 1, line))
