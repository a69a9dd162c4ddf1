"""A pytest plugin that installs dicomet in pydicom before anything is collected, and says what dicomet did."""

import json
from pathlib import Path

import dicomet


def pytest_addoption(parser):
    parser.addoption("--dicomet-stats", type=Path, help="a JSON file to write the counts to")


def pytest_configure():
    dicomet.install()


def pytest_terminal_summary(terminalreporter, config):
    stats = dicomet.stats()
    terminalreporter.section("dicomet")
    terminalreporter.write_line(str(stats))
    if path := config.getoption("dicomet_stats"):
        path.write_text(json.dumps({"taken": stats.taken, "text": str(stats)}))
