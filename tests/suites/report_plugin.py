"""A pytest plugin that writes what became of every test: its outcome, why, its warnings and its properties."""

import json
from pathlib import Path

SEVERITY = ("warned", "passed", "skipped", "xfailed", "xpassed", "failed", "error")


def pytest_addoption(parser):
    parser.addoption("--outcomes", type=Path, help="the JSON file to write")


def pytest_configure(config):
    config.pluginmanager.register(Outcomes(config.getoption("outcomes")))


class Outcomes:
    """Gathers the reports of a run. The worst phase of a test is its outcome."""

    def __init__(self, path):
        self.path = path
        self.tests = {}

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self._add(report.nodeid, "error" if report.failed else report.outcome, _reason(report))

    def pytest_runtest_logreport(self, report):
        self._add(report.nodeid, _outcome(report), _reason(report))
        if report.when == "call":
            self._test(report.nodeid)["properties"] = report.user_properties

    def pytest_warning_recorded(self, warning_message, nodeid):
        """Outside of the tests there is no node: that entry is "warned" only."""
        text = f"{Path(warning_message.filename).name}: {warning_message.category.__name__}: {warning_message.message}"
        self._test(nodeid)["warnings"].append(text)

    def pytest_sessionfinish(self):
        self.path.write_text(json.dumps(self.tests))

    def _test(self, nodeid):
        return self.tests.setdefault(nodeid, {"outcome": "warned", "reasons": [], "warnings": [], "properties": []})

    def _add(self, nodeid, outcome, reason):
        test = self._test(nodeid)
        test["outcome"] = max(test["outcome"], outcome, key=SEVERITY.index)
        test["reasons"] += [reason] if reason else []


def _outcome(report):
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "error" if report.failed and report.when != "call" else report.outcome


def _reason(report):
    """Return the message of what was raised, or why the test was skipped."""
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return longrepr[2]
    return getattr(getattr(longrepr, "reprcrash", None), "message", None) or (str(longrepr) if longrepr else "")
