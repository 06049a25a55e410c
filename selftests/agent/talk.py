# SPDX-License-Identifier: GPL-2.0
"""Workloads that talk, all at the same time: no process for each word.

    python3 talk.py echo NETNS...
                        send back what comes by TCP, UDP and, if the kernel has
                        it, SCTP to port 7 of these namespaces, until it is
                        ended; says "ready" before
    python3 talk.py ask NETNS ADDRESS [NETNS ADDRESS...]
                        from each namespace to the address behind it: ping,
                        some hundred packets of TCP there and back, a datagram.
                        Says who had no answer; status 1 then
    python3 talk.py say NETNS ADDRESS udp|sctp PORT SIZE SECONDS
                        so many bytes, once, and all that comes back within that
                        time must be they; or says what went wrong, status 1
"""
import concurrent.futures
import os
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfns import inside  # noqa: E402  pylint: disable=wrong-import-position
from dftest import checksum  # noqa: E402  pylint: disable=wrong-import-position

PORT, CHUNK, CHUNKS = 7, 10000, 10
MOST = 1 << 16
PATIENCE_S = 10 * int(os.environ.get("WAIT_FACTOR", "1"))
AGAIN_S = 0.5           # what may get lost is sent again


def listeners(netns):
    with inside(netns):
        udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        streams = [socket.socket(socket.AF_INET6, socket.SOCK_STREAM)]
        try:
            streams.append(socket.socket(
                socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_SCTP))
        except OSError:
            pass
    for sock in (udp, *streams):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", PORT))
    for sock in streams:
        sock.listen()
    return udp, streams


def echo(*names):
    poll, socks = select.poll(), {}

    def add(sock, answer):
        socks[sock.fileno()] = sock, answer
        poll.register(sock, select.POLLIN)

    def accept(sock):
        add(sock.accept()[0], stream)

    def stream(sock):
        data = sock.recv(CHUNK)
        if data:
            sock.sendall(data)
            return
        poll.unregister(sock)
        del socks[sock.fileno()]
        sock.close()

    def datagram(sock):
        sock.sendto(*sock.recvfrom(MOST))

    for name in names:
        udp, streams = listeners(name)
        add(udp, datagram)
        for sock in streams:
            add(sock, accept)
    print("ready", flush=True)
    while True:
        for number, _ in poll.poll():
            sock, answer = socks[number]
            try:
                answer(sock)
            except OSError as problem:
                print(problem, flush=True)


def ask_tcp(sock, address):
    """All of it comes back as it was."""
    sock.settimeout(PATIENCE_S)
    sock.connect((address, PORT))
    for _ in range(CHUNKS):
        sent, got = os.urandom(CHUNK), b""
        sock.sendall(sent)
        while len(got) < CHUNK:
            data = sock.recv(CHUNK)
            if not data:
                return "it was closed"
            got += data
        if got != sent:
            return "something else came back"
    return None


def until_answered(sock, address, question, is_answer):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        sock.sendto(question, address)
        again = time.monotonic() + AGAIN_S
        while select.select([sock], [], [], max(0, again - time.monotonic()))[0]:
            data, source = sock.recvfrom(2048)
            if source[0] == address[0] and is_answer(data):
                return None
    return "no answer"


def ask_udp(sock, address):
    word = os.urandom(8)
    return until_answered(sock, (address, PORT), word, lambda data: data == word)


def ask_icmp(sock, address):
    """Raw sockets hear all of it: the first bytes of the data are ours. An IPv4
    header comes with what is heard, no IPv6 header does."""
    ip6 = ":" in address
    kind, answer, skip = (128, 129, 0) if ip6 else (8, 0, 20)
    word = os.urandom(8)
    question = struct.pack("!BBHHH", kind, 0, 0, 0, 0) + word
    if not ip6:
        question = question[:2] + struct.pack("!H", checksum(question)) + \
            question[4:]
    return until_answered(
        sock, (address, 0), question,
        lambda data: data[skip] == answer and data[skip + 8:] == word)


def asked(what, netns, address):
    """In the background: what to wait for."""
    ip6 = ":" in address
    icmp = socket.IPPROTO_ICMPV6 if ip6 else socket.IPPROTO_ICMP
    function, kind, protocol = {
        "ping": (ask_icmp, socket.SOCK_RAW, icmp),
        "TCP": (ask_tcp, socket.SOCK_STREAM, 0),
        "UDP": (ask_udp, socket.SOCK_DGRAM, 0)}[what]
    with inside(netns):
        sock = socket.socket(
            socket.AF_INET6 if ip6 else socket.AF_INET, kind, protocol)

    def answer():
        with sock:
            try:
                return function(sock, address)
            except OSError as problem:
                return str(problem)
    return answer


def ask(*argv):
    pairs = list(zip(argv[::2], argv[1::2]))
    questions = [(f"{what} from {netns} to {address}",
                  asked(what, netns, address))
                 for netns, address in pairs for what in ("ping", "TCP", "UDP")]
    with concurrent.futures.ThreadPoolExecutor(len(questions)) as pool:
        answers = [(text, pool.submit(function)) for text, function in questions]
    wrong = [f"{text}: {answer.result()}" for text, answer in answers
             if answer.result()]
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


def say(netns, address, protocol, port, size, seconds):
    kind, number = {"udp": (socket.SOCK_DGRAM, 0), "sctp": (
        socket.SOCK_STREAM, socket.IPPROTO_SCTP)}[protocol]
    with inside(netns):
        sock = socket.socket(
            socket.AF_INET6 if ":" in address else socket.AF_INET, kind, number)
    data, got = os.urandom(int(size)), b""
    with sock:
        sock.settimeout(float(seconds))
        try:
            sock.connect((address, int(port)))
            sock.send(data)
            while len(got) < len(data):
                got += sock.recv(MOST)
        except OSError as problem:
            sys.exit(str(problem))
    sys.exit(got != data and "something else came back")


{"echo": echo, "ask": ask, "say": say}[sys.argv[1]](*sys.argv[2:])
