"""A hub of one repository on this machine, which answers as it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/splade-tiny"


@contextmanager
def tiny_hub(files: Mapping[str, bytes], *, silent: str = "", error: tuple[int, str] | None = None, body: str = ""):
    """Yield its address and what it was asked for.

    silent: requests whose path has this part are never answered. error: status and X-Error-Code of every answer. body:
    the only answer, as HTML.
    """
    asked: list[str] = []
    over = threading.Event()

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(f"{self.command} {self.path}")
            if silent and silent in f"{self.command} {self.path}":
                over.wait()
                return
            status, code = error or (200, "")
            if error or body:
                self.answer(status, body.encode(), "text/html", {"X-Error-Code": code})
            else:
                self.answer_truly()

        do_HEAD = do_GET

        def answer_truly(self):
            name = self.path.split("?")[0].rpartition(f"/resolve/{COMMIT}/")[2]
            if "/tree/" in self.path:
                sizes = [
                    {"type": "file", "path": path, "size": len(data), "oid": "0" * 40} for path, data in files.items()
                ]
                self.answer(200, json.dumps(sizes).encode(), "application/json", {})
            elif "/api/" in self.path:
                facts = {"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]}
                self.answer(200, json.dumps(facts).encode(), "application/json", {})
            elif name in files:
                tag = {"ETag": f'"{hashlib.sha1(files[name]).hexdigest()}"', "X-Repo-Commit": COMMIT}
                self.answer(200, files[name], "application/octet-stream", tag)
            else:
                self.answer(404, b"", "text/plain", {"X-Error-Code": "EntryNotFound"})

        def answer(self, status, data, kind, headers):
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()
