"""One run of the script: where files are, who takes part, and who is right about what."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dicomet._utils.timing import Limit
from harness.trial import Trial, Verdict, try_all
from workloads import Workload

Need = tuple[Workload, int | None]


@dataclass
class Session:
    """What all tasks need. `names`: the readers that are installed."""

    folder: Path
    names: Sequence[str]
    limit: Limit
    verdicts: dict[tuple[str, int | None], dict[str, Verdict]] = field(default_factory=dict)

    def path(self, workload: Workload) -> Path:
        """Return the file, which is written when it is first asked for."""
        path = self.folder / f"{workload.name}.dcm"
        return path if path.exists() else _whole(workload, path, seed=20)

    def many(self, workload: Workload, count: int, different: int) -> list[Path]:
        """Return so many files, of which some are the same."""
        paths = [self.folder / f"{workload.name}, number {number}.dcm" for number in range(count)]
        for number, path in enumerate(paths):
            if not path.exists() and number < different:
                _whole(workload, path, seed=number)
            elif not path.exists():
                shutil.copy(paths[number % different], path)
        return paths

    def try_all(self, needs: Iterable[Need], say: Callable[[str], None] = lambda _: None) -> None:
        """Find out who is right about each workload, or one frame of it, and say how far that is."""
        say("files are written")
        tried = list(dict.fromkeys(needs))
        trials = [(str(self.path(workload)), index, _tolerance(workload)) for workload, index in tried]
        for name in self.names:
            say(f"{name} is tried")
            found = try_all([Trial(name, *trial) for trial in trials])
            for (workload, index), verdict in zip(tried, found, strict=True):
                self.verdicts.setdefault((workload.name, index), {})[name] = verdict

    def right(self, workload: Workload, index: int | None = None) -> list[str]:
        """Name the readers whose figures mean something."""
        return [name for name, verdict in self.verdicts[workload.name, index].items() if verdict.is_right]

    def noted(self, workload: Workload, index: int | None = None) -> dict[str, Verdict]:
        """Return the verdicts that a reader of the table must know."""
        found = self.verdicts[workload.name, index]
        return {name: verdict for name, verdict in found.items() if verdict.kind != "equal"}


def _whole(workload: Workload, path: Path, seed: int) -> Path:
    """Write a file under its name only when it is complete: a run that is stopped must not leave half of one."""
    folder = path.parent / "unfinished"
    folder.mkdir(exist_ok=True)
    return workload.write(folder, seed).replace(path)


def _tolerance(workload: Workload) -> int:
    return int(workload.photometric.startswith("YBR"))
