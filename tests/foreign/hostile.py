"""Writes tests/data/publisher: a repository of resources, and one folder for each way to attack a device with metadata.

hostile.py FOLDER   (python-tuf and cryptography, as in requirements.txt; run once, what it writes is kept in the repository)

Keys are made from their names and times are fixed, so that the same bytes are written each time. What a folder lacks, the folder
`good` has: an attacker changes what they must, and shows the rest as it is.
"""

import copy
import hashlib
import json
import pathlib
import shutil
import sys
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

# As in agent/daemon/src/fixture.rs.
NOW = datetime.fromtimestamp(1_795_000_000, timezone.utc)
OFFLINE, SNAPSHOT, TIMESTAMP = timedelta(days=400), timedelta(days=30), timedelta(days=7)
PATHS = ["bundle.*"]


class Keys:
    """Each name is one."""

    def __init__(self):
        self.known = {}

    def __getitem__(self, name):
        if name not in self.known:
            private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
            self.known[name] = CryptoSigner(private)
        return self.known[name]


KEYS = Keys()


class Repository:
    """Documents of a repository with who signs them; every one may be changed before it is written."""

    def __init__(self):
        root = Root(1, expires=NOW + OFFLINE, consistent_snapshot=True)
        self.roots = [root]
        self.signers = {
            "root": ["root-a", "root-b"],
            "targets": ["targets-a"],
            "bundles": ["bundles-a", "bundles-b"],
            "snapshot": ["snapshot"],
            "timestamp": ["timestamp"],
        }
        for role in ["root", "targets", "snapshot", "timestamp"]:
            for name in self.signers[role]:
                root.add_key(KEYS[name].public_key, role)
        root.roles["root"].threshold = 2
        self.root_signers = {1: list(self.signers["root"])}
        bundles = [KEYS[name].public_key for name in self.signers["bundles"]]
        role = DelegatedRole("bundles", [key.keyid for key in bundles], 2, True, paths=list(PATHS))
        self.targets = Targets(
            1, expires=NOW + OFFLINE, delegations=Delegations({key.keyid: key for key in bundles}, {"bundles": role})
        )
        self.bundles = Targets(1, expires=NOW + OFFLINE)
        self.snapshot = Snapshot(1, expires=NOW + SNAPSHOT, meta={})
        self.timestamp = Timestamp(1, expires=NOW + TIMESTAMP, snapshot_meta=MetaFile(1))
        self.files = {}
        # Change bytes after they were listed: (role, bytes) -> bytes.
        self.spoil = {}
        # What else lies there, or lies there instead.
        self.extra = {}
        # Change what a list says of a document: role -> change(MetaFile).
        self.lists = {}

    def copy(self):
        return copy.deepcopy(self)

    def bundle(self, name, body):
        info = TargetFile.from_data(name, body, ["sha256", "sha512"])
        self.bundles.targets[name] = info
        self.files[f"{info.hashes['sha256']}.{name}"] = body

    def next(self):
        """The next publication, in the same second: nothing but the versions says which is later."""
        later = self.copy()
        for document in [later.bundles, later.snapshot, later.timestamp]:
            document.version += 1
        return later

    def rotated(self, changes, signers):
        """A next root: {role: names of keys}, and who signs it."""
        root = copy.deepcopy(self.roots[-1])
        root.version += 1
        for role, names in changes.items():
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            for name in names:
                root.add_key(KEYS[name].public_key, role)
            self.signers[role] = names
        self.roots.append(root)
        self.root_signers[root.version] = signers

    def signed(self, document, names):
        metadata = Metadata(document)
        for name in names:
            metadata.sign(KEYS[name], append=True)
        return metadata.to_bytes(JSONSerializer(compact=True))

    def documents(self):
        """Their bytes by name, from the bottom up: each is listed as it is."""
        said = {}

        def put(role, document, versioned=True):
            body = self.signed(document, self.signers[role])
            meta = MetaFile(document.version, len(body), {"sha256": hashlib.sha256(body).hexdigest()})
            if role in self.lists:
                self.lists[role](meta)
            name = f"{document.version}.{role}.json" if versioned else f"{role}.json"
            said[name] = self.spoil.get(role, lambda body: body)(body)
            return meta

        targets, bundles = put("targets", self.targets), put("bundles", self.bundles)
        if "bundles" not in self.snapshot.unrecognized_fields.get("without", []):
            self.snapshot.meta["bundles.json"] = bundles
        self.snapshot.unrecognized_fields.pop("without", None)
        self.snapshot.meta["targets.json"] = targets
        self.timestamp.snapshot_meta = put("snapshot", self.snapshot)
        put("timestamp", self.timestamp, False)
        for root in self.roots:
            said[f"{root.version}.root.json"] = self.signed(root, self.root_signers[root.version])
        said.update(self.extra)
        return said

    def write(self, folder, base=None):
        documents = self.documents()
        (folder / "metadata").mkdir(parents=True, exist_ok=True)
        for name, body in documents.items():
            if base is None or base.get(name) != body or name == "timestamp.json":
                (folder / "metadata" / name).write_bytes(body)
        return documents


