"""Attacks made by chance, each judged by python-tuf's own client: what it refuses, ours must refuse.

attacks.py FOLDER COUNT SEED writes FOLDER/N/{1,2,…}/metadata, what a device is shown one after another (the last is the attack, or nothing
but the next publication), and FOLDER/attacks.json: for each N what was done, and what python-tuf said of the last.
"""

import json
import pathlib
import random
import shutil
import sys
from datetime import timedelta

import hostile
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

ROLES = ["timestamp", "snapshot", "targets", "bundles"]


class Folder(FetcherInterface):
    """Documents from a folder, as a web server would give them."""

    def __init__(self, folder):
        self.folder = folder

    def _fetch(self, url):
        path = self.folder / url.removeprefix("folder:")
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        return iter([path.read_bytes()])


def publish(dice, repository):
    """An honest next publication of some kind."""
    later = repository.next()
    kind = dice.randrange(4)
    if kind == 0:
        later.targets.version += 1
    if kind == 1:
        later.rotated({"timestamp": [f"timestamp-{later.timestamp.version}"]}, later.signers["root"])
    if kind == 2:
        before = later.signers["root"]
        after = [f"root-{later.timestamp.version}-{at}" for at in range(2)]
        later.rotated({"root": after}, before + after)
    later.bundle("bundle.eau.1.index", f"contents {later.bundles.version}".encode())
    return later


def attack(dice, repository, seen):
    """Something that changes what is shown; says what."""
    case = publish(dice, repository)
    role = dice.choice(ROLES)
    document = getattr(case, role)
    kind = dice.choice(
        ["nothing", "expired", "lower", "stranger", "fewer", "old-document", "flipped", "cut", "gone", "listed", "rotated-alone"]
    )
    if kind == "expired":
        document.expires = hostile.NOW - timedelta(seconds=dice.choice([1, 3600]))
    if kind == "lower":
        document.version = max(1, document.version - dice.choice([1, 2, 3]))
    if kind == "stranger":
        case.signers[role] = ["thief"]
    if kind == "fewer":
        case.signers[role] = case.signers[role][1:]
    if kind == "rotated-alone":
        before = case.signers["root"]
        case.rotated({"root": ["thief", "thief-2"]}, dice.choice([["thief", "thief-2"], before, before[:1] + ["thief", "thief-2"]]))
    if kind == "listed":
        change = dice.choice(
            [
                lambda meta: setattr(meta, "version", meta.version + 1),
                lambda meta: setattr(meta, "length", meta.length + dice.choice([-1, 1])),
                lambda meta: meta.hashes.update(sha256="1" * 64),
            ]
        )
        case.lists[role] = change
    said = case.documents()
    name = next(name for name in said if name.endswith(f"{role}.json") and (role == "timestamp" or name[0].isdigit()))
    if kind == "old-document":
        old = [body for shown in seen for key, body in shown.items() if key.endswith(f"{role}.json")]
        said[name] = dice.choice(old)
    if kind == "flipped":
        at = dice.randrange(len(said[name]))
        said[name] = said[name][:at] + bytes([said[name][at] ^ 1 << dice.randrange(7)]) + said[name][at + 1 :]
    if kind == "cut":
        said[name] = said[name][: dice.randrange(len(said[name]))]
    if kind == "gone":
        del said[name]
    return f"{kind} {role}", said


def judged(folder, state, root):
    """What python-tuf's client says of a folder, which it is shown after those before."""
    updater = Updater(
        str(state / "metadata"), "folder:metadata", str(state / "targets"), "folder:targets", Folder(folder), bootstrap=root
    )
    updater._trusted_set.reference_time = hostile.NOW
    try:
        updater.refresh()
        info = updater.get_targetinfo("bundle.eau.1.index")
        return info and info.hashes["sha256"]
    except (DownloadError, RepositoryError, ValueError, KeyError) as error:
        return type(error).__name__


def main():
    home, count, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    results = []
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        repository = hostile.Repository()
        repository.bundle("bundle.eau.1.index", b"contents 1")
        place = home / str(number)
        state = home / f"{number}.state"
        for name in ["metadata", "targets"]:
            (state / name).mkdir(parents=True)
        seen, root = [], None
        steps = dice.randrange(1, 4)
        for step in range(1, steps + 1):
            said = repository.documents()
            root = root or said["1.root.json"]
            seen.append(said)
            folder = place / str(step)
            (folder / "metadata").mkdir(parents=True)
            for name, body in said.items():
                (folder / "metadata" / name).write_bytes(body)
            assert len(judged(folder, state, root)) == 64
            if step < steps:
                repository = publish(dice, repository)
        what, said = attack(dice, repository, seen)
        folder = place / str(steps + 1)
        (folder / "metadata").mkdir(parents=True)
        for name, body in said.items():
            (folder / "metadata" / name).write_bytes(body)
        results.append({"what": what, "steps": steps + 1, "python": judged(folder, state, root)})
        shutil.rmtree(state)
    (home / "attacks.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
