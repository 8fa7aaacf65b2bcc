"""A stand-in for Motion on a host of `make test-fleet`: the old client's page for every path.

Invariant: it answers on the loopback only, and `/health` says that the database is away.
"""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Motion(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        page = b"database: away\n" if self.path == "/health" else b"<!doctype html><title>Motion</title>\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(page)

    do_HEAD = do_GET

    def log_message(self, *_words):
        pass


HTTPServer(("127.0.0.1", 9000), Motion).serve_forever()
