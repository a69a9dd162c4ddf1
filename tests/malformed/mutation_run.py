"""Mutate files and compare dicomet with pydicom, any number of times.

    python tests/malformed/mutation_run.py --count 1000000 --seed 0 --processes 2 --json summary.json
    python tests/malformed/mutation_run.py --jpeg --count 500000 --json summary.json
    python tests/malformed/mutation_run.py --jpeg-ls --count 500000 --portion 1000 --json summary.json
    python tests/malformed/mutation_run.py --jpeg-2000 --count 500000 --portion 100 --json summary.json
    python tests/malformed/mutation_run.py --show 4711 --write file.dcm

`--jpeg` mutates JPEG files only, and their codestreams, too; `--jpeg-ls` and `--jpeg-2000` the same with their kind.

A child process examines each file, with a memory limit and a timeout. The parent knows which file a child was examining
when it died, and continues after that file. The exit status is 1 if there was a fault.
"""

import argparse
import gc
import itertools
import json
import logging
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

# NumPy's threads would not survive a fork, and pydicom's color conversions are small products.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.pop("DICOMET", None)
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import mutation_pydicom  # noqa: E402
from mutate import Mutated, mutated  # noqa: E402
from mutation_oracle import Examiner  # noqa: E402
from mutation_sources import prepare_all, real  # noqa: E402
from mutation_tally import Tally  # noqa: E402

FEW = 30_000
"""For more files than this, all sources are prepared before the first fork."""
PORTION = 250
"""Files per child: if one dies, all but the file at fault are examined again. Some let a plugin use up the memory."""
HANGS_AFTER = 25.0
MEMORY = 2 << 30


class Subject(NamedTuple):
    """What a run mutates and how it examines that. `prepare` builds all sources before the first fork."""

    mutated: Callable[[int], Mutated]
    examiner: type[Examiner]
    prepare: Callable[[], None]


FILES = Subject(mutated, Examiner, prepare_all)


def jpeg_files() -> Subject:
    """The subject of `--jpeg`, which needs imagecodecs."""
    from mutation_jpeg import JpegExaminer  # noqa: PLC0415
    from mutation_sources_jpeg import prepare_jpeg  # noqa: PLC0415
    from mutations_jpeg import mutated_jpeg  # noqa: PLC0415

    return Subject(mutated_jpeg, JpegExaminer, prepare_jpeg)


def jpeg_ls_files() -> Subject:
    """The subject of `--jpeg-ls`, which needs pyjpegls and imagecodecs."""
    from mutation_jpeg_ls import JpegLsExaminer, prepare_jpeg_ls  # noqa: PLC0415
    from mutations_jpeg_ls import mutated_jpeg_ls  # noqa: PLC0415

    return Subject(mutated_jpeg_ls, JpegLsExaminer, prepare_jpeg_ls)


def jpeg_2000_files() -> Subject:
    """The subject of `--jpeg-2000`, which needs imagecodecs."""
    from mutation_jpeg_2000 import Jpeg2000Examiner, prepare_jpeg_2000  # noqa: PLC0415
    from mutations_jpeg_2000 import mutated_jpeg_2000  # noqa: PLC0415

    return Subject(mutated_jpeg_2000, Jpeg2000Examiner, prepare_jpeg_2000)


OF_CODESTREAMS = {"jpeg": jpeg_files, "jpeg_ls": jpeg_ls_files, "jpeg_2000": jpeg_2000_files}


class Child:
    """A process that examines some files.

    `place` is shared memory: the current seed, its start time, and whether code of others is running.
    """

    def __init__(self, first: int, last: int, skipped: frozenset[int], folder: Path, subject: Subject) -> None:
        self.first, self.last, self.skipped, self.subject = first, last, skipped, subject
        context = multiprocessing.get_context("fork")
        self.place = context.RawArray("d", 3)
        self.place[:] = [first, time.monotonic(), 0]
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(self, theirs, folder))
        self.process.start()
        theirs.close()

    @property
    def hangs(self) -> bool:
        """Whether a file takes too long in spite of the child's timeout."""
        return time.monotonic() - self.place[1] > HANGS_AFTER


def work(child: Child, pipe: Connection, folder: Path) -> None:
    """Examine the files of a child, in its process."""
    with Path("/proc/self/statm").open() as file:
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    gc.set_threshold(20_000)
    # pylibjpeg-rle prints its panics there, with a backtrace.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    examiner, mutation_pydicom.place = child.subject.examiner(folder), child.place
    for seed in range(child.first, child.last):
        if seed in child.skipped:
            continue
        child.place[:] = [seed, time.monotonic(), 0]
        found = child.subject.mutated(seed)
        examiner.tally.note("sources", found.source.syntax or "none", seed)
        for kind in found.kinds:
            examiner.tally.counts["mutations"][kind] += 1
        try:
            examiner.examine(seed, found)
        except Exception as error:  # noqa: BLE001 - no other code would report it
            examiner.tally.note("faults", f"in the tests themselves: {error!r}", seed)
    pipe.send((examiner.tally.counts, {table: dict(found) for table, found in examiner.tally.examples.items()}))
    pipe.close()


