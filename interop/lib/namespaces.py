"""Network namespaces: a client host and a server host joined by a cable that can be pulled."""
import contextlib
import ctypes
import os
import subprocess

from .checks import need, need_root

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
PREFIX = "rvl"


class Hosts:
    """Namespaces by the names given, each joined to the first by a veth pair.

    With `Hosts("server", "client")` the server is 10.77.1.1, the client 10.77.1.2; a third host would be
    10.77.2.2 with the server at 10.77.2.1. IPv6 likewise: fd77:1::1 and fd77:1::2.
    """

    def __init__(self, first, *others):
        need("ip")
        need_root()
        self.names = {n: f"{PREFIX}{os.getpid()}{n}" for n in (first, *others)}
        self.first, self.others = first, others

    def __enter__(self):
        try:
            for name in self.names.values():
                _ip("netns", "add", name)
                self._in(name, "link", "set", "lo", "up")
            for number, other in enumerate(self.others, 1):
                here, there = f"to-{other}", f"to-{self.first}"
                _ip("-n", self.names[self.first], "link", "add", here, "type", "veth", "peer", "name", there, "netns", self.names[other])
                for host, device, last in ((self.first, here, 1), (other, there, 2)):
                    self._in(self.names[host], "addr", "add", f"10.77.{number}.{last}/24", "dev", device)
                    self._in(self.names[host], "-6", "addr", "add", f"fd77:{number}::{last}/64", "dev", device, "nodad")
                    self._in(self.names[host], "link", "set", device, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def __getitem__(self, host):
        return self.names[host]

    @contextlib.contextmanager
    def inside(self, host):
        """Sockets and programs made in this block belong to `host`."""
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{self.names[host]}") as after:
            _enter(after.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def pull(self, other):
        """Pulls the cable to `other`: nobody is told."""
        self._in(self.names[other], "link", "set", f"to-{self.first}", "down")

    def _in(self, name, *arguments):
        _ip("-n", name, *arguments)


def remove_left_over(pid):
    """Removes the namespaces a test process could not remove itself."""
    folder = "/run/netns"
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        rest = name.removeprefix(f"{PREFIX}{pid}")
        if rest != name and rest and not rest[0].isdigit():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _enter(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr}")
