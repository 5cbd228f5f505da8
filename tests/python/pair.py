"""A peer of cconn written from docs/PROTOCOL.md alone, to show that the page suffices.

    pair.py HOST PORT

greets the server that listens there, calls its commands, serves `double` to it, and parts from it
in the two steps of section 9. Exits with 0 only if every answer and the orderly end were right.
It knows nothing of the Rust sources; where the two differ, the page decides.
"""

import contextlib
import socket
import struct
import sys

from valeurs import BadValue, Body, encode

MAGIC = b"cconn\r\n\0"
ONE_WAY, CALL, ANSWER, USER_ERROR, FAILURE, CANCEL, GRANT, RETRAIT, ADIEU = 1, 2, 3, 4, 5, 6, 7, 11, 12
UNKNOWN_COMMAND, BAD_ARGUMENTS = 1, 3
ORDERLY, PROTOCOL, TOO_LARGE, WINDOW = 1, 5, 6, 7
# The smallest that section 3 allows, so that a few dozen calls cannot do without our grants.
MAX_FRAME = 1024
MY_WINDOW = 2 * (MAX_FRAME + 64)


class Wrong(Exception):
    """The other side, or this program, does not do what the page says."""

    def __init__(self, text, reason=PROTOCOL):
        super().__init__(text)
        self.reason = reason


