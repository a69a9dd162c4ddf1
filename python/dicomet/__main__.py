"""The command line: ``dicomet`` or ``python -m dicomet``, and ``python -m dicomet SCRIPT`` for any script."""

import argparse
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from dicomet import __version__, install

UNUSABLE_ARGUMENTS = 2
# As a shell tells of SIGINT and SIGPIPE.
INTERRUPTED = 130
BROKEN_PIPE = 141


class Command(NamedTuple):
    """A sub-command. `run` imports what it needs itself, so that the others start without it."""

    name: str
    summary: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return number


def _add_bench_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a DICOM file, or a folder with all that is below it; default: the test files that come with pydicom",
    )
    parser.add_argument(
        "--repeat",
        metavar="N",
        type=_positive,
        help="timed runs of every file; default: as many as fit into a fraction of a second, but at least 3",
    )


def _bench(arguments: argparse.Namespace) -> int:
    from dicomet import bench, bench_report  # noqa: PLC0415 - rich is for those who ask for a table

    try:
        files = bench.find_files(arguments.paths)
    except bench.UnusablePathError as error:
        sys.stderr.write(f"dicomet bench: error: {error}\n")
        return UNUSABLE_ARGUMENTS
    console = bench_report.make_console()
    results = bench_report.bench_all(files, arguments.repeat, console)
    bench_report.show(results, console)
    return bench.exit_status(results)


COMMANDS = (
    Command(
        "bench",
        "compare dicomet with pydicom on your files: equal arrays, and the time of both",
        "Decode every image with pydicom and with dicomet, compare the arrays, and take the time of both. "
        "Exit status: 0; 1 if arrays differ, or dicomet refuses what pydicom decodes; 2 for unusable arguments.",
        _add_bench_arguments,
        _bench,
    ),
)


SCRIPT_USAGE = """\
scripts:
  python -m dicomet SCRIPT.py [ARGUMENT ...]    run a script in whose pydicom dicomet is installed
  python -m dicomet -m MODULE [ARGUMENT ...]    the same for a module, such as pytest
"""


def _run_module(arguments: Sequence[str]) -> int:
    """Run a module as ``python -m`` would, with dicomet installed."""
    install()
    sys.argv = list(arguments)
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    return 0


def _run_script(arguments: Sequence[str]) -> int:
    """Run a script as ``python`` would, with dicomet installed."""
    if not Path(arguments[0]).exists():
        sys.stderr.write(f"dicomet: error: there is no script {arguments[0]!r}\n")
        return UNUSABLE_ARGUMENTS
    install()
    sys.argv = list(arguments)
    sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


def _is_script(argument: str) -> bool:
    named = argument.endswith((".py", ".pyz")) or Path(argument).exists()
    return named and not argument.startswith("-") and argument not in {command.name for command in COMMANDS}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dicomet",
        description="DICOM pixel data into NumPy arrays.",
        epilog=SCRIPT_USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dicomet {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for command in COMMANDS:
        subparser = commands.add_parser(command.name, help=command.summary, description=command.description)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; argparse itself exits for ``--help`` and wrong options."""
    argv = sys.argv[1:] if argv is None else argv
    if len(argv) > 1 and argv[0] == "-m":
        return _run_module(argv[1:])
    if argv and _is_script(argv[0]):
        return _run_script(argv)
    return _run_command(argv)


def _run_command(argv: Sequence[str]) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help(sys.stderr)
        return UNUSABLE_ARGUMENTS
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("dicomet: stopped\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads on, as in `dicomet bench | head`; what is left in the buffer must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


if __name__ == "__main__":
    sys.exit(main())
