"""The command line: ``dicomet`` or ``python -m dicomet``, and ``python -m dicomet SCRIPT`` to run a script."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dicomet import __version__
from dicomet.cli import check_arguments, convert_arguments, info_command, script, show_command
from dicomet.cli.arguments import positive, with_negative_values

FAILED = 1
UNUSABLE_ARGUMENTS = 2
# The exit statuses that a shell reports for SIGINT and SIGPIPE: 128 + the signal number.
INTERRUPTED = 130
BROKEN_PIPE = 141


class Command(NamedTuple):
    """A subcommand. `run` imports its own dependencies, so that other commands start without them."""

    name: str
    summary: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


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
        type=positive,
        help="timed runs of every file; default: as many as fit into a fraction of a second, but at least 3",
    )


def _bench(arguments: argparse.Namespace) -> int:
    from dicomet.cli import bench, bench_report, files  # noqa: PLC0415 - imports rich, which only the table needs

    # Measure pydicom without dicomet, which pylibjpeg would otherwise find as a plugin.
    os.environ["DICOMET"] = "0"
    try:
        found = files.find_files(arguments.paths)
    except files.UnusablePathError as error:
        sys.stderr.write(f"dicomet bench: error: {error}\n")
        return UNUSABLE_ARGUMENTS
    console = bench_report.make_console()
    results = bench_report.bench_all(found, arguments.repeat, console)
    bench_report.show(results, console)
    return bench.exit_status(results)


def _check(arguments: argparse.Namespace) -> int:
    from dicomet.cli import check_command as command  # noqa: PLC0415 - imports NumPy, rich

    return command.run(arguments)


def _convert(arguments: argparse.Namespace) -> int:
    from dicomet.cli import convert_command as command  # noqa: PLC0415 - imports NumPy, pydicom, rich

    return command.run(arguments)


COMMANDS = (
    Command(
        "bench",
        "compare dicomet with pydicom on your files: equal arrays, and the time of both",
        "Decode every image with pydicom and with dicomet, compare the arrays, and take the time of both. "
        "Exit status: 0; 1 if arrays differ, or dicomet refuses what pydicom decodes; 2 for unusable arguments.",
        _add_bench_arguments,
        _bench,
    ),
    Command(
        "check",
        "decode everything once: which files are bad, and why",
        check_arguments.DESCRIPTION,
        check_arguments.add,
        _check,
    ),
    Command(
        "convert",
        "convert DICOM files, folders and archives into PNG, JPEG, TIFF, NPY or NPZ",
        convert_arguments.DESCRIPTION,
        convert_arguments.add,
        _convert,
    ),
    Command(
        "info",
        "tell what an image is: syntax, size, bits, array, windows, ...; never whose it is",
        "Describe images without decoding them, for people and, with --json, for programs. Elements that identify the "
        "patient are not shown, so that the text can be pasted into a report; the file is named as you name it. "
        "A file that cannot be read does not end the rest. "
        "Exit status: 0; 1 if a file cannot be described as an image; 2 for unusable arguments.",
        info_command.add_arguments,
        info_command.run,
    ),
    Command(
        "show",
        "a picture of your images: a contact sheet of files, or of the frames of one",
        "Write a contact sheet as PNG and a line for each of its tiles: the frames of one image, or of several the "
        "middle frame of each, as they are meant to be seen. Without -o the sheet is a temporary file, which stays, "
        "and is opened where there is a display. If no image can be shown, there is no sheet. "
        "Exit status: 0; 1 if an image is broken or the sheet cannot be written; 2 for unusable arguments.",
        show_command.add_arguments,
        show_command.run,
    ),
)


SCRIPT_USAGE = """\
scripts:
  python -m dicomet [--stats] SCRIPT [ARGUMENT ...]       run a script, or a folder or .pyz as such, as `python SCRIPT`
                                                          would, with dicomet installed in its pydicom
  python -m dicomet [--stats] -m MODULE [ARGUMENT ...]    the same for a module, such as pytest

  --stats    print in the end how many decodes dicomet has taken, and why it left others to pydicom
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dicomet",
        description="DICOM images: what they are, how they look, and into files and formats that others read.",
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
    if script.is_wanted(argv) and argv[0] not in {command.name for command in COMMANDS}:
        return script.run(argv)
    return _run_command(argv)


def _run_command(argv: Sequence[str]) -> int:
    parser = _parser()
    arguments = parser.parse_args(with_negative_values(argv))
    if "run" not in arguments:
        parser.print_help(sys.stderr)
        return UNUSABLE_ARGUMENTS
    _open_closed()
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("dicomet: stopped\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe, as in `dicomet bench | head`.
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:
        # For example, standard output is redirected to a full disk.
        _forget_output()
        sys.stderr.write(f"dicomet: error: {error}\n")
        return FAILED
    return status


def _open_closed() -> None:
    """Redirect stdout or stderr to devnull if it was closed at startup, as for a daemon."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the whole process


def _forget_output() -> None:
    """Redirect stdout to devnull, so that flushing its buffer at exit does not raise."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__" and (status := main()):
    # Do not exit with status 0: `python -i` may continue with an interactive session.
    sys.exit(status)