class Run:
    """A run over `count` files, starting at the seed `first`."""

    def __init__(
        self, first: int, count: int, processes: int, portion: int = PORTION, subject: Subject = FILES
    ) -> None:
        self.first, self.count, self.processes, self.portion, self.subject = first, count, processes, portion, subject
        self.tally, self.started, self.done = Tally(), time.monotonic(), 0

    def portions(self) -> Iterator[tuple[int, int]]:
        """The range of seeds of each child."""
        last = self.first + self.count
        for first in range(self.first, last, self.portion):
            yield first, min(first + self.portion, last)

    def results(self) -> Iterator[dict[str, Any]]:
        """Run, and yield a summary whenever a child has finished."""
        real()
        if self.count > FEW:
            self.subject.prepare()
        gc.freeze()
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:  # noqa: S108
            portions = self.portions()
            first = itertools.islice(portions, self.processes)
            children = [Child(*seeds, frozenset(), Path(name), self.subject) for seeds in first]
            while children:
                wait([child.pipe for child in children], timeout=1)
                for child in list(children):
                    follower = self._follow(child, portions, Path(name))
                    if follower is child:
                        continue
                    children.remove(child)
                    children += [] if follower is None else [follower]
                    yield self.summary()

    def _follow(self, child: Child, portions: Iterator[tuple[int, int]], folder: Path) -> Child | None:
        """The child itself while it runs; its successor afterwards."""
        if child.pipe.poll():
            try:
                self.tally.add(*child.pipe.recv())
            except EOFError:
                return self._after_death(child, folder)
            child.process.join()
            self.done += child.last - child.first
            first_last = next(portions, None)
            return None if first_last is None else Child(*first_last, frozenset(), folder, self.subject)
        if child.hangs:
            child.process.kill()
            child.process.join()
            return self._after_death(child, folder)
        return child

    def _after_death(self, child: Child, folder: Path) -> Child:
        child.process.join()
        seed = int(child.place[0])
        code = child.process.exitcode
        what = f"a child died, exit code {code}" if code else "a child ended"
        if child.hangs:
            what = "a child was killed, because it hung"
        self.tally.note("died in code of others" if child.place[2] else "faults", what, seed)
        return Child(child.first, child.last, child.skipped | {seed}, folder, self.subject)

    def summary(self) -> dict[str, Any]:
        """All counts."""
        seconds = time.monotonic() - self.started
        tables = {
            table: {
                what: [count, *self.tally.examples[table].get(what, [])] if table != "mutations" else count
                for what, count in found.most_common()
            }
            for table, found in sorted(self.tally.counts.items())
        }
        return {
            "seed": self.first,
            "executions": self.done,
            "seconds": round(seconds, 1),
            "per second": round(self.done / seconds, 1),
            "faults": sum(self.tally.counts["faults"].values()),
            "tables": tables,
        }


def text(summary: dict[str, Any]) -> str:
    """The summary as text: counts, and seeds of examples."""
    lines = [f"{name}: {value}" for name, value in summary.items() if name != "tables"]
    for table, found in summary["tables"].items():
        lines += ["", table]
        for what, counted in found.items():
            count, *seeds = counted if isinstance(counted, list) else [counted]
            lines.append(f"{count:10}  {what}" + (f"   {seeds}" if seeds and table != "sources" else ""))
    return "\n".join(lines)


def show(subject: Subject, seed: int, path: str | None) -> None:
    """Print all findings for one file."""
    found = subject.mutated(seed)
    if path:
        Path(path).write_bytes(found.data)
    with tempfile.TemporaryDirectory() as name:
        examiner = subject.examiner(Path(name), every=1)
        sys.stdout.write(
            f"{found.source.name}, {found.source.syntax}: {', '.join(found.kinds)}; {len(found.data)} bytes" + "\n"
        )
        examiner.examine(seed, found)
    for table, counted in examiner.tally.counts.items():
        sys.stdout.write("\n    ".join((table, *counted)) + "\n")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first file; each has the next number")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--portion", type=int, default=PORTION, help="files that one child examines")
    parser.add_argument("--json", type=Path, help="is written whenever a child is done")
    kinds = parser.add_mutually_exclusive_group()
    for option, name in (("--jpeg", "JPEG"), ("--jpeg-ls", "JPEG-LS"), ("--jpeg-2000", "JPEG 2000")):
        kinds.add_argument(option, action="store_true", help=f"{name} files, and their codestreams, too")
    parser.add_argument("--show", type=int, help="examine this file alone")
    parser.add_argument("--write", help="of --show: write the file here")
    arguments = parser.parse_args()
    subject = next((make() for name, make in OF_CODESTREAMS.items() if getattr(arguments, name)), FILES)
    if arguments.show is not None:
        show(subject, arguments.show, arguments.write)
        return 0
    summary: dict[str, Any] = {}
    run = Run(arguments.seed, arguments.count, arguments.processes, arguments.portion, subject)
    for summary in run.results():
        if arguments.json:
            arguments.json.write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    sys.stdout.write(text(summary) + "\n")
    return 1 if summary["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
