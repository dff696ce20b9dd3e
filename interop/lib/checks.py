"""Assertions that say what was seen, and the ways a test can end early."""
import os
import shutil
import time


class Skipped(Exception):
    """A peer is missing, so nothing was proved."""


class Failed(AssertionError):
    """The program did something else than it should."""


def need(*programs):
    """Skips the test unless every program is installed."""
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise Skipped("not installed: " + ", ".join(missing))


def need_root():
    """Skips the test unless it may make network namespaces."""
    if os.geteuid() != 0:
        raise Skipped("network namespaces need root")


def check(condition, message):
    """Fails with `message` unless `condition` holds."""
    if not condition:
        raise Failed(message)


def equal(seen, expected, what):
    """Fails unless `seen == expected`; long byte strings are shortened in the message."""
    if seen != expected:
        raise Failed(f"{what}: expected {_short(expected)}, saw {_short(seen)}")


def contains(text, part, what):
    """Fails unless `part` stands in `text`."""
    if part not in text:
        raise Failed(f"{what}: no {part!r} in {_short(text, 1500)}")


def eventually(condition, timeout, what, every=0.02):
    """Waits until `condition()` is true and returns its value; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {timeout} s: {what}")
        time.sleep(every)


def _short(value, most=300):
    text = repr(value)
    if len(text) <= most:
        return text
    size = f" ({len(value)} long)" if hasattr(value, "__len__") else ""
    return text[: most // 2] + " ... " + text[-most // 2 :] + size