def cases():
    """Name, what it is, and the repository."""
    good = Repository()
    good.bundle("bundle.eau.1.index", b"one")
    yield "good", "what a device knows before; nothing is wrong with it", good
    good.documents()

    later = good.next()
    later.bundle("bundle.eau.2.index", b"two")
    later.bundle("bundle.eau.2.from.1.patch", b"one to two")
    yield "same-second", "the next publication, in the same second; nothing is wrong with it", later
    later.documents()

    case = later.next()
    yield "third", "one more; nothing is wrong with it", case

    for role in ["timestamp", "snapshot", "targets", "bundles"]:
        case = later.next()
        if role == "targets":
            case.targets.version += 1
        names = case.signers[role]
        # Their names, and another's signature.
        forged = {KEYS[name].public_key.keyid: KEYS["thief"].sign(b"anything").signature for name in names}

        def forge(body, forged=forged):
            document = json.loads(body)
            for signature in document["signatures"]:
                signature["sig"] = forged[signature["keyid"]]
            return json.dumps(document).encode()

        if role == "timestamp":
            case.spoil[role] = forge
        else:
            # Listed with the forged signature, as who holds the daily keys can.
            plain = case.signed

            def signed(document, names, plain=plain, role=role, case=case, forge=forge):
                body = plain(document, names)
                return forge(body) if names is case.signers[role] else body

            case.signed = signed
        yield f"wrong-signature-{role}", f"signatures of {role} that are not of its keys", case

    case = later.next()
    case.signers["bundles"] = ["bundles-a"]
    yield "too-few-signatures", "bundles signed by one of two", case

    case = later.next()
    key = KEYS["bundles-a"].public_key
    twin = Key.from_dict("twin", key.to_dict())
    case.targets.delegations.keys["twin"] = twin
    case.targets.delegations.roles["bundles"].keyids = [key.keyid, "twin"]
    case.targets.version += 1

    def twice(document, names, plain=case.signed, case=case, twin=twin):
        body = plain(document, ["bundles-a"] if names is case.signers["bundles"] else names)
        if names is case.signers["bundles"]:
            said = json.loads(body)
            said["signatures"].append({"keyid": "twin", "sig": said["signatures"][0]["sig"]})
            body = json.dumps(said).encode()
        return body

    case.signed = twice
    yield "one-key-two-names", "one key under two names makes up a threshold of two", case

    case = good.copy()
    yield "rolled-back", "all of an earlier publication", case

    case = later.next()
    case.snapshot.version = 1
    yield "rolled-back-snapshot", "a new timestamp that names an old snapshot", case

    case = later.next()
    case.bundles = copy.deepcopy(good.bundles)
    yield "rolled-back-bundles", "new timestamp and snapshot that list old bundles", case

    case = later.next()
    del case.snapshot.meta["bundles.json"]
    case.snapshot.unrecognized_fields["without"] = ["bundles"]
    yield "dropped-bundles", "a new snapshot that lists no bundles any more", case

    case = later.next()
    case.extra["3.snapshot.json"] = later.documents()["2.snapshot.json"]
    yield "mixed-snapshot", "the timestamp of one publication with the snapshot of another", case

    case = later.next()
    case.extra["3.bundles.json"] = later.documents()["2.bundles.json"]
    yield "mixed-bundles", "the snapshot of one publication with the bundles of another", case

    for role in ["timestamp", "snapshot", "targets", "bundles"]:
        case = later.next()
        if role == "targets":
            case.targets.version += 1
        getattr(case, role).expires = NOW - timedelta(hours=1)
        yield f"expired-{role}", f"{role} that ended an hour ago", case

    case = later.next()
    case.rotated({}, ["root-a", "root-b"])
    case.roots[-1].expires = NOW - timedelta(hours=1)
    yield "expired-root", "a root that ended an hour ago", case

    case = later.next()
    case.extra["timestamp.json"] = b" " * (16 * 1024 + 1)
    yield "endless-timestamp", "a timestamp that does not end within its limit", case

    case = later.next()
    case.extra["2.root.json"] = b" " * (32 * 1024 + 1)
    yield "endless-root", "a root that does not end within its limit", case

    case = later.next()
    case.extra["timestamp.json"] = b"[" * 2_000
    yield "deep", "a timestamp of brackets, to exhaust who reads it", case

    case = later.next()
    case.extra["timestamp.json"] = case.documents()["3.snapshot.json"]
    yield "other-type", "a snapshot where a timestamp should be", case

    case = later.next()
    case.targets.delegations.roles["bundles"].paths = ["bundle.maths.*"]
    case.targets.version += 1
    yield "out-of-scope", "bundles list what was not delegated to them", case

    case = later.next()
    thief = KEYS["thief"].public_key
    role = DelegatedRole("other", [thief.keyid], 1, True, paths=["*"])
    case.targets.delegations.keys[thief.keyid] = thief
    case.targets.delegations.roles = {"other": role, **case.targets.delegations.roles}
    case.targets.version += 1
    yield "other-role", "another role is asked before bundles, for every name", case

    for what, change in [
        ("length", lambda meta: setattr(meta, "length", meta.length + 1)),
        ("digest", lambda meta: meta.hashes.update(sha256="0" * 64)),
    ]:
        case = later.next()
        case.lists["bundles"] = change
        yield f"wrong-{what}", f"bundles of another {what} than the snapshot says", case
        case = later.next()
        case.lists["snapshot"] = change
        yield f"wrong-{what}-snapshot", f"a snapshot of another {what} than the timestamp says", case

    case = later.next()
    case.rotated({"timestamp": ["timestamp-2"], "snapshot": ["snapshot-2"]}, ["root-a", "root-b"])
    case.timestamp.version = case.snapshot.version = 1
    yield "recovered", "a root with new daily keys, whose versions begin anew; nothing is wrong with it", case

    case = later.next()
    case.rotated({}, ["root-a", "root-b"])
    case.timestamp.version = case.snapshot.version = 1
    yield "recovered-falsely", "a root with the old daily keys, whose versions begin anew", case

    case = later.next()
    case.rotated({"root": ["thief", "thief-2"], "timestamp": ["thief"]}, ["thief", "thief-2"])
    yield "stolen-root", "a root that only those it names have signed", case

    case = later.next()
    case.rotated({"root": ["root-c", "root-d"]}, ["root-a", "root-b"])
    yield "root-without-itself", "a root that those it names have not signed", case

    case = later.next()
    case.rotated({}, ["root-a", "root-b"])
    case.roots[-1].version = 3
    case.root_signers[3] = ["root-a", "root-b"]
    case.extra["2.root.json"] = case.signed(case.roots[-1], ["root-a", "root-b"])
    yield "root-skipped", "the root after next, where the next should be", case

    case = later.next()
    case.extra["2.root.json"] = case.documents()["1.root.json"]
    yield "root-again", "the first root, where the next should be", case


def main():
    home = pathlib.Path(sys.argv[1])
    shutil.rmtree(home, ignore_errors=True)
    lines, base = [], None
    for name, what, repository in cases():
        said = repository.write(home / name, base)
        base = base or said
        lines.append(f"- `{name}`: {what}.")
    head = (
        "# Metadata that attacks a device\n\n"
        "Written by `tests/foreign/hostile.py` (see there); `agent/daemon/src/publisher/tests.rs` says what a device that knows\n"
        "`same-second` makes of each, and fails when a folder is not in its table. What a folder lacks, `good` has.\n\n"
    )
    (home / "README.md").write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
