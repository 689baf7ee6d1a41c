"""Scenarios with edge nodes of users that are no programs of ours (edge.py): what they say octet by octet."""
import random
import struct
import time

from network import EDGES, NODES
from operate import PRIMARY
from play.scenario import scenario
from wire import edge, traffic

E, F = EDGES[8], EDGES[9]
N1, N6 = NODES[1].id, NODES[6].id
MUTATIONS, ALL_MUTATIONS = 20, 200  # of each message of the vectors


def own(message):
    """Classes of objects, without those of a hop."""
    return {number for number, _, _ in edge.objects(message)} - {edge.INTEGRITY, edge.MESSAGE_ID, edge.ERO}


@scenario("T3", "users with RFC 4208: a Path without a route from edge to edge; one that names its end; one that may not")
def uni(lab):
    with lab.edges("E", "F") as (e, f):
        e.path(F.id, 1, 2)
        came = f.expect("E asks for a way to F and gives no route: N6 asks F", edge.PATH)
        lab.expect(struct.unpack_from("!H", edge.find(came, edge.SESSION), 4)[0] == 0
                   and b"the user's own name" in edge.find(came, edge.NAME), "in no call, with the name that E gave it")
        extra = own(came) - {edge.SESSION, edge.HOP, edge.TIME_VALUES, edge.LABEL_REQUEST, edge.LABEL_SET, edge.NAME,
                             edge.TEMPLATE, edge.TSPEC, edge.UPSTREAM_LABEL, 129}
        lab.expect(not extra, "and with nothing that RFC 3473 does not know", extra)
        back = struct.unpack("!I", edge.find(came, edge.UPSTREAM_LABEL))[0] >> 16
        f.answer(came, back)
        resv = e.expect("F agrees, and E has the Resv", edge.RESV)
        lab.expect(struct.unpack("!I", edge.find(resv, edge.LABEL))[0] == traffic.slot(2), "with the slot it asked for")
        lab.within(5, "two active rows at each node",
                   lambda: all(sum(row[4] == "active" for row in rows.values()) == 2 for rows in lab.rows(*PRIMARY).values()))
        lab.frames_pass(("E", 2), ("F", back))
        e.tear(F.id, 1)
        f.expect("E tears it, and F hears of it", edge.PATH_TEAR)
        lab.nothing_left()

        message = edge.golden()["31"]  # RFC 4208 section 3.3
        for old, new in (("192.0.2.1", E.id), ("192.0.2.2", N1), ("192.0.2.25", N6), ("192.0.2.26", "10.90.0.99")):
            message = message.replace(edge.packed(old), edge.packed(new))
        content = [(number, kind, {edge.SESSION: body[:4] + bytes(2) + body[6:],  # no call
                                   edge.HOP: edge.hop(E.id, e.interface)[2]}.get(number, body))
                   for number, kind, body in edge.objects(message) if number != edge.MESSAGE_ID]
        e.say(edge.PATH, content)
        e.expect("golden message 31, with our addresses: its route is one loose node, a link and labels; E has a Resv",
                 edge.RESV)
        slot = struct.unpack("!I", next(body for number, _, body in content if number == edge.UPSTREAM_LABEL))[0] >> 16
        lab.frames_pass(("E", slot), ("Z", 4))
        e.say(edge.PATH_TEAR, [one for one in content if one[0] in (edge.SESSION, edge.HOP, edge.TEMPLATE, edge.TSPEC)])
        lab.nothing_left()

        f.path(E.id, 2, 1, route=struct.pack("!BB4sBB", 0x81, 8, edge.packed(N6), 32, 0))
        refused = f.expect("F may give no route: refused", edge.PATH_ERR)
        lab.expect(edge.error_of(refused) == "24/1", "with 24/1", edge.error_of(refused))
        lab.nothing_left()


