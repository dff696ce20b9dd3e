"""The integrity test: clients and a backend that both know every byte, and compare notes afterwards.

Each connection begins with a plan (`PLAN`): how much the client sends, how much the backend sends, and how
each will end. Both sides check what arrives against the pattern as it comes. Afterwards their notes must agree:

1. What one side received is a beginning of what the other sent.
2. A clean end at the client: the backend ended in order, and everything it sent has arrived.
3. A FIN at the backend: the client sent close_notify, and everything it sent has arrived.
4. A client's FIN without close_notify: everything arrived, then a reset.
5. Where nobody meant harm and the backend was not restarted, both sides got everything.
"""
import asyncio
import collections
import multiprocessing
import random
import socket
import ssl
import struct
import time

from . import scratch
from .backend import pattern, reset
from .checks import check, equal
from .client import context

PLAN = struct.Struct(">IIIB")
RESTART_EVERY = 4.0
_CLIENT, _BACKEND = 0, 1
_PERIOD = 65521
_patterns = {}


def expected(number, side, at, size):
    """The bytes at that place of a connection's direction."""
    seed = (number * 2 + side) % 64
    if seed not in _patterns:
        _patterns[seed] = pattern(_PERIOD * 3, seed)
    begin = at % _PERIOD
    return _patterns[seed][begin : begin + size]


class Note:
    """What one side knows of one connection."""

    def __init__(self):
        self.sent = self.received = 0
        self.plan = None
        self.end = None       # how the other side ended, as seen here
        self.did = None       # how this side ended
        self.restarted = False  # whether the backend was restarted under it
        self.told = False     # whether a write has met the other side's reset
        self.wrong = None     # where the bytes differ
        self.seconds = 0

    def take(self, number, side, data):
        """Checks bytes that came."""
        if self.wrong is None and data != expected(number, side, self.received, len(data)):
            self.wrong = self.received
        self.received += len(data)


class Storm:
    """The clients in this process, the backend in another."""

    def __init__(self, seconds, at_once):
        self.seconds, self.at_once, self.port = seconds, at_once, scratch.free_port()
        self.notes, self.theirs = {}, {}

    def run(self, tunnel_port, each_second):
        """Runs the storm through the tunnel."""
        fork = multiprocessing.get_context("fork")
        mine, other = fork.Pipe()
        backend = fork.Process(target=_backend_process, args=(self.port, other), daemon=True)
        backend.start()
        try:
            check(mine.poll(10) and mine.recv() == "listening", "the backend does not listen")
            asyncio.run(self._clients(tunnel_port, each_second))
            mine.send("stop")
            check(mine.poll(20), "the backend does not answer")
            self.theirs, self.restarts = mine.recv()
        finally:
            backend.terminate()
            backend.join()

    async def _clients(self, port, each_second):
        deadline = time.monotonic() + self.seconds
        contexts = [context("1.2"), context("1.3")]
        numbers = iter(range(1, 1 << 30))

        async def worker():
            while time.monotonic() < deadline:
                number = next(numbers)
                note = self.notes[number] = Note()
                began = time.monotonic()
                try:
                    await asyncio.wait_for(_client(number, note, port, contexts[number % 2]), 40)
                except asyncio.TimeoutError:
                    note.end = "stuck"
                note.seconds = time.monotonic() - began

        async def reloads():
            while True:
                await asyncio.sleep(1)
                each_second()

        reloading = asyncio.ensure_future(reloads())
        await asyncio.gather(*(worker() for _ in range(self.at_once)))
        reloading.cancel()

    def judge(self, drained=True):
        """Fails at the first disagreement. Behind a second tunnel a client's FIN is a reset, which drains nothing."""
        for number, mine in self.notes.items():
            theirs = self.theirs.get(number)
            about = f"connection {number}: client {vars(mine)}, backend {theirs and vars(theirs)}"
            check(mine.end != "stuck", f"stuck: {about}")
            equal(mine.wrong, None, f"bytes differ at the client: {about}")
            if theirs is None:
                equal(mine.received, 0, f"bytes from nowhere: {about}")
                check(mine.end != "clean", f"a clean end from nowhere: {about}")
                continue
            equal(theirs.wrong, None, f"bytes differ at the backend: {about}")
            check(mine.received <= theirs.sent and theirs.received <= mine.sent, f"more than was sent: {about}")
            if mine.end == "clean":
                check(theirs.did == "fin" and mine.received == theirs.sent, f"a truncation dressed up as an end at the client: {about}")
            if theirs.end == "fin":
                check(mine.did == "close_notify" and theirs.received == mine.sent, f"a truncation dressed up as an end at the backend: {about}")
            if drained and mine.did == "fin" and theirs.did in (None, "fin") and not theirs.restarted:
                check(theirs.end == "reset" and theirs.received == mine.sent, f"a client's FIN was not drained: {about}")
            if mine.did == "close_notify" and theirs.did == "fin" and not theirs.restarted:
                check(mine.end == "clean" and theirs.end == "fin", f"cut without a cause: {about}")
        print(self.summary())
        whole = self._count(lambda m, t: m.end == "clean" and t and t.end == "fin")
        check(whole > len(self.notes) / 4, f"only {whole} of {len(self.notes)} connections were whole")
        check(self.restarts >= 3, f"the backend restarted only {self.restarts} times")

    def summary(self):
        """What happened, in one line."""
        ends = collections.Counter((m.did or "nothing", m.end or "open") for m in self.notes.values())
        moved = sum(m.received for m in self.notes.values()) + sum(t.received for t in self.theirs.values())
        longest = max(m.seconds for m in self.notes.values())
        return (f"{len(self.notes)} connections, {moved / 1e6:.0f} MB, {self.restarts} backend restarts, longest {longest:.1f} s; client did/saw: "
                + ", ".join(f"{a}/{b} {n}" for (a, b), n in ends.most_common()))

    def _count(self, condition):
        return sum(bool(condition(m, self.theirs.get(n))) for n, m in self.notes.items())


