#!/usr/bin/env python3
"""F6: the rules printed for transparent mode, in network namespaces of their own.

Three namespaces: client -- tunnel -- backend. Backends listen in the tunnel's namespace (on a loopback address and on
another) and in one behind it, IPv4 and IPv6. Each says whose address it sees. Run as root:

    cargo build -p ravelin-tunnel --example transparent
    python3 crates/tunnel/tests/transparent.py target/debug/examples/transparent

Needs iproute2 and nftables. Exit status 77 when namespaces cannot be made (a failure when CI is set).
"""
import os
import subprocess
import sys

BACKEND = """
import socket, sys
host = sys.argv[1]
listener = socket.create_server((host, 1935), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
print("ready", flush=True)
while True:
    connection, address = listener.accept()
    try:
        connection.recv(6)
        connection.sendall(address[0].encode())
    except OSError:
        pass
    connection.close()
"""

CLIENT = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 1935), timeout=3)
connection.sendall(b"hello\\n")
print(connection.recv(99).decode())
"""

program = os.path.abspath(sys.argv[1])
name = f"ravelin-{os.getpid()}"
children = []


def run(*command, check=True, **options):
    result = subprocess.run(command, text=True, capture_output=True, **options)
    if check and result.returncode:
        sys.exit(f"{' '.join(command)}: {result.stderr}")
    return result


def inside(namespace, *command, **options):
    return run("ip", "netns", "exec", f"{name}-{namespace}", *command, **options)


def target(host):
    return f"[{host}]:1935" if ":" in host else f"{host}:1935"


def build():
    for first, second, link in [("client", "tunnel", "c"), ("tunnel", "backend", "b")]:
        run("ip", "link", "add", f"{link}0", "netns", f"{name}-{first}", "type", "veth",
            "peer", "name", f"{link}1", "netns", f"{name}-{second}")
    for namespace, device, *addresses in [
        ("client", "c0", "10.77.0.2/24", "fd77::2/64"), ("tunnel", "c1", "10.77.0.1/24", "fd77::1/64"),
        ("tunnel", "b0", "10.78.0.1/24", "fd78::1/64"), ("backend", "b1", "10.78.0.2/24", "fd78::2/64"),
    ]:
        for address in addresses:
            inside(namespace, "ip", "address", "add", address, "dev", device, *["nodad"] * (":" in address))
        inside(namespace, "ip", "link", "set", device, "up")
        inside(namespace, "ip", "link", "set", "lo", "up")
    for namespace, *gateways in [("client", "10.77.0.1", "fd77::1"), ("tunnel", "10.77.0.2", "fd77::2"),
                                 ("backend", "10.78.0.1", "fd78::1")]:
        for gateway in gateways:
            inside(namespace, "ip", "route", "add", "default", "via", gateway)
    # The strictest reverse path filter, and a gateway that forwards: the rules must work with both.
    for setting in ["ipv4.ip_forward", "ipv6.conf.all.forwarding", "ipv4.conf.all.rp_filter",
                    "ipv4.conf.c1.rp_filter", "ipv4.conf.b0.rp_filter", "ipv4.conf.lo.rp_filter"]:
        inside("tunnel", "sysctl", "-qw", f"net.{setting}=1")


def listen(namespace, host):
    child = subprocess.Popen(["ip", "netns", "exec", f"{name}-{namespace}", sys.executable, "-c", BACKEND, host],
                             stdout=subprocess.PIPE, text=True)
    children.append(child)
    assert child.stdout.readline() == "ready\n"


def test():
    on_host = ["127.0.0.1", "10.77.0.1", "::1", "fd77::1"]
    behind = ["10.78.0.2", "fd78::2"]
    for host in on_host:
        listen("tunnel", host)
    for host in behind:
        listen("backend", host)
    everywhere = on_host + behind

    failures = []

    def expect(what, seen, wanted):
        ok = seen == wanted
        print("ok  " if ok else "FAIL", what, "" if ok else f"saw {seen!r}, wanted {wanted!r}")
        if not ok:
            failures.append(what)

    def transparent(source, host):
        port = f"[{source}]:0" if ":" in source else f"{source}:0"
        return inside("tunnel", program, "connect", port, target(host), check=False).stdout.strip()

    def clients(host):
        return ["fd77::2", "2001:db8::9"] if ":" in host else ["10.77.0.2", "203.0.113.9"]

    for host in everywhere:
        expect(f"without rules {host} cannot answer", transparent(clients(host)[1], host), "")
    script = inside("tunnel", program, "rules", *map(target, everywhere)).stdout
    missing = inside("tunnel", program, "missing", *map(target, everywhere)).stdout
    expect("the loopback setting is missed", "127.0.0.1:1935" in missing, True)
    for _ in range(2):
        inside("tunnel", "sh", input=script)
        rules = inside("tunnel", "nft", "list", "ruleset").stdout + inside("tunnel", "ip", "rule").stdout
        expect("running it again adds nothing", (rules.count("chain output"), rules.count("5252")), (2, 1))
    expect("nothing is missed any more", inside("tunnel", program, "missing", *map(target, everywhere)).stdout, "")

    for host in everywhere:
        for client in clients(host):
            expect(f"{host} sees the client {client}", transparent(client, host), client)
        own = {"10.78.0.2": "10.78.0.1", "fd78::2": "fd78::1"}.get(host, host)
        expect(f"{host} is reached as before from the tunnel's host", inside(
            "tunnel", sys.executable, "-c", CLIENT, host).stdout.strip(), own)
        if host not in ["127.0.0.1", "::1"]:
            expect(f"{host} is reached as before from the client", inside(
                "client", sys.executable, "-c", CLIENT, host).stdout.strip(), clients(host)[0])

    # A neighbour that routes 127.0.0.0/8 to this host gets nothing from its loopback address.
    inside("client", "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
    inside("client", "ip", "route", "del", "local", "127.0.0.0/8", "table", "local", check=False)
    inside("client", "ip", "route", "del", "local", "127.0.0.1", "table", "local", check=False)
    inside("client", "ip", "route", "add", "127.0.0.1", "via", "10.77.0.1", "src", "10.77.0.2")

    def intrude():
        # The client's own kernel drops the answer, so look at how far the request came.
        inside("client", sys.executable, "-c", CLIENT, "127.0.0.1", check=False)
        return "10.77.0.2" in inside("tunnel", "ss", "-Htn", "state", "syn-recv").stdout
    expect("a neighbour does not reach the loopback backend", intrude(), False)
    inside("tunnel", "nft", "flush", "chain", "ip", "ravelin", "prerouting")
    expect("(and it is the rule that keeps it out)", intrude(), True)
    inside("tunnel", "sh", input=script)

    undo = "".join(line.removeprefix("#   ") + "\n" for line in script.splitlines() if line.startswith("#   "))
    inside("tunnel", "sh", "-e", input=undo)
    rules = inside("tunnel", "nft", "list", "ruleset").stdout + inside("tunnel", "ip", "rule").stdout
    expect("undone, nothing is left", (rules.count("ravelin"), rules.count("5252")), (0, 0))
    return 1 if failures else 0


made = []
try:
    for part in ["client", "tunnel", "backend"]:
        result = run("ip", "netns", "add", f"{name}-{part}", check=False)
        if result.returncode:
            print(f"SKIPPED: no network namespaces: {result.stderr.strip()}", file=sys.stderr)
            sys.exit(1 if os.environ.get("CI") else 77)
        made.append(part)
    build()
    sys.exit(test())
finally:
    for child in children:
        child.kill()
        child.wait()
    for part in made:
        run("ip", "netns", "del", f"{name}-{part}")
