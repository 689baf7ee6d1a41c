"""An edge node of RFC 4208 that is no program of ours: RSVP by hand, a message at a time, at the end of a fibre.

Messages are lists of (class, C-Type, body). What leaves is signed (RFC 2747) and has its checksum; what arrives
is not checked here, for tshark and tcpdump do that with the captures.
"""
import hashlib
import hmac
import ipaddress
import itertools
import pathlib
import select
import socket
import struct
import time

from wire import traffic

VECTORS = pathlib.Path(__file__).resolve().parents[4] / "tests/vectors/rsvp"
PATH, RESV, PATH_ERR, PATH_TEAR, ACK, NOTIFY = 1, 2, 3, 5, 13, 21
SESSION, HOP, INTEGRITY, TIME_VALUES, ERROR_SPEC, STYLE, FLOWSPEC = 1, 3, 4, 5, 6, 8, 9
FILTER_SPEC, TEMPLATE, TSPEC, LABEL, LABEL_REQUEST, ERO = 10, 11, 12, 16, 19, 20
MESSAGE_ID, MESSAGE_ID_ACK, UPSTREAM_LABEL, LABEL_SET, ADMIN_STATUS, NAME = 23, 24, 35, 36, 196, 207
REFLECT, CALL, DELETE = 0x80000000, 0x08, 0x01  # of ADMIN_STATUS
VC4 = struct.pack("!BBHHHII", 6, 0, 0, 0, 1, 0, 0)
NOTHING = bytes(16)  # the traffic of a call


def packed(address):
    return ipaddress.IPv4Address(address).packed


def golden(name="golden"):
    """The messages of a file of vectors: {number: octets}."""
    rows = (row.split() for row in (VECTORS / f"{name}.hex").read_text().splitlines() if row and row[0] != "#")
    return {row[0]: bytes.fromhex(row[-1]) for row in rows}


def objects(message):
    """Of a message (without its IP header)."""
    found, at = [], 8
    while at + 4 <= len(message):
        length, number, kind = struct.unpack_from("!HBB", message, at)
        if length < 4:
            break
        found.append((number, kind, message[at + 4:at + length]))
        at += length
    return found


def find(message, number):
    """The body of the first object of a class; None: there is none."""
    return next((body for cls, _, body in objects(message) if cls == number), None)


def octets_of(content):
    return b"".join(struct.pack("!HBB", 4 + len(body), number, kind) + body for number, kind, body in content)


def error_of(message):
    """ "32/4" """
    body = find(message, ERROR_SPEC)
    return f"{body[5]}/{struct.unpack_from('!H', body, 6)[0]}"


def hop(address, interface):
    """IF_ID RSVP_HOP of an unnumbered link."""
    return HOP, 3, packed(address) + bytes(4) + struct.pack("!HH4sI", 3, 12, packed(address), interface)


