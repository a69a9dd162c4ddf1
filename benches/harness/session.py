"""One run of the script: its files, the installed readers, and the verdicts on their results."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dicomet._utils.timing import Limit
from harness.readers import CODEC
from harness.trial import Trial, Verdict, try_all
from workloads import Workload

Need = tuple[Workload, int | None]


@dataclass
class Session:
    """The state that all tasks share. `names`: the installed readers."""

    folder: Path
    names: Sequence[str]
    limit: Limit
    verdicts: dict[tuple[str, int | None], dict[str, Verdict]] = field(default_factory=dict)

    def path(self, workload: Workload) -> Path:
        """Return the file of a workload. The first call writes it."""
        path = self.folder / f"{workload.name}.dcm"
        return path if path.exists() else _whole(workload, path, seed=20)

    def many(self, workload: Workload, count: int, different: int) -> list[Path]:
        """Return `count` files, with the contents of the first `different` ones repeated."""
        paths = [self.folder / f"{workload.name}, number {number}.dcm" for number in range(count)]
        for number, path in enumerate(paths):
            if not path.exists() and number < different:
                _whole(workload, path, seed=number)
            elif not path.exists():
                shutil.copy(paths[number % different], path)
        return paths

    def try_all(self, needs: Iterable[Need], say: Callable[[str], None] = lambda _: None) -> None:
        """Try all readers on each workload, or on one frame of it, and report the progress with `say`."""
        say("files are written")
        tried = list(dict.fromkeys(needs))
        trials = [(str(self.path(workload)), index, workload.tolerance) for workload, index in tried]
        for name in self.names:
            say(f"{name} is tried")
            found = try_all([Trial(name, *trial) for trial in trials])
            for (workload, index), verdict in zip(tried, found, strict=True):
                self.verdicts.setdefault((workload.name, index), {})[name] = verdict

    def right(self, workload: Workload, index: int | None = None) -> list[str]:
        """Return the readers whose result is right, so that their figures are comparable."""
        return [name for name, verdict in self.verdicts[workload.name, index].items() if verdict.is_right]

    def noted(self, workload: Workload, index: int | None = None) -> dict[str, Verdict]:
        """Return the verdicts to note in the table: all but "equal", and refusals of a reader of codestreams alone."""
        found = self.verdicts[workload.name, index]
        codec_refuses = (CODEC, "refuses")
        return {
            name: verdict
            for name, verdict in found.items()
            if verdict.kind != "equal" and (name, verdict.kind) != codec_refuses
        }


def _whole(workload: Workload, path: Path, seed: int) -> Path:
    """Write a file, and rename it when it is complete, so that an interrupted run leaves no partial file."""
    folder = path.parent / "unfinished"
    folder.mkdir(exist_ok=True)
    return workload.write(folder, seed).replace(path)
