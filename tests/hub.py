"""As much of a model hub as from_pretrained asks for, on the loopback: one repository, someone/tiny."""

import hashlib
import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

NAME = "someone/tiny"


@contextmanager
def hub(folder: Path, cache: Path):
    """Serves a folder; gives the environment in which the hub's library finds it and keeps its files in `cache`."""

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body: bool):
            place = self.path.split("?")[0]
            file = folder / place.rpartition("/")[2]
            if not place.startswith(f"/{NAME}/resolve/") or not file.is_file():
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound" if NAME in place else "RepoNotFound")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            data = file.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(cache),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
    finally:
        server.shutdown()
        server.server_close()
