"""Measure dicomet and its installed peers, and write a table, the figures and a plot.

python benches/peers.py --output results --folder cache
python benches/peers.py --list
python benches/peers.py --only mammogram "one frame" --seconds 3
python benches/peers.py --plugins --output results
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from dicomet._utils.timing import Limit
from harness import goals, plan, report
from harness.readers import OWN, PEERS, PLUGINS
from harness.rows import Row
from harness.session import Session
from harness.tasks import Task, chosen

# Limits of the runs per reader. Slow readers have the fewest; fast ones are noisy, and have as many as time allows.
MIN_RUNS, MAX_RUNS = 9, 300


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure dicomet beside its peers.")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="rows whose names contain one of these")
    parser.add_argument("--plugins", action="store_true", help="measure pydicom with each of its plugins, on one core")
    parser.add_argument("--list", action="store_true", help="print the names of all rows, and stop")
    parser.add_argument("--seconds", type=float, default=2, help="of taking turns, for each row; default: %(default)s")
    parser.add_argument("--folder", type=Path, help="for the files to read, which are kept; default: a temporary one")
    parser.add_argument(
        "--output", type=Path, help="folder for the table, the JSON and the plots: peers.* or plugins.*"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit status."""
    arguments = _parser().parse_args(argv)
    # Measure pydicom without dicomet, which pylibjpeg would otherwise use as a plugin.
    os.environ["DICOMET"] = "0"
    tasks = list(chosen(plan.one_core() if arguments.plugins else plan.tasks(), arguments.only))
    if arguments.list:
        print(*(name for task in tasks for name in task.names()), sep="\n")
        return 0
    if not tasks:
        sys.stderr.write(f"no row is named like {arguments.only}; --list names them all\n")
        return 2
    peers = [*(peer for peer in PEERS if peer.name == OWN), *PLUGINS] if arguments.plugins else PEERS
    versions = {peer.name: peer.version for peer in peers}
    names = [name for name, found in versions.items() if found]
    folder = nullcontext(arguments.folder) if arguments.folder else tempfile.TemporaryDirectory()
    with folder as place:
        Path(place).mkdir(parents=True, exist_ok=True)
        session = Session(Path(place), names, Limit(MIN_RUNS, MAX_RUNS, arguments.seconds))
        rows = _measured(session, tasks)
    _write(rows, names, versions, arguments)
    return 0


def _measured(session: Session, tasks: Sequence[Task]) -> list[Row]:
    start = time.perf_counter()

    def say(what: str) -> None:
        sys.stderr.write(f"{time.perf_counter() - start:5.0f} s  {what}\n")

    session.try_all([need for task in tasks for need in task.needs()], say)
    rows = []
    for task in tasks:
        say("; ".join(task.names()))
        rows += task.rows(session)
    say("done")
    return rows


def _write(rows: Sequence[Row], names: Sequence[str], versions: dict[str, str], arguments: argparse.Namespace) -> None:
    about, folder = report.machine(versions), arguments.output
    text = report.markdown(rows, names, about) + ("" if arguments.plugins else goals.markdown(rows))
    print(text)
    if not folder:
        return
    run = "plugins" if arguments.plugins else "peers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{run}.md").write_text(text)
    (folder / f"{run}.json").write_text(report.to_json(rows, about))
    if not report.plot(rows, names, folder / run):
        sys.stderr.write("no plot: matplotlib is absent, or no other reader is installed\n")


if __name__ == "__main__":
    sys.exit(main())
