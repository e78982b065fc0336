"""A device written from the .proto files alone: it shares no code with the agent.

It enrols, reports, and renews, with grpcio and cryptography. Each command prints one JSON object; a refusal of the server is
printed as {"refused": CODE, "message": TEXT}.
"""

import argparse
import hashlib
import hmac
import importlib
import json
import pathlib
import socket
import ssl
import sys
import tempfile
import time

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from grpc_tools import protoc

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TOKEN_SYMBOLS = 56
VERSION = "0.0.0-foreign"


def protos_load(folder):
    """Compiles the .proto files and imports what comes of them."""
    with tempfile.TemporaryDirectory() as out:
        names = ["device.proto", "enrolment.proto", "inventory.proto"]
        if protoc.main(["protoc", f"-I{folder}", f"--python_out={out}", f"--grpc_python_out={out}", *names]) != 0:
            sys.exit("the .proto files do not compile")
        sys.path.insert(0, out)
        modules = {}
        for name in names:
            stem = name.removesuffix(".proto")
            modules[stem] = importlib.import_module(f"{stem}_pb2")
            modules[f"{stem}_calls"] = importlib.import_module(f"{stem}_pb2_grpc")
        return argparse.Namespace(**modules)


def sha256(data):
    return hashlib.sha256(data).digest()


def framed(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def symbols(data, count):
    """The first bits of `data` as five-bit symbols."""
    bits = int.from_bytes(data, "big")
    total = len(data) * 8
    return bytes(bits >> total - 5 * (n + 1) & 31 for n in range(count))


def token_read(text):
    """The token's public name, its secret's characters, and its pin."""
    plain = "".join(text.split()).replace("-", "").upper().translate(str.maketrans("OIL", "011"))
    values = bytes(ALPHABET.index(c) for c in plain)
    if len(values) != TOKEN_SYMBOLS:
        sys.exit("a token has 56 characters")
    if symbols(sha256(b"cartable token check" + values[:54]), 2) != values[54:]:
        sys.exit("the token was mistyped")
    return plain[:8], plain[8:34], values[34:54]


def spki(certificate):
    public = certificate.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def point(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def pem(certificates):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def shown(host, port, root=None):
    """The certificates a server shows, checked against a root if there is one already."""
    context = ssl.create_default_context() if root else ssl._create_unverified_context()
    if root:
        context = ssl.create_default_context(cadata=pem([root]).decode())
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, port), timeout=20) as tcp, context.wrap_socket(tcp, server_hostname=host) as tls:
        # Public since Python 3.13.
        chain = getattr(tls, "get_unverified_chain", None) or tls._sslobj.get_unverified_chain
        ders = [c if isinstance(c, bytes) else ssl.PEM_cert_to_DER_cert(c.public_bytes()) for c in chain()]
    return [x509.load_der_x509_certificate(der) for der in ders]


def request_make(key):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_make():
    return ec.generate_private_key(ec.SECP256R1())


