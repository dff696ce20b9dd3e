"""A service over TLS that answers each AMF object with another: Py3AMF and Python's ssl.

Gives its port, then serves one client after the other. What a request asks for is done with its arguments, and comes back
beside the very list of arguments.
"""

import io
import socket
import ssl
import sys

import pyamf

certificate, key, encoding = sys.argv[1], sys.argv[2], int(sys.argv[3])
ENCODING = {0: pyamf.AMF0, 3: pyamf.AMF3}[encoding]

DONE = {
    "sum": sum,
    "join": " ".join,
    "reverse": lambda arguments: list(reversed(arguments)),
    "count": len,
}

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
print("PORTS", listener.getsockname()[1], flush=True)


def serve(stream):
    data = b""
    while True:
        more = stream.recv(65536)
        if not more:
            return
        data += more
        while data:
            try:
                decoder = pyamf.get_decoder(ENCODING, data)
                request = decoder.readElement()
            except (pyamf.EOStream, IOError):
                break
            data = data[decoder.stream.tell():]
            arguments = request["arguments"]
            result = DONE[request["name"]](arguments)
            encoder = pyamf.get_encoder(ENCODING)
            encoder.writeElement({"result": result, "arguments": arguments, "again": arguments})
            # In two pieces, so that the client has to wait for the second.
            answer = encoder.stream.getvalue()
            stream.sendall(answer[:5])
            stream.sendall(answer[5:])


while True:
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as stream:
        serve(stream)
        stream.unwrap()
