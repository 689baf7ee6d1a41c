#!/usr/bin/python3
"""box.py SLOTS DEVICE DEVICE [straight]: equipment between two fibres that nobody controls (RFC 4139 section 4.5). Slot n
of the one is slot SLOTS + 1 - n of the other, or straight: n; whatever is no test frame passes as it is."""
import select
import socket
import struct
import sys

FRAME = 0x88B5
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23


def port(device):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    end.bind((device, 3))
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    return end


def main():
    slots, ends, straight = int(sys.argv[1]), [port(device) for device in sys.argv[2:4]], sys.argv[4:] == ["straight"]
    other = dict(zip(ends, reversed(ends)))
    while True:
        for end in select.select(ends, [], [])[0]:
            octets = bytearray(end.recv(65536))
            if not straight and octets[12:14] == struct.pack("!H", FRAME):
                label = struct.unpack_from("!I", octets, 14)[0]
                struct.pack_into("!I", octets, 14, (slots + 1 - (label >> 16)) << 16)
            try:
                other[end].send(octets)
            except OSError:
                pass  # its link is down: what enters is lost


if __name__ == "__main__":
    main()
