"""The run's folder and ports.

The runner gives each test a folder and a range of ports of its own through the environment. Ports lie
below the range that outgoing connections take theirs from.
"""
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

PORTS_PER_TEST = 60
FIRST_PORT, LAST_PORT = 12000, 32000

_folders = itertools.count()
_kept = None


def run_folder():
    """The folder of the whole run: certificates are made once there."""
    given = os.environ.get("RAVELIN_INTEROP_RUN")
    if given:
        return Path(given)
    global _kept
    if _kept is None:
        _kept = tempfile.TemporaryDirectory(prefix="ravelin-interop-")
    return Path(_kept.name)


def folder(name):
    """A new folder for one purpose of this test."""
    base = Path(os.environ.get("RAVELIN_INTEROP_TEST") or run_folder() / "test")
    made = base / f"{next(_folders):02}-{name}"
    made.mkdir(parents=True)
    return made


def _ports():
    base = int(os.environ.get("RAVELIN_INTEROP_PORT") or random.randrange(FIRST_PORT, LAST_PORT - 200))
    yield from itertools.count(base)


_port_numbers = _ports()


def free_port():
    """A TCP port nobody listens on, different at each call."""
    for port in _port_numbers:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port


def note_process(pid):
    """Remembers a program that was started, so that the runner can end it if this process cannot."""
    with open(run_folder() / "started", "a") as started:
        started.write(f"{os.environ.get('RAVELIN_INTEROP_TEST', '')} {pid}\n")


def left_over(test_folder):
    """The programs of a test that still run."""
    noted = run_folder() / "started"
    for line in noted.read_text().splitlines() if noted.exists() else []:
        of, _, pid = line.rpartition(" ")
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if of == test_folder and f"RAVELIN_INTEROP_TEST={of}".encode() in environment:
            yield int(pid)
