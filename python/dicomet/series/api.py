"""The public functions `find_series` and `read_volume`."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from dicomet._parsing.header_values import HeaderValues, named_element
from dicomet._utils.warn import warn
from dicomet.errors import PixelDataError, SeriesError, counted, first_of, one_line, with_filename
from dicomet.series.headers import headers_of
from dicomet.series.issues import Permission
from dicomet.series.series import Series, series_of
from dicomet.series.slices import Slice, series_elements, slices_of, text, whole
from dicomet.series.sources import candidates_of, name_of
from dicomet.series.volume import Volume

if TYPE_CHECKING:
    import os

    from numpy.typing import DTypeLike

    from dicomet.display.values import Values
    from dicomet.display.voi_selection import WindowSpec
    from dicomet.series.sources import SeriesFile


def find_series(source: "str | os.PathLike[str] | Iterable[SeriesFile]", *, workers: int | None = None) -> list[Series]:
    """Return the series of the images in a folder, an archive or a list, with their slices ordered in space.

    Only headers are read, on all cores. Files without images, such as reports, are left out, and so are those that
    cannot be read, with a warning.

    Parameters
    ----------
    source : path, or iterable of files
        A folder with all that is below it, an archive (zip, tar, tar.gz), a file, or files: paths, binary file
        objects, bytes or pydicom.dataset.Dataset. Folders and archives are searched as by `read_headers`.
    workers : int, optional
        Maximum number of threads. By default, the value of the environment variable ``DICOMET_WORKERS``, or else the
        number of CPUs that the process may use.

    Returns
    -------
    list of Series
        One for each Series Instance UID, by Series Number. Its slices are in the order of their positions along the
        normal of the first one (PS3.3 C.7.6.2.1.1), not by name or Instance Number. The frames of an enhanced
        multi-frame file are slices by their functional groups. What keeps a series from being one volume is in
        `Series.issues`; `Series.split` returns its parts.

    Raises
    ------
    OSError
        The folder or the archive cannot be read.
    TypeError
        `source` is not a path or an iterable of files.

    """
    elements = [named_element(keyword) for keyword in series_elements()]
    found: dict[str, list[Slice]] = {}
    headers: dict[str, HeaderValues] = {}
    failures: list[str] = []
    for file, header in headers_of(candidates_of(source), elements, workers):
        if header.error is not None and header.values["Rows"] is None:
            failures.append(f"{name_of(file) or type(file).__name__}: {header.error}")
            continue
        if not header.has_pixel_data or header.values["Rows"] is None:
            continue
        try:
            with with_filename(name_of(file) or type(file).__name__):
                slices = list(slices_of(file, header))
        except (PixelDataError, OSError) as error:
            failures.append(str(error))
            continue
        uid = text(header.values["SeriesInstanceUID"])
        found.setdefault(uid, []).extend(slices)
        headers.setdefault(uid, header)
    _warn_of(failures)
    ordered = sorted(found, key=lambda uid: (whole(headers[uid].values["SeriesNumber"]) or 0, uid))
    return [_series(uid, headers[uid], found[uid]) for uid in ordered]


def _series(uid: str, header: HeaderValues, slices: list[Slice]) -> Series:
    return series_of(uid, text(header.values["SeriesDescription"]), text(header.values["Modality"]), slices)


def _warn_of(failures: list[str]) -> None:
    if failures:
        found = first_of(list(map(one_line, failures)), "; ")
        warn(f"found {counted(len(failures), 'file')} that cannot be read: {found}")


def read_volume(  # noqa: PLR0913 - the arguments of `Series.volume`
    source: "str | os.PathLike[str] | Iterable[SeriesFile]",
    series_uid: str | None = None,
    *,
    values: "Values" = "modality",
    dtype: "DTypeLike | None" = None,
    window: "WindowSpec" = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    allow: Collection[Permission] = (),
    workers: int | None = None,
    max_bytes: int | None = None,
) -> Volume:
    """Return a series as one array with its position in space.

    >>> volume = dicomet.read_volume("ct/")
    >>> volume.array, volume.spacing, volume.affine_ras

    Parameters
    ----------
    source : path, or iterable of files
        As for `find_series`.
    series_uid : str, optional
        Series Instance UID. Required if there are several series.
    values, dtype, window, percentiles, allow, workers, max_bytes
        As for `Series.volume`.

    Returns
    -------
    Volume
        The array of shape ``(slices, rows, columns[, samples])``, with spacing, origin, direction, affine and files.

    Raises
    ------
    SeriesError
        There is no such series, or there are several; or its images are not one volume. A `PixelDataError`.
    PixelDataError, OSError, ValueError, TypeError
        As `find_series` and `Series.volume` do.

    """
    series = _only(find_series(source, workers=workers), series_uid)
    return series.volume(
        values=values,
        dtype=dtype,
        window=window,
        percentiles=percentiles,
        allow=allow,
        workers=workers,
        max_bytes=max_bytes,
    )


def _only(series: list[Series], uid: str | None) -> Series:
    """Return the series with this UID, or the only one."""
    matching = [one for one in series if uid is None or one.uid == uid]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{one.uid!r} ({one.modality}, {counted(len(one), 'slice')})" for one in series)
    expected = "one: choose by 'series_uid'" if uid is None else repr(uid)
    raise SeriesError(f"found {listed or 'no series'}, expected {expected}")
