"""Streams of UDP datagrams to groups, sent and received by hosts: each datagram is numbered, and at each receiver
every number is expected once."""
import ipaddress
import select
import socket
import struct
import threading
import time

PORT = 5000
MARK = struct.Struct("!IQ")  # stream, number of the datagram


def is_six(group):
    return ipaddress.ip_address(group).version == 6


def sender():
    """Sockets of both families that send from the interface "eth" of this thread's namespace."""
    index = socket.if_nametoindex("eth")
    four, six = (socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6))
    four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index))
    four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 8)
    return four, six


def member(group):
    """A socket that joins at "eth": the kernel of its host reports that by IGMP or MLD, and closing it that it left."""
    index = socket.if_nametoindex("eth")
    family = socket.AF_INET6 if is_six(group) else socket.AF_INET
    ear = socket.socket(family, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    ear.setblocking(False)  # its number may have been another's when select() said that it can be read
    ear.bind((group, PORT))
    octets = ipaddress.ip_address(group).packed
    if family == socket.AF_INET6:
        ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, octets + struct.pack("I", index))
    else:
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, octets + struct.pack("4si", bytes(4), index))
    return ear


class Receiver:
    """What has come of each stream since it joined: {stream: {number: how often}}."""

    def __init__(self, ear):
        self.ear = ear
        self.came = {}

    def numbers(self, stream):
        return self.came.get(stream, {})


class Traffic:
    """All streams and receivers, by one thread."""

    PERIOD = 0.005

    def __init__(self):
        self.lock = threading.Lock()
        self.streams = {}  # number: [sockets, group, sent]
        self.receivers = {}  # fd: Receiver
        self.next = 1
        self.over = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def begin(self, sockets, group):
        """Numbered datagrams to the group, all the time, until end(); the stream's number."""
        with self.lock:
            number, self.next = self.next, self.next + 1
            self.streams[number] = [sockets[is_six(group)], group, 0]
        return number

    def end(self, stream):
        with self.lock:
            _, _, sent = self.streams.pop(stream)
        return sent

    def sent(self, stream):
        with self.lock:
            return self.streams[stream][2]

    def listen(self, ear):
        receiver = Receiver(ear)
        with self.lock:
            self.receivers[ear.fileno()] = receiver
        return receiver

    def leave(self, receiver):
        with self.lock:
            del self.receivers[receiver.ear.fileno()]
        receiver.ear.close()

    def close(self):
        self.over = True
        self.thread.join()

    def work(self):
        due = time.monotonic()
        while not self.over:
            with self.lock:
                ears = list(self.receivers)
            try:
                ready, _, _ = select.select(ears, [], [], max(0, due - time.monotonic()))
            except (OSError, ValueError):
                continue  # one of them was closed meanwhile
            with self.lock:
                for fd in ready:
                    self.take(self.receivers.get(fd))
                if time.monotonic() >= due:
                    due = max(due + self.PERIOD, time.monotonic())
                    for number, stream in self.streams.items():
                        stream[0].sendto(MARK.pack(number, stream[2]), (stream[1], PORT))
                        stream[2] += 1

    @staticmethod
    def take(receiver):
        if receiver is None:
            return
        try:
            stream, number = MARK.unpack_from(receiver.ear.recv(2048))
        except BlockingIOError:
            return
        of = receiver.came.setdefault(stream, {})
        of[number] = of.get(number, 0) + 1
