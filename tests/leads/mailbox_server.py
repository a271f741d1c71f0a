"""A small IMAP server on this machine: one folder, the commands that reading it takes, nothing that changes it."""

import base64
import re
import socketserver
import threading
from contextlib import contextmanager


class Mailbox:
    """`mails`: {number: bytes}. `tokens`: what XOAUTH2 accepts; `asked`: every command that came."""

    def __init__(self):
        self.mails: dict[int, bytes] = {}
        self.validity, self.password, self.tokens = 1, "let-me-in", set()
        self.asked: list[str] = []


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.box = self.server.box
        self.say("* OK ready")
        while line := self.rfile.readline():
            tag, command, rest = (*line.decode().strip().split(" ", 2), "")[:3]
            self.box.asked.append(f"{command} {rest}".strip())
            if command == "UID":
                command, rest = (*rest.split(" ", 1), "")[:2]
            answer = getattr(self, command.lower(), None)
            self.say(f"{tag} {answer(rest) if answer else 'BAD what?'}")
            if command == "LOGOUT":
                return

    def say(self, words):
        self.wfile.write(words.encode() + b"\r\n")

    def capability(self, _rest):
        self.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
        return "OK done"

    def login(self, rest):
        return "OK done" if rest.endswith(f'"{self.box.password}"') else "NO [AUTHENTICATIONFAILED] Invalid credentials"

    def authenticate(self, _rest):
        self.say("+ ")
        words = base64.b64decode(self.rfile.readline()).decode()
        found = re.fullmatch(r"user=(.+)\x01auth=Bearer (.+)\x01\x01", words)
        if found and found[2] in self.box.tokens:
            return "OK done"
        self.say("+ " + base64.b64encode(b'{"status":"400"}').decode())
        assert base64.b64decode(self.rfile.readline()) == b""
        return "NO AUTHENTICATE failed"

    def examine(self, _rest):
        self.say(f"* {len(self.box.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.box.validity}] valid")
        return "OK [READ-ONLY] done"

    def search(self, rest):
        first = int(found[1]) if (found := re.match(r"UID (\d+):", rest)) else 1
        numbers = [number for number in self.box.mails if number >= first] or [*self.box.mails][-1:]
        self.say(f"* SEARCH {' '.join(map(str, numbers))}".rstrip())
        return "OK done"

    def fetch(self, rest):
        number, what = rest.split(" ", 1)
        mail = self.box.mails.get(int(number))
        if mail is not None and "SIZE" in what:
            self.say(f"* 1 FETCH (UID {number} RFC822.SIZE {len(mail)})")
        elif mail is not None:
            self.wfile.write(b"* 1 FETCH (UID %s BODY[] {%d}\r\n%s)\r\n" % (number.encode(), len(mail), mail))
        return "OK done"

    def logout(self, _rest):
        self.say("* BYE")
        return "OK done"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextmanager
def mailbox_server(settings):
    """The mailbox of our settings is there while the block runs."""
    with Server(("127.0.0.1", 0), Talk) as server:
        server.box = Mailbox()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.IMAP_HOST, settings.IMAP_PORT, settings.IMAP_TLS = "127.0.0.1", server.server_address[1], False
        settings.IMAP_USER, settings.IMAP_PASSWORD, settings.IMAP_FOLDER = "crm@x.example", "let-me-in", "INBOX"
        settings.IMAP_TOKEN_URL = ""
        try:
            yield server.box
        finally:
            server.shutdown()
