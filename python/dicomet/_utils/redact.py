"""Redaction of messages: codes of the standard stay; free text of a file, which may identify a patient, does not."""

import re
from collections.abc import Container

from pydicom.datadict import tag_for_keyword

REDACTED = "'...'"
# A quotation, as `repr` and pydicom write it. A quote inside a word does not delimit it: names have apostrophes.
_QUOTED = re.compile(r"(?<!\w)b?(?:'.*?'(?!\w)|\".*?\"(?!\w))")
# Names of arguments, which messages quote.
_ARGUMENTS = ("src", "max_bytes", "transfer_syntax_uid")
# Characters and lengths by PS3.5 6.2. CS also allows lowercase letters, which are common. No VR allows control
# characters: they show that the length of an element is wrong, and that the value includes the following elements.
_TEXTS = {
    "CS": re.compile(r"[A-Za-z0-9_ ]{0,16}"),
    "UI": re.compile(r"[0-9.]{0,64}"),
    "LO": re.compile(r".{0,64}"),
    "SH": re.compile(r".{0,16}"),
}


def is_text_from(vr: str, text: str) -> bool:
    """Return whether the characters and the length of a value are valid for its VR."""
    allowed = _TEXTS.get(vr)
    return text.isprintable() and (allowed is None or allowed.fullmatch(text) is not None)


def redact(message: str, terms: Container[str]) -> str:
    """Return a message with its quotations redacted, except for `terms`, names of elements, and arguments.

    A malformed value in a file may be that of any other element: if a length is wrong, even the patient's name.
    """
    return _QUOTED.sub(lambda match: match[0] if _is_kept(match[0][1:-1], terms) else REDACTED, message)


def _is_kept(quoted: str, terms: Container[str]) -> bool:
    keyword = "".join(word[0].upper() + word[1:] for word in quoted.split())
    return tag_for_keyword(keyword) is not None or quoted in terms or quoted in _ARGUMENTS
