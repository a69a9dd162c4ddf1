"""The tasks. Each names its rows, lists the workloads on which readers must be checked first, and measures."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from dicomet._utils.timing import Limit, medians, time_interleaved
from harness import child, measure, readers
from harness.rows import BYTES, FLOOR, OWN, REFERENCE, Row
from harness.session import Need, Session
from harness.trial import Verdict
from workloads import WARM_UP, Workload

COLD_STARTS = Limit(7, 15, 8)


class Task(Protocol):
    """The interface of a task."""

    def names(self) -> list[str]:
        """Return the name, "section: row", of every row."""

    def only(self, wanted: Sequence[str]) -> "Task | None":
        """Return the task for only the rows whose names contain one of `wanted`, or None if there are none."""

    def needs(self) -> list[Need]:
        """Return the workloads and frames on which the readers must be tried first."""

    def rows(self, session: Session) -> list[Row]:
        """Measure, and return the rows."""


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Tell whether the name of a row contains one of `wanted`, which is empty for all rows."""
    return not wanted or any(part.lower() in name.lower() for part in wanted)


@dataclass(frozen=True)
class Read:
    """Reading of a workload from path to array: all frames, or one frame."""

    section: str
    workload: Workload
    index: int | None = None

    @property
    def label(self) -> str:
        """The name of the row, with its section."""
        return f"{self.section}: {self.workload.name}"

    def question(self, session: Session, names: Sequence[str]) -> dict[str, object]:
        """Return the question to `measure` for this row."""
        path, workload = session.path(self.workload), self.workload
        first, count = (0, workload.shape[0]) if self.index is None else (self.index, 1)
        start, end = first * workload.frame_bits // 8, -(-(first + count) * workload.frame_bits // 8)
        fromfile = {"offset": path.stat().st_size - workload.value_bytes + start, "count": end - start}
        return {
            "row": workload.name,
            "path": str(path),
            "index": self.index,
            "names": names,
            "floor": {"count": workload.result_bytes(count)} if self._is_filled else fromfile,
        }

    @property
    def _is_filled(self) -> bool:
        """Whether the file holds fewer bytes than the array, so that the floor is filling instead of reading."""
        return self.workload.rle or self.workload.encoding is not None or self.workload.bits[0] == 1

    def row(self, session: Session) -> Row:
        """Return the row, without figures."""
        path = session.path(self.workload)
        return Row(
            self.section,
            self.workload.name,
            floor="np.full" if self._is_filled else "np.fromfile",
            verdicts=session.noted(self.workload, self.index),
            sizes={"file": path.stat().st_size, "frame": self.workload.result_bytes(1)},
        )


@dataclass(frozen=True)
class Reading:
    """Rows that are interleaved, because they are compared with each other."""

    reads: tuple[Read, ...]
    one_core: bool = False

    def names(self) -> list[str]:
        return [read.label for read in self.reads]

    def only(self, wanted: Sequence[str]) -> "Reading | None":
        reads = tuple(read for read in self.reads if is_wanted(read.label, wanted))
        return replace(self, reads=reads) if reads else None

    def needs(self) -> list[Need]:
        return [(read.workload, read.index) for read in self.reads]

    def rows(self, session: Session) -> list[Row]:
        if self.one_core and not measure.CAN_BIND:
            return []

        def ask(names: Sequence[str]) -> child.Answer:
            questions = [
                read.question(session, [name for name in session.right(read.workload, read.index) if name in names])
                for read in self.reads
            ]
            return measure.times(questions, session.limit, one_core=self.one_core)

        found, late = _ask_again(ask, session.names)
        return [_filled(read.row(session), found, read.workload.name, late) for read in self.reads]


def _ask_again(ask, names: Sequence[str]) -> tuple[child.Answer, dict[str, Verdict]]:
    """Ask, and if the process crashes, ask again without the peers: one that returned a right result crashed later."""
    found = ask(names)
    if not found.failure:
        return found, {}
    late = Verdict("crashes", f"one of the peers, later on: {found.failure} {found.printed}")
    return ask([OWN, REFERENCE]), {name: late for name in names if name not in (OWN, REFERENCE)}


def _filled(row: Row, found: child.Answer, name: str, late: dict[str, Verdict]) -> Row:
    items = [item for item in found.items if item[0] == name]
    figures = {reader: median for _, reader, median, _, _ in items}
    lowest = {reader: seconds for _, reader, _, seconds, _ in items}
    late = {reader: verdict for reader, verdict in late.items() if reader not in row.verdicts}
    if found.failure:
        late[OWN] = late[REFERENCE] = Verdict("crashes", f"{found.failure} {found.printed}")
    runs = max((item[4] for item in items), default=0)
    return replace(row, figures=figures, lowest=lowest, runs=runs, verdicts={**row.verdicts, **late})


