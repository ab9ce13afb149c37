"""The demonstration's server: /healthz is well, /slow never answers, all else is not there.

Prints its port when it listens. Ends with its standard input, so that it cannot outlive the demonstration.
"""

import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            self.rfile.read()  # until the client goes
        elif self.path == "/healthz":
            self.answer(200, b'{"status":"UP"}\n')
        else:
            self.answer(404, b"no such page\n")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
