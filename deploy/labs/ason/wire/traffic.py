"""What passes the network: test frames from user to user, counted; and the RSVP packets, captured.

A test frame (fe/dataplane/optical/frame.hpp) is EtherType 0x88b5, label u32, kind u8, hops u8, length u16, payload.
"""
import ctypes
import itertools
import select
import socket
import struct
import threading
import time

FRAME, IPV4, RSVP = 0x88B5, 0x0800, 46
HEAD = struct.Struct("!IBBH")
MARK = struct.Struct("!IQ")  # stream, sequence number
SOL_PACKET, PACKET_IGNORE_OUTGOING, SO_ATTACH_FILTER, SO_RCVBUFFORCE = 263, 23, 26, 33
LINKTYPE_RAW = 101


def slot(number):
    """The label of a VC-4 (RFC 4606 section 3)."""
    return number << 16


def internet_checksum(octets):
    """Two octets, to be put where there are two of 0 (RFC 1071)."""
    octets = bytes(octets) + bytes(len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def with_checksum(packet):
    """An IP packet (of 20 octets of header) whose RSVP checksum is right."""
    packet[22:24] = bytes(2)
    packet[22:24] = internet_checksum(packet[20:])
    return packet


class User:
    """The end of a fibre at which somebody sends and receives; `interface` is in this thread's namespace."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(FRAME))
        self.socket.bind((interface, FRAME))
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.to = (interface, FRAME, 0, 0, b"\xff" * 6)

    def send(self, label, payload):
        self.socket.sendto(HEAD.pack(label, 0, 0, len(payload)) + payload, self.to)

    def receive(self):
        """(label, hops, payload) of a traffic frame; None: it is something else."""
        octets = self.socket.recv(65536)
        label, kind, hops, length = HEAD.unpack_from(octets)
        return (label, hops, octets[HEAD.size:HEAD.size + length]) if kind == 0 else None


class Exchange:
    """Sends frames of streams both ways, all the time, and counts what arrives: one thread for all users."""

    PERIOD = 0.005  # between two frames of a direction

    def __init__(self, users):
        self.users = users  # name: User
        self.lock = threading.Lock()
        self.flows = {}  # number: Flow
        self.numbers = itertools.count(1)
        self.strange = 0  # frames that arrived where they should not
        self.over = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    class Flow:
        def __init__(self, end, label, far_end, far_label):
            self.ends = (end, label, far_end, far_label)
            self.sent = self.received = self.hops = 0
            self.missing = set()  # sequence numbers on their way, or lost
            self.sending = True

    def start(self, end, label, far_end, far_label):
        """Frames from a user's label to another's, until stop()."""
        with self.lock:
            number = next(self.numbers)
            self.flows[number] = self.Flow(end, label, far_end, far_label)
        return number

    def stop(self, number):
        """The flow, once all has arrived or a second has passed."""
        with self.lock:
            flow = self.flows[number]
            flow.sending = False
        end = time.monotonic() + 1
        while flow.missing and time.monotonic() < end:
            time.sleep(0.01)
        with self.lock:
            del self.flows[number]
        return flow

    def count(self, number):
        with self.lock:
            flow = self.flows[number]
            return flow.sent, flow.received

    def lost(self, number):
        """How many frames, of those sent until now, have not arrived a second later."""
        with self.lock:
            flow = self.flows[number]
            until = flow.sent
        end = time.monotonic() + 1
        while True:
            with self.lock:
                missing = sum(sequence < until for sequence in flow.missing)
            if missing == 0 or time.monotonic() > end:
                return missing
            time.sleep(0.01)

    def close(self):
        self.over = True
        self.thread.join()

    def work(self):
        by_socket = {user.socket.fileno(): (name, user) for name, user in self.users.items()}
        due = time.monotonic()
        while not self.over:
            ready, _, _ = select.select(list(by_socket), [], [], max(0, due - time.monotonic()))
            for fd in ready:
                name, user = by_socket[fd]
                frame = user.receive()
                if frame:
                    self.arrived(name, frame)
            if time.monotonic() >= due:
                due = max(due + self.PERIOD, time.monotonic())
                self.send_all()

    def send_all(self):
        with self.lock:
            for number, flow in self.flows.items():
                if not flow.sending:
                    continue
                flow.missing.add(flow.sent)
                self.users[flow.ends[0]].send(flow.ends[1], MARK.pack(number, flow.sent))
                flow.sent += 1

    def arrived(self, name, frame):
        label, hops, payload = frame
        number, sequence = MARK.unpack_from(payload)
        with self.lock:
            flow = self.flows.get(number)
            if flow is None:
                return  # of a flow that is over
            if flow.ends[2:] != (name, label) or sequence not in flow.missing:
                self.strange += 1
                return
            flow.missing.discard(sequence)
            flow.received += 1
            flow.hops = hops


class Capture:
    """IPv4 packets of protocol 46 where they arrive, each once; a file for each scenario, LINKTYPE_RAW."""

    @staticmethod
    def ear():
        """A socket that hears all interfaces of this thread's namespace."""
        code = [(0x28, 0, 0, 0xFFFFF000),  # ldh proto
                (0x15, 0, 3, IPV4), (0x30, 0, 0, 9), (0x15, 0, 1, RSVP), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)]
        program = b"".join(struct.pack("HBBI", *line) for line in code)
        room = ctypes.create_string_buffer(program)
        # By its protocol: packets that leave are not heard.
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
        ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code), ctypes.addressof(room)))
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        while select.select([ear], [], [], 0)[0]:
            ear.recv(65536)  # of before the filter
        return ear

    def __init__(self, ears, folder):
        self.ears, self.folder = ears, folder
        self.lock = threading.Lock()
        self.file = None
        self.packets = []  # of this scenario
        self.over = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def switch(self, name):
        """What comes from now on goes to NAME.pcap; None: nowhere."""
        with self.lock:
            if self.file:
                self.file.close()
            self.file, self.packets = None, []
            if name:
                self.file = open(self.folder / f"{name}.pcap", "wb")
                self.file.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))

    def close(self):
        self.switch(None)
        self.over = True
        self.thread.join()

    def work(self):
        while not self.over:
            ready, _, _ = select.select(self.ears, [], [], 0.2)
            for ear in ready:
                packet = ear.recv(65536)
                now = time.time()
                with self.lock:
                    if self.file:
                        self.packets.append(packet)
                        self.file.write(struct.pack("!IIII", int(now), int(now % 1 * 1e6), len(packet),
                                                    len(packet)) + packet)
