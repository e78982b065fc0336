"""All the world that a device sees: names over UDP, TCP, TLS and HTTPS, and sites, each saying at which address it was reached.

Its one argument is JSON: what names there are, at which addresses what is served, and the certificate.
"""
import json, socket, ssl, struct, sys, threading

WORLD = json.loads(sys.argv[1])
KINDS = {1: "A", 28: "AAAA", 65: "HTTPS"}
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(WORLD["certificate"], WORLD["key"])


def answer(message):
    """RFC 1035: the question once more, and what is known of it."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode().lower())
        at += 1 + message[at]
    kind, question = struct.unpack("!H", message[at + 1:at + 3])[0], message[12:at + 5]
    known = WORLD["names"].get(".".join(labels))
    datas = [data(KINDS.get(kind), text) for text in (known or {}).get(KINDS.get(kind), [])]
    records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(one)) + one for one in datas)
    code = 0 if known is not None else 3
    return message[:2] + struct.pack("!BBHHHH", 0x81, 0x80 | code, 1, len(datas), 0, 0) + question + records


def data(kind, text):
    if kind == "HTTPS":
        # RFC 9460: the first choice, at this very name, and where that is.
        return struct.pack("!HBHH", 1, 0, 4, 4) + socket.inet_aton(text)
    return socket.inet_pton(socket.AF_INET6 if kind == "AAAA" else socket.AF_INET, text)


def exactly(stream, count):
    held = b""
    while len(held) < count:
        more = stream.recv(count - len(held))
        if not more:
            raise EOFError
        held += more
    return held


def names_udp(bound):
    while True:
        message, who = bound.recvfrom(4096)
        bound.sendto(answer(message), who)


def names_stream(stream):
    while True:
        message = exactly(stream, struct.unpack("!H", exactly(stream, 2))[0])
        said = answer(message)
        stream.sendall(struct.pack("!H", len(said)) + said)


def site(stream):
    head = b""
    while b"\r\n\r\n" not in head:
        head += exactly(stream, 1)
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if lines[0].startswith("POST /dns-query "):
        # RFC 8484.
        said, kind = answer(exactly(stream, int(fields["content-length"]))), "application/dns-message"
    else:
        said, kind = f"{stream.getsockname()[0]} {fields.get('host')}\n".encode(), "text/plain"
    stream.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode() + said)


def streams(bound, tls, serve):
    def one(stream):
        try:
            with TLS.wrap_socket(stream, server_side=True) if tls else stream as open_one:
                serve(open_one)
        except (OSError, EOFError, IndexError, UnicodeError):
            pass

    while True:
        threading.Thread(target=one, args=(bound.accept()[0],), daemon=True).start()


def bound(address, port, kind):
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, port))
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    return one


def begin(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


for address in WORLD["resolvers"]:
    begin(names_udp, bound(address, 53, socket.SOCK_DGRAM))
    begin(streams, bound(address, 53, socket.SOCK_STREAM), False, names_stream)
    begin(streams, bound(address, 853, socket.SOCK_STREAM), True, names_stream)
for address in WORLD["sites"]:
    begin(streams, bound(address, 80, socket.SOCK_STREAM), False, site)
    begin(streams, bound(address, 443, socket.SOCK_STREAM), True, site)
print("ready", flush=True)
sys.stdin.read()
