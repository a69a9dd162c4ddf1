"""What the commands print: lines that any output can take, and messages in few words."""

import sys

# What pydicom says in many.
_SHORTENED = {
    "Unable to decode as exceptions were raised by all available plugins: ": "",
    "'transfer_syntax_uid' is required if the dataset in 'src' is not in the DICOM File Format": (
        "no (0002,0010) Transfer Syntax UID, which every DICOM file has"
    ),
    "The dataset in 'src' has no 'Pixel Data', 'Float Pixel Data' or 'Double Float Pixel Data' element, no pixel data "
    "to decode": "the data set has no pixel data",
}


def echo(line: str) -> None:
    """Print `line`; characters that the output cannot encode, by their numbers."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def printable(name: str) -> str:
    """Return the name of a file without what would control a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in name)


def plain(reason: str) -> str:
    """Return a message with short phrases in place of pydicom's long ones."""
    for phrase, short in _SHORTENED.items():
        reason = reason.replace(phrase, short)
    return reason
