"""The command ``dicomet convert``."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event
from typing import NamedTuple, get_args

from dicomet._utils.extras import needs
from dicomet._utils.report import Report
from dicomet.cli.progress import with_progress
from dicomet.convert import pool
from dicomet.convert.api import Converted, Status
from dicomet.convert.executor import Executor
from dicomet.convert.formats import FILE_SUFFIXES, FORMATS, format_of
from dicomet.convert.jobs import Job
from dicomet.convert.naming import output_paths
from dicomet.convert.options import Options, sidecar_keywords
from dicomet.convert.overwrite import refuse_overwrite
from dicomet.convert.sidecar import sidecar_path
from dicomet.convert.sources import InputFile, UnusableSourceError, find
from dicomet.errors import one_line

UNUSABLE_ARGUMENTS = 2
PREFIX = "dicomet convert"
FULL_LIST = "--verbose or --report lists them"


class _Plan(NamedTuple):
    """The checked arguments: input files, their outputs, and the options."""

    found: Sequence[InputFile]
    outs: Sequence[Path]
    options: Options

    def jobs(self) -> Iterator[Job]:
        for file, out in zip(self.found, self.outs, strict=True):
            yield Job(file.source, str(out), self.options, file.member, file.data, file.was_named, file.fault)


def run(arguments: argparse.Namespace) -> int:
    """Convert the files that the arguments name, and return the exit status."""
    try:
        plan = _plan(arguments)
        out = arguments.report
        report = None if out is None else Report(Path(out), Converted._fields, "report")
        executor = _executor(arguments)
    except (UnusableSourceError, ValueError, OSError, ImportError) as error:
        sys.stderr.write(f"{PREFIX}: error: {one_line(str(error))}\n")
        return UNUSABLE_ARGUMENTS
    counts: Counter[Status] = Counter()
    stop = Event()
    try:
        with closing(executor(jobs=plan.jobs(), count=len(plan.found), stop=stop)) as done:
            for result in with_progress(
                done,
                len(plan.found),
                activity="Converting",
                prefix_of=_prefix,
                full_list=FULL_LIST,
                verbose=arguments.verbose,
            ):
                counts[result.status] += 1
                if report is not None:
                    report.add(result)
                if result.status == "failed" and arguments.on_error == "stop":
                    stop.set()
    finally:
        is_reported = report is None or _write(report)
    left = len(plan.found) - counts.total()
    summary = [f"{counts[status]} {status}" for status in get_args(Status)] + [f"{left} left"] * bool(left)
    sys.stdout.write(", ".join(summary) + "\n")
    return int(bool(counts["failed"]) or not is_reported)


def _write(report: Report) -> bool:
    """Write a report, and return whether that succeeded."""
    try:
        report.write()
    except OSError as error:
        sys.stderr.write(f"{PREFIX}: error: the report cannot be written: {one_line(str(error))}\n")
        return False
    return True


def _executor(arguments: argparse.Namespace) -> Executor:
    if arguments.scheduler is None:
        return partial(pool.run, workers=arguments.workers)
    try:
        from dicomet.convert.cluster import Cluster  # noqa: PLC0415 - an extra
    except ImportError as error:
        library = "dask.distributed, which is not installed"
        raise ImportError(needs("--scheduler", library, "dask")) from error
    return Cluster(arguments.scheduler).run


def _plan(arguments: argparse.Namespace) -> _Plan:
    options = Options(
        window=arguments.window,
        window_over=arguments.window_over,
        overlays=arguments.overlays,
        dtype=arguments.dtype,
        size=arguments.size,
        interpolation=arguments.interpolation,
        frames=arguments.frames,
        channels=arguments.channels,
        values=arguments.values,
        raw=arguments.raw,
        quality=arguments.quality,
        icc_profile=arguments.icc_profile,
        square=arguments.square,
        frame_rate=arguments.frame_rate,
        sidecar=sidecar_keywords(arguments.sidecar),
        skip_existing=arguments.skip_existing,
    )
    out = Path(arguments.output)
    if not arguments.output:
        raise ValueError("output: found '', expected the name of a folder or file")
    single = _is_file_name(out) and not arguments.output.endswith(("/", os.sep))
    requested = None if arguments.format is None else format_of(f"x.{arguments.format}")
    form = format_of(str(out)) if single else requested or FORMATS[0]
    if requested not in {None, form}:
        raise ValueError(f"--format {arguments.format} contradicts the name of the output, {str(out)!r}")
    options.check_format(form)
    if arguments.scheduler is None:
        form.check_installed()
    found = find(arguments.sources, out)
    if not single:
        if out.exists() and not out.is_dir():
            raise ValueError(f"output: found the file {str(out)!r}, expected a folder")
        outs = output_paths(found, out, form.suffixes[0])
    elif len(found) > 1:
        raise UnusableSourceError(f"{str(out)!r} is the name of one file, found {len(found)} to convert")
    else:
        outs = [out]
    refuse_overwrite(found, [*outs, *_beside(outs, options, arguments.report)])
    return _Plan(found, outs, options)


def _beside(outs: Sequence[Path], options: Options, report: str | None) -> list[Path]:
    """Return the files that are written besides the results."""
    sidecars = [] if options.sidecar is None else [sidecar_path(out) for out in outs]
    if report is None:
        return sidecars
    if Path(report) in sidecars:
        raise ValueError(f"report: found {report!r}, which is the name of a sidecar")
    return [*sidecars, Path(report)]


def _is_file_name(out: Path) -> bool:
    """Distinguish the name of an output file from that of a folder, which may contain a dot; x.bmp is neither."""
    if out.is_dir():
        return False
    return out.suffix.lower() in FILE_SUFFIXES


def _prefix(result: Converted) -> str | None:
    """Return the prefix of a file's line, or None if there is nothing to report."""
    if result.status == "failed":
        return PREFIX
    return f"{PREFIX}: warning" if result.status == "converted" and result.reason else None
