"""Mutate files, read them with dicomet and its installed peers, and count how the calls end. Linux only.

python benches/robustness.py --count 4000 --output results
python tests/malformed/mutation_run.py --jpeg-ls --show 17 --write file.dcm      # the JPEG-LS file of the seed 17

The files are those of tests/malformed/mutation_run.py, of its four kinds in turn: the same seed gives the same file.
Each reader runs in a process of its own, with limits of time and memory (harness/guarded.py).
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from harness import report
from harness.guarded import ALLOWED_GROWTH, MEMORY, PROCESSOR_SECONDS, Answer, GuardedReader, Kind, Request
from harness.readers import OWN, PEERS

TESTS = Path(__file__).resolve().parent.parent / "tests"
PLUGINS = ("pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "pyjpegls", "pillow")
"""Packages that pydicom decodes with, whose versions are part of the result."""
FILLS = (0, 0xA5)
"""Of memory in the first and in the other process. In the first it is as usual: filling makes all of it resident."""
EXAMPLES = 5
TOTAL = "all"


class Outcome(StrEnum):
    """How a call ended, beside dicomet's call for the same file."""

    SAME = "decoded, dicomet's values"
    OTHER_BEFORE = "decoded, other values, as of the original file"
    OTHER = "decoded, other values"
    EXTRA = "decoded, dicomet refuses"
    FEWER = "refused, dicomet decodes"
    BOTH = "refused, as dicomet"
    PANICS = "panic, no Exception"
    HANGS = "no end within the time limit"
    DIES = "the process ended"


class Finding(StrEnum):
    """What else was found about a call."""

    UNSTABLE = "decoded, another outcome in another process"
    GREEDY = "much memory"


ENDS = {Kind.PANICS: Outcome.PANICS, Kind.HANGS: Outcome.HANGS, Kind.DIES: Outcome.DIES}
DECODED = frozenset({Outcome.SAME, Outcome.OTHER_BEFORE, Outcome.OTHER, Outcome.EXTRA})


def outcome(own: Answer, found: Answer, original: Answer | None) -> Outcome:
    """Return the outcome of a call. `own`: dicomet's answer; `original`: the reader's for the file before mutation."""
    if found.kind in ENDS:
        return ENDS[found.kind]
    if found.kind is Kind.REFUSES:
        return Outcome.FEWER if own.kind is Kind.ARRAY else Outcome.BOTH
    if own.kind is not Kind.ARRAY:
        return Outcome.EXTRA
    if found.verdict != "wrong":
        return Outcome.SAME
    return Outcome.OTHER_BEFORE if original and original.verdict == "wrong" else Outcome.OTHER


class Subject(NamedTuple):
    """A kind of files, and the function that returns the mutated file of a seed (`mutate.Mutated`)."""

    name: str
    mutated: Callable[[int], Any]


def subjects() -> tuple[Subject, ...]:
    """Return the kinds of files. Their modules are those of the tests, and need the extra `test`."""
    sys.path[:0] = [str(TESTS / "malformed"), str(TESTS)]
    from mutate import mutated  # noqa: PLC0415
    from mutations_jpeg import mutated_jpeg  # noqa: PLC0415
    from mutations_jpeg_2000 import mutated_jpeg_2000  # noqa: PLC0415
    from mutations_jpeg_ls import mutated_jpeg_ls  # noqa: PLC0415

    return (
        Subject("files", mutated),
        Subject("JPEG", mutated_jpeg),
        Subject("JPEG-LS", mutated_jpeg_ls),
        Subject("JPEG 2000", mutated_jpeg_2000),
    )


