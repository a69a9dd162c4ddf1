"""`WarnOnce`: one warning for each topic, for any number of threads, handlers and forked processes."""

import os
import threading
import warnings

import pytest

from dicomet._utils.warn import Notice, WarnOnce


def recorded(call) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


def test_messages_that_differ_in_numbers_are_of_one_topic():
    once = WarnOnce()
    assert recorded(lambda: once(["frame 1: x", "frame 2: x", "frame 1: y"])) == ["frame 1: x", "frame 1: y"]
    assert recorded(lambda: once(["frame 3: x"])) == []


def test_notices_of_one_element_are_of_one_topic():
    once = WarnOnce()
    assert recorded(lambda: once([Notice("a", "a: 1"), Notice("a", "a: other"), Notice("b", "b: 1")])) == [
        "a: 1",
        "b: 1",
    ]


def test_one_of_many_threads_is_first():
    once, start, first = WarnOnce(), threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        first.append([once.is_first(str(number)) for number in range(1000)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(sum(answers) == 1 for answers in zip(*first, strict=True))


def test_a_handler_may_warn_again(monkeypatch):
    once, shown = WarnOnce(), []

    def handler(message, *_arguments):
        shown.append(str(message))
        once(["x", "y"])

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", handler)
        once(["x"])
    assert shown == ["x", "y"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_forked_during_a_warning_warns(monkeypatch):
    once, statuses = WarnOnce(), []

    def handler(*_arguments):
        child = os.fork()
        if child == 0:
            os._exit(int(once.is_first("x")) + 2 * (not once.is_first("other")))
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    with warnings.catch_warnings():
        # No other category: since CPython 3.12, fork warns beside other threads, and the handler would fork again.
        warnings.simplefilter("always", UserWarning)
        monkeypatch.setattr(warnings, "showwarning", handler)
        once(["x"])
    assert statuses == [0]
