"""Programs run beside a test: started with their output captured, and stopped by their own id."""
import os
import signal
import socket
import subprocess
import time

from . import scratch
from .checks import Failed, eventually


class Process:
    """A running program. Its output goes to one file, which `output()` reads back."""

    def __init__(self, name, command, netns=None, cwd=None, env=None, stdin=None):
        command = [str(c) for c in command]
        if netns:
            command = ["ip", "netns", "exec", netns, *command]
        self.name, self.command = name, command
        self.log = (cwd or scratch.folder(name)) / f"{name}.out"
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=stdin or subprocess.DEVNULL,
                                          cwd=cwd, env=dict(os.environ, **(env or {})), start_new_session=True)
        scratch.note_process(self.child.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        """The id of the program itself."""
        return self.child.pid

    def output(self):
        """Everything it wrote so far."""
        return self.log.read_text(errors="replace")

    def running(self):
        """Whether it has not ended yet."""
        return self.child.poll() is None

    def wait(self, timeout):
        """Its exit code; fails if it does not end in time."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} still runs after {timeout} s:\n{self.output()[-1500:]}") from None

    def wait_output(self, text, timeout):
        """Waits until it has written `text`."""
        def seen():
            if text in self.output():
                return True
            if not self.running() and text not in self.output():
                raise Failed(f"{self.name} ended with {self.child.returncode}:\n{self.output()[-1500:]}")
            return False
        eventually(seen, timeout, f"{self.name} writes {text!r}; it wrote:\n{self.output()[-1500:]}")

    def signal(self, number):
        """Sends it a signal."""
        self.child.send_signal(number)

    def stop(self):
        """Ends it and whatever it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.running():
                try:
                    os.killpg(self.child.pid, number)
                except ProcessLookupError:
                    pass
                try:
                    self.child.wait(3)
                except subprocess.TimeoutExpired:
                    continue
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.child.stdin:
            self.child.stdin.close()

    def memory(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def descriptors(self):
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def run(*command, timeout=30, input=None, netns=None, env=None):
    """Runs a program to its end and returns it with `.output` (both streams) and `.returncode`."""
    command = [str(c) for c in command]
    if netns:
        command = ["ip", "netns", "exec", netns, *command]
    if isinstance(input, str):
        input = input.encode()
    try:
        given = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(command, capture_output=True, timeout=timeout, env=dict(os.environ, **(env or {})), **given)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} still ran after {timeout} s: {(late.stdout or b'')[-800:]!r} {(late.stderr or b'')[-800:]!r}") from None
    done.output = (done.stdout + done.stderr).decode(errors="replace")
    return done


def wait_listening(port, host="127.0.0.1", timeout=10):
    """Waits until somebody accepts connections there."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise Failed(f"nobody listens on {host}:{port}") from None
            time.sleep(0.03)
