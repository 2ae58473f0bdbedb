"""
The other side of pyzmq.system.test.ts: sockets that do what lines of JSON on stdin tell them: [call, verb, socket, argument].
Each line is answered with [call, value]; a `receive` when there is a message, and meanwhile other lines are read.
"""
import json
import os
import sys

import zmq

SEND_TIMEOUT_MS = 10_000

context = zmq.Context()
poller = zmq.Poller()
poller.register(sys.stdin.fileno(), zmq.POLLIN)
sockets = {}
receiving = {}


def answer(call, value=None):
    print(json.dumps([call, value]), flush=True)


def open_socket(spec):
    socket = context.socket(getattr(zmq, spec["type"]))
    socket.linger = 0
    socket.sndtimeo = SEND_TIMEOUT_MS
    if "routingId" in spec:
        socket.routing_id = spec["routingId"].encode()
    if "curve" in spec:
        curve = spec["curve"]
        socket.curve_secretkey = curve["keys"]["secretKey"].encode()
        socket.curve_publickey = curve["keys"]["publicKey"].encode()
        if curve["kind"] == "server":
            socket.curve_server = True
        else:
            socket.curve_serverkey = curve["serverKey"].encode()
    return socket


def close(socket):
    if socket in receiving:
        del receiving[socket]
        poller.unregister(socket)
    socket.close()


def run(call, verb, name, argument):
    if verb == "receive":
        socket = sockets[name]
        receiving.setdefault(socket, []).append(call)
        poller.register(socket, zmq.POLLIN)
        return
    value = None
    if verb == "open":
        sockets[name] = open_socket(argument)
    elif verb == "bind":
        value = f"tcp://127.0.0.1:{sockets[name].bind_to_random_port('tcp://127.0.0.1')}"
    elif verb == "connect":
        sockets[name].connect(argument)
    elif verb == "subscribe":
        sockets[name].subscribe(argument.encode())
    elif verb == "unsubscribe":
        sockets[name].unsubscribe(argument.encode())
    elif verb == "send":
        sockets[name].send_multipart([bytes.fromhex(part) for part in argument])
    elif verb == "close":
        close(sockets.pop(name))
    answer(call, value)


def receive(socket):
    calls = receiving[socket]
    answer(calls.pop(0), [part.hex() for part in socket.recv_multipart()])
    if not calls:
        del receiving[socket]
        poller.unregister(socket)


print(json.dumps([0, zmq.zmq_version()]), flush=True)
unread = b""
isOpen = True
while isOpen:
    for ready, _ in poller.poll():
        if ready in receiving:
            receive(ready)
        elif ready == sys.stdin.fileno():
            chunk = os.read(ready, 65_536)
            isOpen = len(chunk) > 0
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                run(*json.loads(line))
context.destroy(linger=0)
