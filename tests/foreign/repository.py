"""Reads a published repository with python-tuf over HTTP, and downloads targets: a client that shares no code with us.

repository.py PUBLIC STATE TARGET... prints what came of each target: its digest, or the error's name.
"""

import functools
import hashlib
import http.server
import json
import pathlib
import sys
import threading

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def main():
    public, state, *names = sys.argv[1:]
    public, state = pathlib.Path(public), pathlib.Path(state)
    handler = functools.partial(Quiet, directory=str(public))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    (state / "metadata").mkdir(parents=True, exist_ok=True)
    (state / "targets").mkdir(exist_ok=True)
    # As a device has it from its package or its enrolment; what follows is learnt.
    root = (public / "metadata" / "1.root.json").read_bytes()
    said = {"targets": {}}
    try:
        updater = Updater(
            str(state / "metadata"), f"{base}/metadata", str(state / "targets"), f"{base}/targets", bootstrap=root
        )
        updater.refresh()
        said["root"] = updater._trusted_set.root.version
        for name in names:
            try:
                info = updater.get_targetinfo(name)
                if info is None:
                    said["targets"][name] = None
                    continue
                path = updater.download_target(info)
                said["targets"][name] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            except (DownloadError, RepositoryError) as error:
                said["targets"][name] = type(error).__name__
    except (DownloadError, RepositoryError) as error:
        said["refused"] = type(error).__name__
    print(json.dumps(said))


main()
