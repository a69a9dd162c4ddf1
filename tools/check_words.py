"""Report words that the project does not use (docs/glossary.md): American spelling, no invented idiom.

Usage: python tools/check_words.py [FILE or FOLDER ...]; without arguments, it checks every tracked text file. The exit
status is 1 if it finds any.

Comments, docstrings, string literals and documents are text. In Python and Rust files identifiers are checked too, for
words that cannot mean anything else: names of functions, variables and types.
"""

import re
import subprocess
import sys
from pathlib import Path

SUFFIXES = {".md", ".py", ".pyi", ".rs", ".toml", ".yml", ".yaml", ".sh"}
CODE = {".py", ".pyi", ".rs"}
NAMES = {"check", "run"}
"""Scripts without a suffix."""
SKIPPED = ("fuzz/corpus/", "fuzz/regressions/", "tools/check_words.py", "LICENSE")

RULES = {
    r"\bso many\b": "the number, or 'as many as'",
    r"\b(?:no|some|any)body(?:'s)?\b": "who: the caller, a thread, a process, no one",
    r"\bwhoever\b": "who: the caller, a thread",
    r"\b(?:is|are|was|were|be|been|being) told\b": "reported, named, warned about",
    r"\btell(?:s|ing)? of\b": "report, name",
    r"\bto be had\b|\b(?:is|are|be|been) had\b": "available, returned, read",
    r"\bbehind\b": "after, following",
    r"\bthe other way round\b": "the reverse",
    r"\bwhat (?:is|was) (?:asked|wanted) for\b": "the request, what the caller requests",
    r"\b(?:is|are|was|were|be|been) asked for\b": "requested",
    r"\b(?:is|are|was|were|be|been) heard\b": "received, reported",
    r"\bhas been begun\b|\b(?:is|are|was|were) begun\b": "started",
    r"\bgo(?:es)? on to\b": "continue with, call",
    r"\bfrom \w+ on\b(?! (?:the|a|an)\b)": "from N onward; starting at N",
    r"\bput right\b": "fixed, corrected",
    r"\b(?:is|are|be) (?:made|worked) out\b": "computed",
    r"\bcolour(?:s|ed|ing|less)?\b|\bColour(?:s|ed|ing)?\b": "color",
    r"\b[Gg]rey(?:s|scale)?\b": "gray",
    r"\bcentre(?:s|d)?\b|\bCentre(?:s|d)?\b": "center",
    r"\blicence(?:s|d)?\b|\bLicence(?:s)?\b": "license",
    r"\bbehaviours?\b": "behavior",
    r"\bcatalogues?\b": "catalog",
    r"\w+(?:al|ar|er|iv|or|an|im)is(?:e|es|ed|ing|ation)\b(?<!otherwise)": "-ize",
    r"\bartefacts?\b": "artifact",
}
# A name ends at an underscore, too, and at the next capital letter.
_START, _END = r"(?:\b|(?<=_))", r"(?=_|\b|[A-Z])"
NAME_RULES = {
    rf"{_START}(?:told|heard|begun|behind|nobody|somebody|anybody|whoever|so_many){_END}": "the field's word",
    # Except fields of jxl-oxide.
    rf"{_START}(?:[Cc]olour(?!_(?:encoding|factor)\b)|COLOUR|[Gg]rey|GREY|[Cc]entre|CENTRE)(?:s|S|ed)?{_END}": (
        "color, gray, center"
    ),
    r"\b(?:Told|Heard|Begun|Made|Seen|Kept|Asked)(?=[A-Z]|\b)(?= *[({:<]|::)": "a noun for the type",
    r"(?:^ *|\bdef |\bfn |\blet (?:mut )?|\bfor )_?(?:told|had|asked|heard|kept|begun|made|seen)\b"
    r"(?= *(?:=[^=]|\(|:[^:]| in |,))": "what the name holds, or what the function does",
}
"""Rules for identifiers. The words of the last ones are also parts of sentences, and count where a name is defined."""
ALLOWED = re.compile(
    r"pixel_data_handlers|exercise|rais(?:e|es|ed|ing)\b|prais|precis|promis|compris|surpris|expertis|advertis|likewise|"
    r"otherwise|televis|revis|supervis|improvis|devis|advis|paralys|analys|disguis"
)


def text_files(*below: str) -> list[Path]:
    """Return the tracked text files that the rules apply to, of all folders or `below` some."""
    command = ["git", "ls-files", "-z", "--", *below]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name and not name.startswith(SKIPPED)]
    return [path for path in paths if path.exists() and (path.suffix in SUFFIXES or path.name in NAMES)]


def findings(path: Path) -> list[str]:
    """Return one line per word of `path` that a rule forbids."""
    rules = {**RULES, **NAME_RULES} if path.suffix in CODE else RULES
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for rule, instead in rules.items():
            for match in re.finditer(rule, line):
                if not ALLOWED.search(match[0]):
                    place = (number, match.end())
                    found.setdefault(place, f"{path}:{number}: found {match[0].strip()!r}, use {instead}")
    return list(found.values())


def main(names: list[str]) -> int:
    """Print the findings, and return the exit status."""
    paths = text_files(*names)
    found = [line for path in paths for line in findings(path)]
    print("\n".join(found) or f"words: nothing found in {len(paths)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