def name(text):
    octets = text.encode()
    return NAME, 7, bytes((7, 7, 2, len(octets))) + octets.ljust((len(octets) + 3) // 4 * 4, b"\0")


def labels(number, *slots):
    return number, 2, struct.pack(f"!{len(slots)}I", *map(traffic.slot, slots))


class Edge:
    """Node `address` at one end of a fibre; `neighbor` is at the other. Its socket lives in the namespace of users."""

    keys = itertools.count(time.time_ns())  # sequence numbers rise over restarts too (RFC 2747 section 3.2)
    numbers = itertools.count(1)

    def __init__(self, lab, user, secret):
        self.lab, self.user, self.secret = lab, user, secret
        self.node, self.neighbor, self.interface = lab.edge_of(user)
        self.epoch = int(time.time()) & 0xFFFFFF
        self.waiting = []

        def make():
            ear = traffic.Capture.ear()
            ear.bind((user, traffic.IPV4))
            return ear

        self.socket = lab.inside("users", make)

    def close(self):
        self.socket.close()

    # ---- Out ---------------------------------------------------------------------------------

    def sealed(self, kind, body, sign=True):
        """A message around its objects, as octets."""
        content = body if isinstance(body, bytes) else octets_of(body)
        if sign:
            content = struct.pack("!HBBBB6sQ16x", 36, INTEGRITY, 1, 0, 0, (1).to_bytes(6, "big"), next(self.keys)) + content
        message = bytearray(struct.pack("!BBHBBH", 0x10, kind, 0, 255, 0, 8 + len(content)) + content)
        if sign:
            message[28:44] = hmac.new(self.secret, message, hashlib.md5).digest()
        return message

    def send(self, message):
        """To the neighbour, with the checksums that it needs."""
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(message), 0, 0, 255, traffic.RSVP, 0, packed(self.node),
                           packed(self.neighbor))
        packet = bytearray(head) + message
        packet[10:12] = traffic.internet_checksum(packet[:20])
        if len(message) >= 4:
            packet[22:24] = bytes(2)
            packet[22:24] = traffic.internet_checksum(packet[20:])
        self.raw(packet)

    def raw(self, packet):
        self.socket.sendto(bytes(packet), (self.user, traffic.IPV4, 0, 0, b"\xff" * 6))

    def say(self, kind, content):
        self.send(self.sealed(kind, content))

    # ---- In ----------------------------------------------------------------------------------

    def receive(self, wait):
        """The next message that is not Hello, Ack or refresh of the transport; acknowledged, if that is asked for."""
        end = time.monotonic() + wait
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            packet, where = self.socket.recvfrom(65536)
            if where[2] == 4:  # PACKET_OUTGOING: our own
                continue
            message = packet[(packet[0] & 15) * 4:]
            wanted = find(message, MESSAGE_ID)
            if wanted and wanted[0] & 1:
                self.say(ACK, [(MESSAGE_ID_ACK, 1, b"\0" + wanted[1:])])
            if message[1] in (PATH, RESV, PATH_ERR, PATH_TEAR, NOTIFY):
                return message
        return None

    def expect(self, what, kind, good=lambda message: True, wait=8):
        """The first such message from now on; others are thrown away."""
        end = time.monotonic() + wait
        while time.monotonic() < end:
            message = self.receive(end - time.monotonic())
            if message and message[1] == kind and good(message):
                self.lab.say(what)
                return message
        self.lab.expect(False, what, f"no such message within {wait} s")
        return None

    # ---- Messages ----------------------------------------------------------------------------

    def session(self, end_point, tunnel, call=0):
        return SESSION, 7, packed(end_point) + struct.pack("!HH", call, tunnel) + packed(self.node)

    def template(self, lsp=1):
        return TEMPLATE, 7, packed(self.node) + struct.pack("!HH", 0, lsp)

    def path(self, end_point, tunnel, slot, call=0, route=None, text="the user's own name"):
        """A conventional Path, if there is no call: nothing of a class that RFC 3473 does not know."""
        content = [self.session(end_point, tunnel, call), hop(self.node, self.interface),
                   (TIME_VALUES, 1, struct.pack("!I", 30000))]
        if route:
            content.append((ERO, 1, route))
        content += [(LABEL_REQUEST, 4, struct.pack("!BBH", 5, 100, 34)),
                    (LABEL_SET, 1, struct.pack("!BBH", 0, 0, 2) + struct.pack("!I", traffic.slot(slot))), name(text),
                    self.template(), (TSPEC, 4, VC4), labels(UPSTREAM_LABEL, slot)]
        self.say(PATH, content)

    def tear(self, end_point, tunnel, call=0):
        self.say(PATH_TEAR, [self.session(end_point, tunnel, call), hop(self.node, self.interface), self.template(),
                             (TSPEC, 4, VC4)])

    def answer(self, path, slot):
        """A Resv to a Path that came, with this label."""
        sender = find(path, TEMPLATE)
        there = find(path, HOP)
        self.say(RESV, [(SESSION, 7, find(path, SESSION)), (HOP, 3, packed(self.node) + there[4:]),
                        (TIME_VALUES, 1, struct.pack("!I", 30000)), (STYLE, 1, struct.pack("!I", 0x0A)),
                        (FLOWSPEC, 4, find(path, TSPEC)), (FILTER_SPEC, 7, sender), labels(LABEL, slot)])

    def call(self, end_point, number, text, status=REFLECT | CALL):
        """A request about a call (RFC 4974): without DELETE to set it up."""
        self.say(NOTIFY, [(MESSAGE_ID, 1, struct.pack("!II", 1 << 24 | self.epoch, next(self.numbers))),
                          (ERROR_SPEC, 1, packed(self.node) + bytes(4)), self.session(end_point, 0, number),
                          (ADMIN_STATUS, 1, struct.pack("!I", status)), name(text), self.template(0),
                          (TSPEC, 4, NOTHING)])

    def answered(self, what, text, error="0/0", wait=8):
        """The answer about the call of this name."""
        return self.expect(what, NOTIFY, lambda message: text.encode() in find(message, NAME)
                           and not struct.unpack("!I", find(message, ADMIN_STATUS))[0] & REFLECT
                           and error_of(message) == error, wait)
