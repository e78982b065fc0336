"""Writes tests/data/bundles: indexes of bundles, each with one thing that no device may take, as its publisher's thief would sign them.

hostile_bundles.py FOLDER   (nothing but Python; run once, what it writes is kept in the repository)

The format is in docs/decisions/0021-bundles.md. It has no form for a link, a device or a mode: what is left to attack with is a path,
a number and a digest.
"""

import json
import pathlib
import sys

CUTS = (16_384, 65_536, 262_144)
# BLAKE3 of "abc", the contents of every file.
ABC = bytes.fromhex("6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")
MANIFEST = {
    "name": "eau",
    "version": "1",
    "title": "L'eau",
    "description": "Des séances",
    "language": "fr",
    "levels": [],
    "subjects": [],
    "licence": "CC-BY-SA-4.0",
    "publisher": "Atelier des exemples",
    "systems": [],
    "architectures": [],
    "measures": [],
}


def number(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def manifest(**changes):
    return json.dumps(MANIFEST | changes, ensure_ascii=False, separators=(",", ":")).encode()


def index(files=(("page.html", 3),), chunks=None, about=None, count=None, chunk_count=None, magic=b"cartable-bundle 1\n", end=b""):
    about = manifest() if about is None else about
    chunks = [3] * len(files) if chunks is None else chunks
    out = magic + number(len(about)) + about
    for cut in CUTS:
        out += number(cut)
    out += number(len(files) if count is None else count)
    for path, size in files:
        path = path.encode()
        # Shares nothing with the path before: one writing among several that say the same.
        out += number(0) + number(len(path)) + path + number(size) + ABC
    out += number(len(chunks) if chunk_count is None else chunk_count)
    for length in chunks:
        out += number(length) + ABC
    return out + end


def one(path):
    return index(files=((path, 3),))


CASES = {
    "good": ("nothing is wrong with it", index()),
    "path-above": ("a file above the bundle's folder", one("../page.html")),
    "path-above-within": ("a file above, by way of a folder", one("pages/../../page.html")),
    "path-absolute": ("a file from the root on", one("/etc/cron.d/page")),
    "path-backslash": ("a file above, as Windows writes it", one("..\\page.html")),
    "path-drive": ("a file on a drive of Windows", one("C:/page.html")),
    "path-stream": ("a second stream of a file of Windows", one("page.html:zone")),
    "path-device": ("the name of a device of Windows", one("nul.html")),
    "path-here": ("a part that is the folder itself", one("./page.html")),
    "path-empty": ("a file without a name", one("")),
    "path-control": ("a sign that cannot be printed", one("page\u001b[2J.html")),
    "path-end": ("a name that Windows shortens", one("page.html.")),
    "path-long": ("a path that is too long", one("p" * 181)),
    "path-deep": ("more folders than there may be", one("p/" * 24 + "p")),
    "file-below-a-file": ("a file that is a folder, too", index(files=(("page", 3), ("page/below", 3)))),
    "names-alike": ("two names that are one on Windows", index(files=(("PAGE", 3), ("page", 3)))),
    "twice": ("one path twice", index(files=(("page.html", 3), ("page.html", 3)))),
    "ten-million-files": ("says that it has ten million files", index(count=10_000_000)),
    "endless-chunks": ("says that it has more chunks than there are numbers for", index(chunk_count=1 << 60)),
    "endless-file": ("a file larger than any disk", index(files=(("page.html", 1 << 62),), chunks=[3])),
    "chunk-too-large": ("a chunk larger than chunks are", index(files=(("page.html", 1 << 30),), chunks=[1 << 30])),
    "chunk-of-nothing": ("a chunk without bytes", index(chunks=[3, 0])),
    "chunks-too-few": ("chunks that do not make up the files", index(files=(("page.html", 6),), chunks=[3])),
    "manifest-endless": ("a manifest that is longer than the whole", index(about=b"{")[:18] + number(1 << 40)),
    "manifest-none": ("a manifest that is none", index(about=b"[]")),
    "another-format": ("a later format", index(magic=b"cartable-bundle 2\n")),
    "bytes-after": ("bytes after its end", index(end=b"\0")),
    "another-bundle": ("the index of another bundle", index(about=manifest(name="feu"))),
    "another-version": ("the index of another version", index(about=manifest(version="2"))),
}


def main(folder):
    lines = []
    for name, (what, data) in CASES.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "index").write_bytes(data)
        lines.append(f"- `{name}`: {what}.")
    readme = (
        "# Bundles that attack a device\n\n"
        "Indexes as a thief of a publisher's keys would sign them, written by `tests/foreign/hostile_bundles.py`;\n"
        "`agent/daemon/src/resources/tests/hostile.rs` says what a device makes of each, and fails when a folder is not in its table. The format\n"
        "has no form for a link, a device or a mode. What is too large to keep (ten million real entries, a chunk that unpacks to a gigabyte) is\n"
        "made by the test.\n\n"
    )
    (folder / "README.md").write_text(readme + "\n".join(lines) + "\n")


main(pathlib.Path(sys.argv[1]))
