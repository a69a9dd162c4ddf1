"""Output of the commands, in characters that any output can encode."""

import sys


def echo(line: str) -> None:
    """Print `line`, with escapes for characters that the output cannot encode."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