async def _client(number, note, port, ctx):
    loop = asyncio.get_running_loop()
    dice = random.Random(number)
    upload, download = (int(2 ** dice.uniform(0, 20)) for _ in range(2))
    backend_end = dice.choices(("fin", "answer", "reset"), (6, 3, 1))[0]
    client_end = dice.choices(("close_notify", "fin", "reset"), (7, 1, 1))[0]
    tiny, lazy = dice.random() < 0.15, dice.random() < 0.15
    if lazy:
        download = min(download, 200_000)
    if tiny:
        upload = min(upload, 3000)
    note.plan = (upload, download, backend_end, client_end)
    sock = socket.socket()
    sock.setblocking(False)
    if lazy:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(incoming, outgoing, server_hostname="localhost")
    writing = asyncio.Lock()

    async def flush():
        async with writing:
            if data := outgoing.read():
                await loop.sock_sendall(sock, data)

    async def fill():
        try:
            data = await loop.sock_recv(sock, 65536)
        except ConnectionResetError:
            note.end = note.end or "reset"
            return
        if data:
            incoming.write(data)
        else:
            note.end = note.end or "truncated"

    async def send():
        tls.write(PLAN.pack(number, upload, download, ("fin", "answer", "reset").index(backend_end)))
        stop = dice.randrange(upload + 1) if client_end == "reset" else upload
        while note.sent < stop and note.end in (None, "clean"):
            size = min(dice.randrange(1, 20) if tiny else dice.choice((100, 1000, 16384)), stop - note.sent)
            tls.write(expected(number, _CLIENT, note.sent, size))
            note.sent += size
            await flush()
            if dice.random() < 0.01:
                await asyncio.sleep(dice.uniform(0, 0.2))
        if note.end not in (None, "clean"):
            return
        if client_end == "close_notify":
            take_waiting()  # OpenSSL refuses to send close_notify over data that wait to be read
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            await flush()
        elif client_end == "fin":
            await flush()
            sock.shutdown(socket.SHUT_WR)
        else:
            await flush()
            note.did = "reset"
            reset(sock)
            return
        note.did = client_end

    def take_waiting():
        try:
            while data := tls.read(65536):
                note.take(number, _BACKEND, data)
            note.end = "clean"
        except ssl.SSLZeroReturnError:
            note.end = "clean"
        except ssl.SSLWantReadError:
            pass

    async def receive():
        while note.end is None and note.did != "reset":
            try:
                data = tls.read(65536)
                if data:
                    note.take(number, _BACKEND, data)
                    if lazy:
                        await asyncio.sleep(dice.uniform(0, 0.05))
                else:
                    note.end = "clean"
            except ssl.SSLZeroReturnError:
                note.end = "clean"
            except ssl.SSLWantReadError:
                await fill()
            await flush()

    try:
        await loop.sock_connect(sock, ("127.0.0.1", port))
        while True:
            try:
                tls.do_handshake()
                await flush()
                break
            except ssl.SSLWantReadError:
                await flush()
                await fill()
                if note.end:
                    return
        receiving = asyncio.ensure_future(receive())
        try:
            await send()
        except (ConnectionError, OSError):
            note.end = note.end or "reset"
        if note.did == "reset":
            receiving.cancel()
            return
        try:
            await receiving
        except (ConnectionError, OSError):
            note.end = note.end or "reset"
    except (ConnectionError, OSError):
        note.end = note.end or "reset"
    finally:
        sock.close()


