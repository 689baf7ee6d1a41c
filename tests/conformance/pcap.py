"""Captures made by hand: octets of a TML channel in TCP segments, PL messages in SCTP DATA chunks.

Kept to the standard library, and apart from our codecs on purpose: what tshark and tcpdump are asked
about must not come from the code under test.
"""
import itertools
import pathlib
import struct

CLIENT, SERVER = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1])
TCP, SCTP = 6, 132


def checksum(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, source, destination, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0,
                       source, destination)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


RAW_IP, LLC_SNAP = 101, 100  # LINKTYPE_RAW, LINKTYPE_ATM_RFC1483


def write(path, packets, linktype=RAW_IP):
    """Packets, raw IPv4 unless said otherwise, one millisecond apart."""
    with open(path, "wb") as out:
        out.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype))
        for i, packet in enumerate(packets):
            out.write(struct.pack("!IIII", 1_700_000_000, i * 1000, len(packet), len(packet)) + packet)


def read(path):
    """The packets of a file as write() makes one."""
    octets = pathlib.Path(path).read_bytes()
    at = 24
    while at < len(octets):
        length = struct.unpack_from("!I", octets, at + 8)[0]
        yield octets[at + 16:at + 16 + length]
        at += 16 + length


def tcp_segments(chunks, port, client_port=40001):
    """A connection: chunks are (to_server, octets), or octets for the server; one segment each."""
    syn, ack, push = 2, 16, 8
    seq = {True: 0, False: 0}

    def segment(to_server, flags, payload=b""):
        ports = (client_port, port) if to_server else (port, client_port)
        ends = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        acked = seq[not to_server] if flags & ack else 0
        head = struct.pack("!HHIIBBHHH", *ports, seq[to_server], acked, 5 << 4, flags, 65535, 0, 0)
        pseudo = ends[0] + ends[1] + struct.pack("!BBH", 0, TCP, len(head) + len(payload))
        sum_ = checksum(pseudo + head + payload)
        seq[to_server] += len(payload) + (1 if flags & syn else 0)
        return ipv4(TCP, *ends, head[:16] + struct.pack("!H", sum_) + head[18:] + payload)

    yield segment(True, syn)
    yield segment(False, syn | ack)
    yield segment(True, ack)
    for chunk in chunks:
        to_server, octets = chunk if isinstance(chunk, tuple) else (True, chunk)
        yield segment(to_server, push | ack, octets)
        yield segment(not to_server, ack)


def cut(octets, sizes):
    """Octets in pieces of the sizes, over and over."""
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(octets):
            return
        yield octets[at:at + size]
        at += size


CRC32C = [0] * 256
for value in range(256):
    crc = value
    for _ in range(8):
        crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    CRC32C[value] = crc


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = (crc >> 8) ^ CRC32C[(crc ^ octet) & 0xFF]
    return crc ^ 0xFFFFFFFF


def channel_of(message):
    """Port and PPID that RFC 5811 section 4.2.1 gives a PL message: high, medium, low priority."""
    return {0x05: (6705, 22), 0x06: (6706, 23), 0x0F: (6706, 23)}.get(message[1], (6704, 21))


def sctp_packets(messages):
    """One DATA chunk a message."""
    for tsn, message in enumerate(messages):
        port, ppid = channel_of(message)
        data = struct.pack("!BBHIHHI", 0, 3, 16 + len(message), tsn, 0, tsn & 0xFFFF, ppid) + message
        data += b"\0" * (-len(data) % 4)
        head = struct.pack("!HHII", port, port, 1, 0)
        sum_ = struct.pack("<I", crc32c(head + data))
        yield ipv4(SCTP, CLIENT, SERVER, head[:8] + sum_ + data)


def vectors(root, path):
    """(name, octets) of the lines of a file below tests/vectors."""
    for line in (pathlib.Path(root) / "tests/vectors" / path).read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield " ".join(words[:-1]), bytes.fromhex(words[-1])


def tml_message(kind, *tlvs):
    """A message of the TML itself (f = 0); tlvs are (type, value)."""
    body = b"".join(struct.pack("!HH", t, 4 + len(v)) + v + b"\0" * (-len(v) % 4) for t, v in tlvs)
    return struct.pack("!HH", 0x1000 | kind, 4 + len(body)) + body


def tml_frame(pl):
    """A PL message in its TML frame (f = 1; a length that does not fit is sent as 0)."""
    length = 4 + len(pl)
    return struct.pack("!HH", 0x1040, length if length <= 0xFFFF else 0) + pl


def sdu(pid, message):
    """A message behind LLC/SNAP of the IANA OUI."""
    return bytes.fromhex("aaaa0300005e") + struct.pack("!H", pid) + message


def sdu_stream(sdus):
    """SDUs in a stream, each behind its length (proto/scsp/README.md)."""
    return b"".join(struct.pack("!H", len(octets)) + octets for octets in sdus)
