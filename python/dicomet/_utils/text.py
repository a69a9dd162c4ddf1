"""Text for messages: file names that are safe in a terminal, and shortened messages of pydicom's."""

# Long messages of pydicom's, and short equivalents.
_SHORTENED = {
    "Unable to decode as exceptions were raised by all available plugins: ": "",
    "; of a data set alone, 'transfer_syntax_uid' is required": "",
    "The dataset in 'src' has no 'Pixel Data', 'Float Pixel Data' or 'Double Float Pixel Data' element, no pixel data "
    "to decode": "the data set has no pixel data",
}


def printable(name: str) -> str:
    """Return a file name with escapes for characters that could control a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in name)


def plain(reason: str) -> str:
    """Return a message with pydicom's long phrases replaced by short ones."""
    for phrase, short in _SHORTENED.items():
        reason = reason.replace(phrase, short)
    return reason
