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

# Where the tests' options stand in ravelin.toml: those of the whole tunnel, the others are a service's.
_OF_TUNNEL = {"workers", "max_connections_total", "max_handshakes", "drain_timeout"}


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

    `to` is the backend, a port or an address; `leaves` are the certificates served, the first is the default.
    The command line has what the contract fixes there, and `flags`; `options` (the keys of ravelin.toml with
    underscores) and several certificates go into a configuration file.
    """

    def __init__(self, to=None, leaves=None, listen=None, flags=(), netns=None, config=None, client=False, ready=15, **options):
        self.listen = listen or f"127.0.0.1:{scratch.free_port()}"
        self.port = int(self.listen.rsplit(":", 1)[1])
        to = f"127.0.0.1:{to}" if isinstance(to, int) else to
        leaves = leaves or [pki.leaf()]
        if config is None and (options or len(leaves) > 1):
            config = scratch.folder("config") / "ravelin.toml"
            config.write_text(configuration(self.listen, to, leaves, options))
        command = [binary(), "tunnel"]
        if config is not None:
            command += ["--config", config]
        else:
            command += ["--listen", self.listen, "--to", to, "--log-format", "json"]
            command += ["--client"] if client else ["--cert", leaves[0].cert, "--key", leaves[0].key]
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
        return [_renamed(l) for l in self.lines() if l.get("event") == "closed"]

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


def configuration(listen, to, leaves, options, name="default"):
    """The text of a ravelin.toml with one service."""
    def lines(table):
        return "".join(f"{key.replace('_', '-')} = {_toml(value)}\n" for key, value in table.items())
    tunnel = {k: v for k, v in options.items() if k in _OF_TUNNEL}
    service = {k: v for k, v in options.items() if k not in _OF_TUNNEL}
    text = f'[log]\nformat = "json"\n\n[tunnel]\n{lines(tunnel)}\n[service.{name}]\n'
    text += lines({"listen": [listen], "target": to, **service})
    for leaf in leaves:
        text += f"[[service.{name}.identities]]\n{lines({'cert': str(leaf.cert), 'key': str(leaf.key)})}"
    return text.replace("max-connections-total", "max-connections")


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def _renamed(line):
    names = {"to_backend": "bytes_to_backend", "to_client": "bytes_to_client", "cipher": "suite"}
    return {names.get(key, key): value for key, value in line.items()}
