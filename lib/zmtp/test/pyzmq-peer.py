"""The other side of pyzmq.system.test.ts: one socket of each type. Prints its addresses, then what it receives."""
import json
import sys

import zmq

spec = json.loads(sys.argv[1])
context = zmq.Context()
poller = zmq.Poller()
sockets, addresses = {}, {}
BODY = [b"topic", b"\x00" * 300, b""]

for name in ["REP", "ROUTER", "DEALER", "PUB", "SUB", "PUSH", "PULL", "REQ"]:
    socket = context.socket(getattr(zmq, name))
    socket.linger = 0
    if "serverSecret" in spec:
        socket.curve_server = True
        socket.curve_secretkey = spec["serverSecret"].encode()
    if "serverKey" in spec:
        socket.curve_serverkey = spec["serverKey"].encode()
        socket.curve_publickey = spec["publicKey"].encode()
        socket.curve_secretkey = spec["secretKey"].encode()
    if name == "SUB":
        socket.subscribe(b"topic")
    if "connect" in spec:
        socket.connect(spec["connect"][name])
    else:
        addresses[name] = f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
    sockets[name] = socket
    if name != "PUB" and name != "PUSH":
        poller.register(socket, zmq.POLLIN)

print(json.dumps(addresses), flush=True)
if "connect" in spec:
    sockets["PUSH"].send_multipart(BODY)
    sockets["REQ"].send_multipart(BODY)
isSent = "connect" in spec
while True:
    for socket, _ in poller.poll(20):
        parts = socket.recv_multipart()
        name = next(name for name, one in sockets.items() if one is socket)
        if name in ("REP", "ROUTER", "DEALER"):
            socket.send_multipart(parts)
        else:
            print(json.dumps([name, [part.hex() for part in parts]]), flush=True)
    sockets["PUB"].send_multipart(BODY)
    if not isSent:
        # Without `immediate` these wait for the first peer, which a bound socket does not have yet.
        for name in ("PUSH", "REQ"):
            if sockets[name].getsockopt(zmq.EVENTS) & zmq.POLLOUT:
                sockets[name].send_multipart(BODY)
                isSent = name == "REQ"