class Device:
    """What a device keeps, in a folder."""

    def __init__(self, folder, protos):
        self.folder = pathlib.Path(folder)
        self.protos = protos

    def read(self, name):
        return (self.folder / name).read_bytes()

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def key(self, name):
        return serialization.load_pem_private_key(self.read(name), None)

    def chain(self):
        return x509.load_pem_x509_certificates(self.read("chain.pem"))

    def channel(self):
        """A connection in the device's name."""
        chain = self.chain()
        credentials = grpc.ssl_channel_credentials(pem(chain[-1:]), self.read("tls.key"), pem(chain))
        return grpc.secure_channel(self.read("server").decode(), credentials)

    def binding(self):
        host, port = self.read("server").decode().rsplit(":", 1)
        leaf = shown(host, int(port), self.chain()[-1])[0]
        return sha256(leaf.public_bytes(serialization.Encoding.DER))

    def enrol(self, server, token, serial):
        host, port = server.rsplit(":", 1)
        token_id, secret, pin = token_read(token)
        pinned = [c for c in shown(host, int(port)) if symbols(sha256(spki(c)), 20) == pin]
        if not pinned:
            sys.exit("the server does not show the root that the token names")
        root = pinned[0]
        leaf = shown(host, int(port), root)[0]
        identity, tls = key_make(), key_make()
        public = point(identity.public_key())
        channel = grpc.secure_channel(server, grpc.ssl_channel_credentials(pem([root])))
        calls = self.protos.enrolment_calls.EnrolmentStub(channel)
        enrolment = self.protos.enrolment
        challenge = calls.Start(
            enrolment.StartRequest(
                token_id=token_id,
                identity_key=public,
                claims=enrolment.Claims(maker="Python", model="grpcio", serial=serial),
                agent_version=VERSION,
            )
        )
        csr = request_make(tls)
        binding = sha256(leaf.public_bytes(serialization.Encoding.DER))
        transcript = framed(b"cartable enrol v1", challenge.nonce, sha256(csr), binding)
        key = HKDF(hashes.SHA256(), 32, b"cartable token v1", token_id.encode()).derive(secret.encode())
        answer = calls.Finish(
            enrolment.FinishRequest(
                challenge=challenge.challenge,
                csr=csr,
                signature=identity.sign(transcript, ec.ECDSA(hashes.SHA256())),
                proof=hmac.digest(key, framed(transcript, public), "sha256"),
            )
        )
        chain = [x509.load_der_x509_certificate(der) for der in answer.chain]
        self.write("server", server.encode())
        self.write("identity.key", key_pem(identity))
        self.write("tls.key", key_pem(tls))
        self.write("chain.pem", pem(chain))
        self.write("trust", answer.trust.SerializeToString())
        head = self.head_open(answer.head)
        if head.device != answer.device or head.plan != sha256(answer.plan):
            sys.exit("the first head does not fit its answer")
        self.write("head", head.SerializeToString())
        return {
            "device": answer.device.hex(),
            "quarantined": answer.quarantined,
            "identity_generation": answer.identity_generation,
            "renew_from_unix_ms": answer.renew_from_unix_ms,
            "renew_until_unix_ms": answer.renew_until_unix_ms,
        }

    def head_open(self, envelope):
        """A head, if a key signed it that the root says may."""
        trust = self.protos.device.Envelope.FromString(self.read("trust"))
        root = self.chain()[-1].public_key()
        root.verify(trust.signature, b"cartable trust v1\0" + trust.payload, ec.ECDSA(hashes.SHA256()))
        keys = self.protos.enrolment.TrustRoots.FromString(trust.payload).online_keys
        key = next(key for key in keys if sha256(key) == envelope.key)
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(
            envelope.signature, b"cartable head v1\0" + envelope.payload
        )
        return self.protos.device.Head.FromString(envelope.payload)

    def check_in(self, sequence):
        """A report of two sections, then an empty check-in."""
        device, inventory = self.protos.device, self.protos.inventory
        head = device.Head.FromString(self.read("head"))
        uptime = inventory.Check(
            kind=inventory.CHECK_KIND_UPTIME,
            status=inventory.STATUS_OK,
            reason=inventory.REASON_WITHIN_LIMITS,
            value=sequence,
        )
        sections = [
            ("hardware", device.SECTION_KIND_HARDWARE, inventory.Hardware(maker="Python", model="grpcio")),
            ("health", device.SECTION_KIND_HEALTH, inventory.Health(checks=[uptime])),
        ]
        now = int(time.time() * 1000)
        parts, root = [], b""
        for name, kind, message in sections:
            body = message.SerializeToString()
            root += name.encode() + b"\0" + sha256(body)
            parts.append(
                device.SectionPart(
                    kind=kind,
                    digest=sha256(body),
                    encoding=device.ENCODING_PLAIN,
                    count=1,
                    body=body,
                    collected_unix_ms=now,
                )
            )
        condition = device.Condition(item="cadence", state=device.CONDITION_STATE_HELD)
        common = {
            "boot": b"foreign-boot-id!",
            "sequence": sequence,
            "generation": head.generation,
            "plan": head.plan,
            "sections_root": sha256(root),
            "agent_version": VERSION,
            "device_unix_ms": now,
        }
        observed = device.Observed(generation=head.generation, conditions=[condition])
        with self.channel() as channel:
            calls = self.protos.device_calls.DeviceStub(channel)
            first = calls.CheckIn(device.CheckInRequest(**common, parts=parts, observed=observed, report=True))
            again = calls.CheckIn(device.CheckInRequest(**common))
        return {
            "sequence": first.sequence,
            "stored": sorted(digest.hex() for digest in first.stored) == sorted(p.digest.hex() for p in parts),
            "wanted": len(again.wanted),
            "head_again": again.HasField("head"),
        }

    def renew(self):
        """The next certificate, and at once a first check-in with it would put it in force."""
        device = self.protos.device
        key = key_make()
        csr = request_make(key)
        serial = self.chain()[0].serial_number
        serial = serial.to_bytes((serial.bit_length() + 7) // 8, "big").hex()
        transcript = framed(b"cartable renew v1", serial.encode(), sha256(csr), self.binding())
        signature = self.key("identity.key").sign(transcript, ec.ECDSA(hashes.SHA256()))
        with self.channel() as channel:
            calls = self.protos.device_calls.DeviceStub(channel)
            answer = calls.Renew(device.RenewRequest(csr=csr, signature=signature))
        self.write("tls.key", key_pem(key))
        self.write("chain.pem", pem(x509.load_der_x509_certificate(der) for der in answer.chain))
        return {"renew_from_unix_ms": answer.renew_from_unix_ms, "serial": f"{self.chain()[0].serial_number:x}"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--protos", required=True)
    parser.add_argument("--state", required=True)
    verbs = parser.add_subparsers(dest="verb", required=True)
    enrol = verbs.add_parser("enrol")
    for name in ("server", "token", "serial"):
        enrol.add_argument(f"--{name}", required=True)
    verbs.add_parser("check-in").add_argument("--sequence", type=int, required=True)
    verbs.add_parser("renew")
    said = parser.parse_args()
    device = Device(said.state, protos_load(said.protos))
    acts = {
        "enrol": lambda: device.enrol(said.server, said.token, said.serial),
        "check-in": lambda: device.check_in(said.sequence),
        "renew": device.renew,
    }
    try:
        print(json.dumps(acts[said.verb]()))
    except grpc.RpcError as refused:
        print(json.dumps({"refused": refused.code().name, "message": refused.details()}))


if __name__ == "__main__":
    main()