class Counts:
    """For each kind of files and each reader: outcomes and findings, reasons, and the seeds of examples."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
        self.reasons: dict[str, Counter] = defaultdict(Counter)
        self.examples: dict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, subject: str, reader: str, what: Outcome | Finding, seed: int, reason: str = "") -> None:
        """Count one call."""
        for group in (subject, TOTAL):
            self.counts[group, reader][what] += 1
        if reason:
            self.reasons[reader][f"{what}: {reason}"] += 1
        seeds = self.examples[reader, what]
        if len(seeds) < EXAMPLES:
            seeds.append(f"{subject} {seed}")


class Comparison:
    """All readers, each in a process of its own, and one in another process for what is doubtful."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder, self.path = folder, folder / "image.dcm"
        self.readers = {name: GuardedReader(name, FILLS[0]) for name in names}
        self.others: dict[str, GuardedReader] = {}
        self.originals: dict[str, dict[str, Answer]] = {}
        self.counts = Counts()

    def answers(self, data: bytes) -> dict[str, Answer]:
        """Read a file with all readers."""
        self.path.write_bytes(data)
        own = self.readers[OWN].ask(Request(str(self.path), write=str(self.folder)))
        reference = str(self.folder) if own.kind is Kind.ARRAY else ""
        peers = {name: reader for name, reader in self.readers.items() if name != OWN}
        for reader in peers.values():
            reader.send(Request(str(self.path), reference=reference))
        return {OWN: own, **{name: reader.receive() for name, reader in peers.items()}}

    def examine(self, subject: str, seed: int, data: bytes, original: bytes, name: str) -> None:
        """Read a mutated file, and the original if it is new, and count."""
        if name not in self.originals:
            self.originals[name] = self.answers(original)
        originals, found = self.originals[name], self.answers(data)
        for reader, answer in found.items():
            result = outcome(found[OWN], answer, originals[reader])
            reason = answer.reason if answer.kind in ENDS else ""
            self.counts.add(subject, reader, result, seed, reason)
            if answer.is_greedy:
                self.counts.add(subject, reader, Finding.GREEDY, seed, answer.reason)
            # Memory has another fill there: other values show that nothing wrote some of them.
            if result in DECODED and (result != Outcome.SAME or reader == OWN):
                again = self._other(reader).ask(Request(str(self.path)))
                if again.kind is not Kind.ARRAY or again.checksum != answer.checksum:
                    self.counts.add(subject, reader, Finding.UNSTABLE, seed)

    def _other(self, reader: str) -> GuardedReader:
        if reader not in self.others:
            self.others[reader] = GuardedReader(reader, FILLS[1])
        return self.others[reader]

    def end(self) -> None:
        """End all processes."""
        for reader in (*self.readers.values(), *self.others.values()):
            reader.end()


def markdown(counts: Counts, names: Sequence[str], groups: Sequence[str], about: dict[str, Any]) -> str:
    """Return the versions, and a table for each kind of files."""
    versions = ", ".join(f"{name} {found}" for name, found in about["versions"].items())
    limits = f"Limits of a call: {PROCESSOR_SECONDS:.0f} s of processor time, {MEMORY >> 30} GiB."
    much = f"Much memory: more than {ALLOWED_GROWTH >> 20} MiB besides the result, or an error for want of memory."
    lines = [f"{about['cpu']}, {about['system']}, {about['python']}, {versions}.", "", f"{limits} {much}"]
    for group in groups:
        files = sum(counts.counts[group, names[0]][what] for what in Outcome)
        lines += ["", f"### {group}: {files} files", "", *_table(counts, names, group)]
    return "\n".join(lines) + "\n"


def _table(counts: Counts, names: Sequence[str], group: str) -> Iterator[str]:
    yield f"| | {' | '.join(names)} |"
    yield "|---|" + "---|" * len(names)
    for what in (*Outcome, *Finding):
        yield f"| {what} | {' | '.join(str(counts.counts[group, name][what]) for name in names)} |"


def to_json(counts: Counts, about: dict[str, Any], arguments: dict[str, int]) -> str:
    """Return all counts, the reasons, and the seeds of examples."""
    found: dict[str, Any] = {"machine": about, **arguments, "counts": {}, "reasons": {}, "examples": {}}
    for (group, name), counter in counts.counts.items():
        found["counts"].setdefault(group, {})[name] = dict(counter)
    for name, counter in counts.reasons.items():
        found["reasons"][name] = dict(counter.most_common())
    for (name, what), seeds in counts.examples.items():
        found["examples"].setdefault(name, {})[what] = seeds
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Read mutated files with dicomet and its peers.")
    parser.add_argument("--count", type=int, default=4000, help="of files; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the first file of each kind; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after which no further file is read")
    parser.add_argument("--output", type=Path, help="for robustness.md and robustness.json")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit status."""
    arguments = _parser().parse_args(argv)
    versions = {peer.name: peer.version for peer in PEERS if peer.reads_files}
    names = [name for name, found in versions.items() if found]
    about = report.machine({**versions, **{name: report.version_of(name) for name in PLUGINS}})
    start, found, read = time.monotonic(), subjects(), 0
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        comparison = Comparison(Path(folder), names)
        while read < arguments.count and time.monotonic() - start < arguments.seconds:
            subject, seed = found[read % len(found)], arguments.seed + read // len(found)
            file = subject.mutated(seed)
            original = file.source.packed(file.source.head, file.source.body)
            comparison.examine(subject.name, seed, file.data, original, f"{subject.name} {file.source.name}")
            read += 1
            if read % 100 == 0:
                sys.stderr.write(f"{time.monotonic() - start:5.0f} s  {read} files\n")
        comparison.end()
    text = markdown(comparison.counts, names, [TOTAL, *(subject.name for subject in found)], about)
    sys.stdout.write(text)
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "robustness.md").write_text(text)
        how = {"seed": arguments.seed, "files": read}
        (arguments.output / "robustness.json").write_text(to_json(comparison.counts, about, how))
    return 0


if __name__ == "__main__":
    sys.exit(main())
