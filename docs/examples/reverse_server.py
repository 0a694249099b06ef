"""A server of your own, in Python, that revecho-stress can check: it reverses lines. usage: reverse_server.py PORT"""
import socketserver
import sys


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.removesuffix(b"\n")[::-1] + b"\n")


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Connection) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