def _backend_process(port, pipe):
    notes, live, state = {}, {}, {"restarts": 0}

    async def serve(sock):
        loop = asyncio.get_running_loop()
        head = b""
        note = Note()
        try:
            while len(head) < PLAN.size:
                data = await loop.sock_recv(sock, PLAN.size - len(head))
                if not data:
                    return
                head += data
            number, upload, download, how = PLAN.unpack(head)
            notes[number] = note
            how = ("fin", "answer", "reset")[how]
            dice = random.Random(number + 1)
            stop = dice.randrange(download + 1) if how == "reset" else download

            async def send():
                while note.sent < stop:
                    size = min(dice.choice((10, 1000, 30000, 60000)), stop - note.sent)
                    note.sent += size  # counted before, so that `sent` is never less than what arrived
                    try:
                        await loop.sock_sendall(sock, expected(number, _BACKEND, note.sent - size, size))
                    except OSError:
                        # A socket reports its reset once: whoever is told must tell the reader, who still
                        # finds what arrived before it.
                        note.told = True
                        return
                if how == "reset":
                    note.did = "reset"
                    reset(sock)
                else:
                    sock.shutdown(socket.SHUT_WR)
                    note.did = "fin"

            async def receive():
                while note.end is None:
                    try:
                        data = await loop.sock_recv(sock, 65536)
                    except ConnectionResetError:
                        note.end = "reset"
                        return
                    if not data:
                        note.end = "reset" if note.told else "fin"
                        return
                    note.take(number, _CLIENT, data)
                    if dice.random() < 0.02:
                        await asyncio.sleep(dice.uniform(0, 0.1))

            if how == "answer":
                await receive()
                if note.end == "fin":
                    await send()
            else:
                sending = asyncio.ensure_future(send())
                receiving = asyncio.ensure_future(receive())
                try:
                    done, waiting = await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_EXCEPTION)
                    if note.did != "reset" and note.end is None:
                        await receiving
                finally:
                    sending.cancel()
                    receiving.cancel()
                    await asyncio.gather(sending, receiving, return_exceptions=True)
        except (ConnectionError, OSError):
            if note.did is None and note.end is None:
                note.end = "reset"
        except asyncio.CancelledError:
            note.restarted = True
            reset(sock)
        finally:
            live.pop(asyncio.current_task(), None)
            sock.close()

    async def listening():
        loop = asyncio.get_running_loop()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(4096)
        listener.setblocking(False)
        try:
            while True:
                sock, _ = await loop.sock_accept(listener)
                sock.setblocking(False)
                live[asyncio.ensure_future(serve(sock))] = sock
        finally:
            listener.close()

    async def main():
        accepting = asyncio.ensure_future(listening())
        await asyncio.sleep(0.1)
        pipe.send("listening")
        restarted = time.monotonic()
        while not pipe.poll():
            await asyncio.sleep(0.1)
            if time.monotonic() - restarted > RESTART_EVERY:
                accepting.cancel()
                for task in list(live):
                    task.cancel()
                await asyncio.sleep(0.3)
                accepting = asyncio.ensure_future(listening())
                state["restarts"] += 1
                restarted = time.monotonic()
        await asyncio.sleep(1)
        pipe.send((notes, state["restarts"]))

    asyncio.run(main())