@dataclass(frozen=True)
class ManyFiles:
    """Many files of one workload, read by a thread pool."""

    section: str
    workload: Workload
    count: int = 200
    different: int = 10
    threads: tuple[int, ...] = (1, 2)

    def _rows(self) -> dict[str, str]:
        """Return the names of the rows, by their keys in `measure`."""
        files = f"{self.count} files: {self.workload.name}"
        pools = {str(threads): f"{files}, {threads} thread{'s' * (threads > 1)}" for threads in self.threads}
        return {**pools, measure.AHEAD: f"{files}, ahead"}

    def names(self) -> list[str]:
        return [f"{self.section}: {row}" for row in self._rows().values()]

    def only(self, wanted: Sequence[str]) -> "ManyFiles | None":
        return self if any(is_wanted(name, wanted) for name in self.names()) else None

    def needs(self) -> list[Need]:
        return [(self.workload, None)]

    def rows(self, session: Session) -> list[Row]:
        paths = [str(path) for path in session.many(self.workload, self.count, self.different)]
        right = session.right(self.workload)

        def ask(names: Sequence[str]) -> child.Answer:
            return measure.files(paths, [name for name in right if name in names], self.threads, session.limit)

        found, late = _ask_again(ask, session.names)
        verdicts = session.noted(self.workload)
        return [
            _filled(Row(self.section, row, verdicts=verdicts), found, key, late) for key, row in self._rows().items()
        ]


@dataclass(frozen=True)
class InMemory:
    """`Dataset.pixel_array` with and without `dicomet.install()`."""

    section: str
    workload: Workload

    def names(self) -> list[str]:
        return [f"{self.section}: {self.workload.name}"]

    def only(self, wanted: Sequence[str]) -> "InMemory | None":
        return self if is_wanted(self.names()[0], wanted) else None

    def needs(self) -> list[Need]:
        return []

    def rows(self, session: Session) -> list[Row]:
        found = measure.dataset(str(session.path(self.workload)), self.workload.name, session.limit)
        return [_filled(Row(self.section, self.workload.name), found, self.workload.name, {})]


@dataclass(frozen=True)
class Memory:
    """Peak memory minus the memory in use before and minus the result. `iterate`: read frame by frame."""

    section: str
    workload: Workload
    iterate: bool = False

    def _row(self) -> str:
        return f"{self.workload.name}{', iter_pixels' * self.iterate}"

    def names(self) -> list[str]:
        return [f"{self.section}: {self._row()}"]

    def only(self, wanted: Sequence[str]) -> "Memory | None":
        return self if is_wanted(self.names()[0], wanted) else None

    def needs(self) -> list[Need]:
        return [(self.workload, None)]

    def rows(self, session: Session) -> list[Row]:
        if not measure.CAN_MEASURE_MEMORY:
            return []
        path, small = session.path(self.workload), session.path(WARM_UP)
        names = [name for name in session.right(self.workload) if not self.iterate or name in readers.ITERATING]
        figures, verdicts = {}, {} if self.iterate else session.noted(self.workload)
        for name in names:
            found = measure.memory(str(path), name, str(small), iterate=self.iterate)
            if found.failure:
                verdicts[name] = Verdict("crashes", f"{found.failure} {found.printed}")
            else:
                figures[name] = found.items[0]
        sizes = {"file": path.stat().st_size, "frame": self.workload.result_bytes(1)}
        return [Row(self.section, self._row(), BYTES, figures=figures, runs=1, verdicts=verdicts, sizes=sizes)]


@dataclass(frozen=True)
class ColdStart:
    """The time of a new process that imports a package, or that also reads one array."""

    section: str
    workload: Workload

    def names(self) -> list[str]:
        return [f"{self.section}: import", f"{self.section}: first array, {self.workload.name}"]

    def only(self, wanted: Sequence[str]) -> "ColdStart | None":
        return self if any(is_wanted(name, wanted) for name in self.names()) else None

    def needs(self) -> list[Need]:
        return [(self.workload, None)]

    def rows(self, session: Session) -> list[Row]:
        path = str(session.path(self.workload))
        modules = {peer.name: peer.module for peer in readers.PEERS if peer.name in session.names and peer.reads_files}
        imports = {name: f"import {module}" for name, module in modules.items()}
        arrays = {
            name: f"from pathlib import Path; from harness import readers; readers.load({name!r}).whole(Path({path!r}))"
            for name in session.right(self.workload)
        }
        floor = f"import numpy; numpy.fromfile({path!r}, numpy.uint8)"
        first = f"first array, {self.workload.name}"
        return [
            self._row("import", "import numpy", {FLOOR: "import numpy", **imports}, {}),
            self._row(first, "np.fromfile", {FLOOR: floor, **arrays}, session.noted(self.workload)),
        ]

    def _row(self, name: str, floor: str, codes: dict[str, str], verdicts: dict[str, Verdict]) -> Row:
        calls = {reader: partial(_run, code) for reader, code in codes.items()}
        for reader, call in list(calls.items()):
            # Run once in advance, which also compiles the imported modules.
            if failure := call():
                verdicts[reader] = Verdict("crashes", failure)
                del calls[reader]
        times = time_interleaved(calls, COLD_STARTS)
        runs = max(map(len, times.values()), default=0)
        return Row(self.section, name, floor=floor, figures=medians(times), runs=runs, verdicts=verdicts)


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=child.environment())
    return (
        "" if done.returncode == 0 else f"exit status {done.returncode} {done.stderr.decode(errors='replace')[-200:]}"
    )


def chosen(tasks: Sequence[Task], wanted: Sequence[str]) -> Iterator[Task]:
    """Yield the tasks that have wanted rows, reduced to these rows."""
    for task in tasks:
        if left := task.only(wanted):
            yield left
