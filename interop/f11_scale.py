"""F11, what scale asks of one process: thousands of idle connections, a handshake flood beside them."""
import multiprocessing
import resource
import select
import socket
import time

from lib import scratch
from lib.checks import Skipped, check, equal, eventually
from lib.client import context
from lib.load import Crowd
from lib.marks import alone, slow
from lib.ravelin import Ravelin

IDLE = 9_500
BYTES_PER_CONNECTION = 3_000
FLOOD_SECONDS = 12


def echo_process(port, ready):
    """An echo server for thousands of connections, one epoll loop."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    listener.setblocking(False)
    poll, open_now = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    ready.set()
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == listener.fileno():
                try:
                    while True:
                        sock, _ = listener.accept()
                        sock.setblocking(False)
                        open_now[sock.fileno()] = sock
                        poll.register(sock, select.EPOLLIN)
                except OSError:
                    continue
            else:
                sock = open_now[descriptor]
                try:
                    data = sock.recv(65536)
                    if data:
                        sock.send(data)
                        continue
                except OSError:
                    pass
                poll.unregister(descriptor)
                del open_now[descriptor]
                sock.close()


def flood_process(port, over, count):
    """Whole handshakes, one after the other, each reset as soon as it is finished."""
    ctx = context("1.3")
    while not over.is_set():
        crowd = Crowd(port, ctx)
        crowd.grow(50, at_once=25, timeout=10)
        with count.get_lock():
            count.value += len(crowd.members)
        crowd.leave()


@alone
@slow
def test_idle_crowd_and_handshake_flood():
    """9,500 idle TLS connections and a handshake flood at once: established ones keep answering, none is dropped, memory is bounded"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 20_000:
        raise Skipped(f"the descriptor limit is {hard}, 20000 are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fork = multiprocessing.get_context("fork")
    port, ready, over, count = scratch.free_port(), fork.Event(), fork.Event(), fork.Value("i", 0)
    processes = [fork.Process(target=echo_process, args=(port, ready), daemon=True)]
    processes[0].start()
    try:
        check(ready.wait(10), "the backend does not listen")
        with Ravelin(port) as tunnel:
            crowd = Crowd(tunnel.port)
            crowd.grow(200)
            for member in crowd.members:
                crowd.echo(member)
            memory, connections = tunnel.memory(), len(crowd.members)
            began = time.monotonic()
            failed = crowd.grow(IDLE)
            took = time.monotonic() - began
            equal((len(crowd.members), failed), (IDLE, 0), f"connections, and failures; last log lines: {tunnel.output()[-600:]}")
            eventually(lambda: tunnel.descriptors() >= 2 * IDLE, 10, "both sides of every connection are open")
            each = (tunnel.memory() - memory) / (IDLE - connections)

            quiet = sorted(crowd.echo(m)[1] for m in crowd.members[:: IDLE // 200])
            processes.append(fork.Process(target=flood_process, args=(tunnel.port, over, count), daemon=True))
            processes[-1].start()
            flooded, until = [], time.monotonic() + FLOOD_SECONDS
            while time.monotonic() < until:
                for member in crowd.members[len(flooded) % 97 :: IDLE // 100]:
                    got, seconds = crowd.echo(member)
                    equal(got, b"ping", "echo during the flood")
                    flooded.append(seconds)
                    time.sleep(0.01)
            over.set()
            flooded.sort()
            peak = tunnel.memory()
            # Every single one must still be there.
            for member in crowd.members:
                equal(crowd.echo(member)[0], b"ping", "echo after the flood")
            check(count.value > 500, f"a flood of {count.value} handshakes is none")
            check(flooded[len(flooded) * 99 // 100] < 0.5, f"99 of 100 answered within {flooded[len(flooded) * 99 // 100]:.2f} s during the flood")
            check(each < BYTES_PER_CONNECTION * 4, f"{each:.0f} bytes of memory per idle connection")
            check(peak - memory < IDLE * BYTES_PER_CONNECTION * 4 + 60e6, f"memory grew by {(peak - memory) / 1e6:.0f} MB")
            print(f"{IDLE} in {took:.0f} s, {each:.0f} bytes each; flood {count.value / FLOOD_SECONDS:.0f} handshakes a second; "
                  f"echo in ms, median and 99th: quiet {quiet[len(quiet) // 2] * 1e3:.1f} {quiet[len(quiet) * 99 // 100] * 1e3:.1f}, "
                  f"flooded {flooded[len(flooded) // 2] * 1e3:.1f} {flooded[len(flooded) * 99 // 100] * 1e3:.1f}")
            crowd.leave()
            eventually(lambda: tunnel.descriptors() < 100, 10, "all are closed")
    finally:
        over.set()
        for process in processes:
            process.terminate()
            process.join()
