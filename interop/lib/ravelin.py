"""The program under test: `ravelin tunnel` started, its log read, and stopped."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from . import pki, scratch
from .checks import Failed, eventually
from .process import Process

# The tunnel's options by the names the tests use for them.
OPTIONS = {
    "handshake_timeout": "--handshake-timeout",
    "connect_timeout": "--connect-timeout",
    "half_close_timeout": "--half-close-timeout",
    "user_timeout": "--user-timeout",
    "proxy_timeout": "--proxy-timeout",
    "idle": "--idle",
    "lifetime": "--lifetime",
    "drain": "--drain",
    "on_truncation": "--on-truncation",
    "trusted": "--trusted",
    "workers": "--workers",
    "send_proxy": "--send-proxy",
}


def binary():
    """The program: RAVELIN_BIN, or what was built in this checkout."""
    given = os.environ.get("RAVELIN_BIN")
    if given:
        return Path(given).resolve()
    target = Path(__file__).resolve().parents[2] / "target"
    for profile in ("release", "debug"):
        if (target / profile / "ravelin").exists():
            return target / profile / "ravelin"
    raise Failed("no ravelin: build it, or name it in RAVELIN_BIN")


def ravelin(*arguments, netns=None, timeout=30):
    """Runs one short command of the program."""
    command = [str(binary()), *map(str, arguments)]
    if netns:
        command = ["ip", "netns", "exec", netns, *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


class Ravelin(Process):
    """A running tunnel.

    `to` is the backend, a port or an address; `leaves` are the certificates served, the first is the default;
    further options by the names in `OPTIONS`, `flags` as they stand on the command line.
    """

    def __init__(self, to=None, leaves=None, listen=None, flags=(), netns=None, config=None, client=False, ready=15, **options):
        self.port = None
        command = [binary(), "tunnel"]
        if config is not None:
            command += ["--config", config]
        else:
            self.listen = listen or f"127.0.0.1:{scratch.free_port()}"
            self.port = int(self.listen.rsplit(":", 1)[1])
            command += ["--listen", self.listen, "--to", f"127.0.0.1:{to}" if isinstance(to, int) else to]
        if client:
            command += ["--client"]
        elif config is None:
            for leaf in leaves or [pki.leaf()]:
                command += ["--cert", leaf.cert, "--key", leaf.key]
        for name, value in options.items():
            command += [OPTIONS[name], value]
        if config is None:
            command += ["--log-format", "json"]
        super().__init__("ravelin", [*command, *flags], netns=netns)
        try:
            eventually(self._ready, ready, "ravelin says that it is ready")
        except BaseException:
            self.stop()
            raise

    def _ready(self):
        if re.search(r"\bready\b", self.output(), re.IGNORECASE):
            return True
        if not self.running():
            raise Failed(f"ravelin ended with {self.child.returncode}:\n{' '.join(self.command)}\n{self.output()[-2000:]}")
        return False

    def lines(self):
        """Its log lines so far, as dictionaries."""
        found = []
        for line in self.output().splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append({**value, **value["fields"]} if isinstance(value.get("fields"), dict) else value)
        return found

    def closed(self):
        """The lines about closed connections so far."""
        return [l for l in self.lines() if l.get("event") == "closed"]

    def closed_from(self, address, timeout=5):
        """The line about the connection whose client had this (address, port)."""
        host, port = address[:2]
        names = {f"{host}:{port}", f"[{host}]:{port}"}
        return eventually(lambda: next((l for l in self.closed() if l.get("client") in names), None), timeout,
                          f"a closed line for {host}:{port}; log:\n{self.output()[-2000:]}")

    def reload(self):
        """Asks it to read its files again."""
        self.signal(signal.SIGHUP)

    def terminate(self):
        """Asks it to drain and end."""
        self.signal(signal.SIGTERM)
