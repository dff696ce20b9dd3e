"""Finds the tests, runs each in a process of its own, and counts."""
import argparse
import ast
import fnmatch
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import namespaces, pki, scratch
from .checks import Skipped
from .ravelin import binary

HERE = Path(__file__).resolve().parents[1]
SKIP = 77
TIMEOUT = 180


def main():
    """The command line of `interop/run`."""
    parser = argparse.ArgumentParser(prog="interop/run", description="Runs ravelin against real peers.")
    parser.add_argument("tests", nargs="*", help="names or patterns: f02, f08_ends, f08_ends.test_client_reset, '*stunnel*' (default: all)")
    parser.add_argument("--list", action="store_true", help="print the tests and what they prove, run nothing")
    parser.add_argument("--jobs", type=int, default=1, help="tests at a time; those marked `alone` always run by themselves (default 1)")
    parser.add_argument("--no-skip", action="store_true", help="a missing peer is a failure (also RAVELIN_NO_SKIP=1)")
    parser.add_argument("--quick", action="store_true", help="leave out the tests marked `slow`")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder with all logs")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments.one:
        return run_one(arguments.one)
    chosen = [t for t in find() if not (arguments.quick and t.slow) and (not arguments.tests or any(t.matches(p) for p in arguments.tests))]
    if arguments.list:
        for test in chosen:
            print(f"{test.name:70} {test.about}")
        return 0
    if not chosen:
        parser.error("no test matches")
    return Run(chosen, arguments).go()


class Test:
    """One test function, read from its file without importing it."""

    def __init__(self, file, function):
        self.name = f"{file.stem}.{function.name}"
        self.about = (ast.get_docstring(function) or "").split("\n")[0]
        marks = {ast.unparse(d) for d in function.decorator_list}
        self.slow, self.alone = "slow" in marks, "alone" in marks

    def matches(self, pattern):
        file, _, function = self.name.partition(".")
        return pattern in (self.name, file) or file.startswith(pattern + "_") or fnmatch.fnmatch(self.name, pattern)


def find():
    """All tests, in the order of their files."""
    found = []
    for file in sorted(HERE.glob("*_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.append(Test(file, node))
    return found


def run_one(name):
    """Runs one test in this process; the exit code is the result."""
    module, function = name.split(".")
    sys.path.insert(0, str(HERE))
    try:
        getattr(importlib.import_module(module), function)()
        code = 0
    except Skipped as reason:
        print(reason)
        code = SKIP
    except SystemExit:
        print("stopped: it took too long")
        code = 1
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        code = 1
    sys.stdout.flush()
    os._exit(code)


class Run:
    """One run over the chosen tests."""

    def __init__(self, tests, arguments):
        self.tests, self.jobs = tests, max(1, arguments.jobs)
        self.no_skip = arguments.no_skip or os.environ.get("RAVELIN_NO_SKIP", "0") not in ("", "0")
        self.keep = arguments.keep
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.lock, self.children = threading.Lock(), {}

    def go(self):
        """Runs everything and says how it went."""
        began = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix="ravelin-interop-"))
        os.environ.update(RAVELIN_INTEROP_RUN=str(self.folder), RAVELIN_BIN=str(binary()))
        print(f"testing {binary()}", flush=True)
        try:
            for kind in pki.KEYS:
                pki.leaf(kind)
            numbered = list(enumerate(self.tests))
            with ThreadPoolExecutor(self.jobs) as pool:
                try:
                    list(pool.map(self._run, [n for n in numbered if self.jobs == 1 or not n[1].alone]))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for child in list(self.children.values()):
                        child.terminate()
                    raise
            for n in numbered:
                if self.jobs > 1 and n[1].alone:
                    self._run(n)
        finally:
            for child in list(self.children.values()):
                _end(child.pid)
            if self.keep:
                print(f"logs are in {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)
        print(f"total time {time.monotonic() - began:.1f} s")
        print(", ".join(f"{self.counts[k]} {k}" for k in ("passed", "failed", "skipped")), flush=True)
        return 1 if self.counts["failed"] else 0

    def _run(self, numbered):
        number, test = numbered
        began = time.monotonic()
        span = (scratch.LAST_PORT - scratch.FIRST_PORT) // scratch.PORTS_PER_TEST
        port = scratch.FIRST_PORT + (os.getpid() * 37 + number) % span * scratch.PORTS_PER_TEST
        environment = dict(os.environ, RAVELIN_INTEROP_TEST=str(self.folder / test.name), RAVELIN_INTEROP_PORT=str(port))
        child = subprocess.Popen([sys.executable, str(HERE / "run"), "--one", test.name], env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.children[test.name] = child
        try:
            output = child.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            child.terminate()
            try:
                output = child.communicate(timeout=15)[0]
            except subprocess.TimeoutExpired:
                _end(child.pid)
                output = child.communicate()[0]
        _end(child.pid)
        for pid in scratch.left_over(environment["RAVELIN_INTEROP_TEST"]):
            _end(pid)
        namespaces.remove_left_over(child.pid)
        del self.children[test.name]
        text = output.decode(errors="replace").strip()
        skipped = child.returncode == SKIP and not self.no_skip
        outcome = "passed" if child.returncode == 0 else "skipped" if skipped else "failed"
        with self.lock:
            self.counts[outcome] += 1
            word = {"passed": "ok     ", "skipped": "SKIPPED", "failed": "FAILED "}[outcome]
            print(f"{word} {test.name} ({time.monotonic() - began:.1f} s)" + (f": {text}" if skipped else ""), flush=True)
            if outcome == "failed" or (outcome == "passed" and text):
                print("        " + text.replace("\n", "\n        "), flush=True)


def _end(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
