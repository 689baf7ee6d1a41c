#!/usr/bin/env python3
"""hex_to_seeds.py VECTORS OUT: every message of VECTORS/**/*.hex as one file of octets in OUT.

A line is a message: its last word of hex, `#` begins a comment. Files whose lines hold only hex are
one message over several lines. A PL message is written a second time inside its TML frame.
"""
import hashlib
import pathlib
import re
import sys

HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


def messages(text):
    rows = [row.split("#")[0].split() for row in text.splitlines()]
    rows = [row for row in rows if row]
    if all(HEX.fullmatch(word) for row in rows for word in row):
        yield "".join(word for row in rows for word in row)
        return
    for row in rows:
        if HEX.fullmatch(row[-1]):
            yield row[-1]


vectors, out = map(pathlib.Path, sys.argv[1:3])
out.mkdir(parents=True, exist_ok=True)
for path in sorted(vectors.rglob("*.hex")):
    for octets in map(bytes.fromhex, messages(path.read_text())):
        frames = [octets]
        if path.parent.name == "forces-pl":
            frames.append(b"\x10\x40" + (4 + len(octets)).to_bytes(2, "big") + octets)
        for frame in frames:
            (out / hashlib.sha256(frame).hexdigest()[:24]).write_bytes(frame)