def hash_of(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


class Peer:
    """One connection: sections 3, 4, 5, 8 and 9, from the client's side."""

    def __init__(self, host, port, served):
        self.stream = socket.create_connection((host, port), timeout=5)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.served = {hash_of(name): command for name, command in served.items()}
        self.last_id, self.outcomes, self.failed_one_ways = 0, {}, []
        self.used = self.owed = self.held = self.grants_sent = 0
        self.their_retrait = self.their_adieu = self.my_retrait = False
        self.greet()

    def greet(self):
        rest = struct.pack("<BBBBIQH", 0, 1, 0, 0, MAX_FRAME, MY_WINDOW, 0)
        self.stream.sendall(MAGIC + struct.pack("<HH", 1, len(rest)) + rest)
        magic, version, length = struct.unpack("<8sHH", self.take(12))
        if magic != MAGIC or length > 4084 or version != 1:
            raise Wrong(f"greeted with {magic!r}, version {version}, length {length}")
        rest = self.take(length)
        role, codec, refusal, _, self.max_frame, self.window, count = struct.unpack_from("<BBBBIQH", rest)
        text = rest[18:18 + count].decode()
        if (role, codec) != (1, 1) or len(rest) < 18 + count or refusal > 7:
            raise Wrong(f"greeted as role {role}, codec {codec}, refusal {refusal}")
        if self.max_frame < 1024 or self.window < 2 * (self.max_frame + 64):
            raise Wrong(f"frame limit {self.max_frame}, window {self.window}")
        if refusal:
            raise Wrong(f"refused, {refusal}: {text}")

    def take(self, count):
        raw = b""
        while len(raw) < count:
            more = self.stream.recv(count - len(raw))
            if not more:
                raise Wrong(f"the stream ended, {count - len(raw)} bytes short")
            raw += more
        return raw

    def send(self, kind, form="", *fields, body=b""):
        frame = struct.pack("<B" + form, kind, *fields) + body
        if len(frame) > self.max_frame:
            raise Wrong(f"a frame of {len(frame)} bytes is too long to send")
        self.stream.sendall(struct.pack("<I", len(frame)) + frame)

    def send_command(self, name, body, *, call):
        charge = len(body) + 64
        while self.used + charge > self.window:
            self.read_one()
        self.used += charge
        if not call:
            return self.send(ONE_WAY, "BQI", 0, hash_of(name), 0, body=body)
        self.last_id += 1
        self.outcomes[self.last_id] = None
        self.send(CALL, "BQQI", 0, self.last_id, hash_of(name), 0, body=body)
        while self.outcomes[self.last_id] is None:
            self.read_one()
        return self.outcomes.pop(self.last_id)

    def call(self, name, kinds, values, answer):
        kind, rest = self.send_command(name, encode(("tuple", *kinds), values), call=True)
        if kind != ANSWER:
            raise Wrong(f"{name} ended with kind {kind}: {rest}")
        return Body(rest).arguments(answer)[0]

    def failing_call(self, name, body):
        kind, rest = self.send_command(name, body, call=True)
        if kind != FAILURE or rest[0] != hash_of(name):
            raise Wrong(f"{name} ended with kind {kind}: {rest}")
        return rest[1]

    def read_one(self):
        length = struct.unpack("<I", self.take(4))[0]
        if not 1 <= length <= MAX_FRAME:
            raise Wrong(f"a frame of {length} bytes", TOO_LARGE if length else PROTOCOL)
        frame = self.take(length)
        kind, fields = frame[0], frame[1:]
        try:
            self.handle(kind, fields)
        except (struct.error, UnicodeDecodeError) as cause:
            raise Wrong(f"kind {kind}: {fields.hex()}: {cause}") from cause

    def handle(self, kind, fields):
        if kind in (ONE_WAY, CALL):
            head = "<BQI" if kind == ONE_WAY else "<BQQI"
            _, *ident, command, _ = struct.unpack_from(head, fields)
            self.serve(ident[0] if ident else 0, command, fields[struct.calcsize(head):], kind)
        elif kind in (ANSWER, USER_ERROR):
            self.settle(struct.unpack_from("<Q", fields)[0], (kind, fields[8:]))
        elif kind == FAILURE:
            ident, command, code = struct.unpack_from("<QQH", fields)
            if not 1 <= code <= 10:
                raise Wrong(f"failure code {code}")
            outcome = (command, code, fields[18:].decode())
            self.settle(ident, (kind, outcome)) if ident else self.failed_one_ways.append(outcome)
        elif kind == CANCEL:
            struct.unpack("<Q", fields)  # Each call was answered at once: the id is unknown by now.
        elif kind == GRANT:
            class_, count = struct.unpack("<BQ", fields)
            self.used -= 0 if class_ else count
            if self.used < 0:
                raise Wrong(f"granted {count}, more than was used", WINDOW)
        elif kind == RETRAIT and not fields and not self.their_retrait:
            self.their_retrait = True
            self.retire()
        elif kind == ADIEU:
            reason, text = struct.unpack_from("<H", fields)[0], fields[2:].decode()
            if reason != ORDERLY or not self.their_retrait or self.their_adieu:
                raise Wrong(f"adieu, {reason}: {text}", None if reason != ORDERLY else PROTOCOL)
            self.their_adieu = True
        else:
            raise Wrong(f"kind {kind} of {len(fields) + 1} bytes")

    def serve(self, ident, command, body, kind):
        charge = len(body) + 64
        self.held += charge
        if self.held > MY_WINDOW:
            raise Wrong(f"{self.held} bytes of commands in a window of {MY_WINDOW}", WINDOW)
        self.owed += charge
        if 2 * self.owed >= MY_WINDOW:
            self.send(GRANT, "BQ", 0, self.owed)
            self.held -= self.owed
            self.owed, self.grants_sent = 0, self.grants_sent + 1
        try:
            answer = self.served[command](Body(body))
        except (KeyError, BadValue) as cause:
            code = UNKNOWN_COMMAND if isinstance(cause, KeyError) else BAD_ARGUMENTS
            return self.send(FAILURE, "QQH", ident, command, code, body=str(cause).encode())
        if kind == CALL:
            self.send(ANSWER, "Q", ident, body=answer)

    def settle(self, ident, outcome):
        if not 1 <= ident <= self.last_id:
            raise Wrong(f"an outcome of call {ident}, which was never made")
        if ident in self.outcomes:
            self.outcomes[ident] = outcome

    def retire(self):
        if not self.my_retrait:
            self.my_retrait = True
            self.send(RETRAIT)

    def part(self):
        self.retire()
        while not self.their_retrait:
            self.read_one()
        self.send(ADIEU, "H", ORDERLY)
        while not self.their_adieu:
            self.read_one()
        self.stream.shutdown(socket.SHUT_WR)
        if after := self.stream.recv(1):
            raise Wrong(f"after the adieu came {after.hex()}")
        self.stream.close()


def double(body):
    return encode("i64", 2 * body.arguments("i64")[0])


def session(host, port):
    peer = Peer(host, port, {"double": double})
    try:
        assert peer.call("somme", ("i64", "i64"), (12, 34), "i64") == 46
        for n in (0, 1, -1, 125, -126, 40_000, -(1 << 40), *range(100, 160)):
            assert peer.call("rappelle", ("i64",), (n,), "i64") == 2 * n, n
        assert peer.grants_sent > 0, "the calls back were too few to need a grant"
        assert peer.failing_call("inconnue", b"") == UNKNOWN_COMMAND
        assert peer.failing_call("somme", encode(("tuple", "i64", "i64", "u8"), (1, 2, 3))) == BAD_ARGUMENTS
        peer.send_command("note", encode("text", "à bientôt"), call=False)
        peer.part()
        assert not peer.failed_one_ways, peer.failed_one_ways
    except Wrong as wrong:
        # An abrupt end; the server may be gone already, which changes nothing.
        if wrong.reason is not None:
            with contextlib.suppress(OSError):
                peer.send(ADIEU, "H", wrong.reason, body=str(wrong).encode()[:900])
        raise


if __name__ == "__main__":
    session(sys.argv[1], int(sys.argv[2]))
    print("pair: every answer and the orderly end were right")