@scenario("T15", "identifiers of calls: twice the same name, the same number; no number; both at once; a Path too early")
def identifiers(lab):
    with lab.edges("E") as (e,):
        e.call(N1, 0x101, "t15-a")
        e.answered("E calls N1: accepted", "t15-a")
        e.call(N1, 0x102, "t15-a")
        e.answered("the same name again: 32/4", "t15-a", "32/4")
        e.call(N1, 0x101, "t15-b")
        e.answered("the number of another call: 32/1", "t15-b", "32/1")
        e.call(N1, 0x103, "t15-b")
        e.answered("with another number: accepted", "t15-b")
        lab.expect(lab.the_call(1, "t15-a").get("state") == "active", "the first one is as it was", lab.the_call(1, "t15-a"))

        lab.begin("ce1", "call", "create", E.id, "--name", "t15-both")
        e.expect("N1 calls E", edge.NOTIFY, lambda message: b"t15-both" in edge.find(message, edge.NAME))
        e.call(N1, 0x104, "t15-both")
        e.answered("and E, whose address is greater, calls N1 by the same name: N1 takes that", "t15-both")
        lab.expect(lab.the_call(1, "t15-both").get("state") == "active", "it is one call", lab.the_call(1, "t15-both"))

        route = struct.pack("!BB4sBB BBH4sI BBBBI BBBBI", 1, 8, edge.packed(N1), 32, 0, 4, 12, 0, edge.packed(N1), 2,
                            3, 8, 0, 2, traffic.slot(3), 3, 8, 0x80, 2, traffic.slot(3))
        begin = time.monotonic()
        e.path(N1, 5, 3, call=0x777, route=route)
        refused = e.expect("a Path of a call that nobody knows is refused", edge.PATH_ERR)
        held = time.monotonic() - begin
        lab.expect(edge.error_of(refused) == "32/3" and held > 1.5, f"with 32/3, after {held:.1f} s in which it was held",
                   edge.error_of(refused))
        e.path(N1, 6, 3, call=0x105, route=route)
        lab.expect(e.receive(0.5) is None, "another one is held")
        e.call(N1, 0x105, "t15-late")
        e.expect("its call comes in time: E has a Resv", edge.RESV)
        lab.frames_pass(("E", 3), ("B", 3))
        e.tear(N1, 6, call=0x105)
        lab.nothing_left()
        for number, text in ((0x101, "t15-a"), (0x103, "t15-b"), (0x104, "t15-both"), (0x105, "t15-late")):
            e.call(N1, number, text, edge.REFLECT | edge.CALL | edge.DELETE)
            e.answered(f"{text} is released", text)
        lab.no_calls()


def mutated(message, chance):
    """Cut, or with some octets changed, doubled, left out; lengths among them."""
    octets = bytearray(message)
    what = chance.randrange(5)
    if what == 0:
        del octets[chance.randrange(len(octets)):]
    elif what == 1:
        at = chance.randrange(8, len(octets) - 3) & ~3
        octets[at:at + 2] = struct.pack("!H", chance.choice((0, 1, 3, 4, 5, 0xFFFF, len(octets))))
    elif what == 2:
        at = chance.randrange(8, len(octets))
        octets[at:at] = octets[at:at + chance.randrange(1, 40)]
    elif what == 3:
        at = chance.randrange(8, len(octets))
        del octets[at:at + chance.randrange(1, 40)]
    for _ in range(chance.randrange(1, 6)):
        if octets:
            octets[chance.randrange(len(octets))] = chance.randrange(256)
    return octets


@scenario("T18", "messages that are none: every golden message, cut and changed at random, signed and not")
def mutations(lab):
    chance = random.Random(18)
    before = lab.pid("ce1"), lab.drops(1, 8)
    lab.capture.switch(None)  # decoders need not judge these
    sent = 0
    with lab.edges("E") as (e,):
        for message in list(edge.golden().values()) + list(edge.golden("made").values()):
            for _ in range(ALL_MUTATIONS if lab.long else MUTATIONS):
                octets = mutated(message, chance)
                if chance.randrange(4) == 0:
                    e.send(octets)  # as it is, with a right checksum
                else:
                    kind = octets[1] if len(octets) > 1 else 1
                    e.send(e.sealed(kind, bytes(octets[8:])))
                sent += 1
                if sent % 50 == 0:
                    time.sleep(0.01)  # so that none is lost on the way
    lab.within(20, f"of {sent} messages N1 has dropped most, and counted them",
               lambda: lab.drops(1, 8) - before[1] > sent // 3)
    lab.note("N1's neighbours", lab.must("ce1", "signaling", "neighbors"))
    lab.expect(lab.pid("ce1") == before[0], "its program is the same")
    lab.expect(int(lab.neighbors(1)[8].get("paths_received", 0)) == 0, "and has no Path of E", lab.neighbors(1)[8])
    lab.no_calls()
    lab.nothing_left()
    lab.spc("t18", ("A", 1), ("Z", 1))
    lab.frames_pass(("A", 1), ("Z", 1), "it works as before: frames pass")
    lab.delete("t18")
    lab.nothing_left()
