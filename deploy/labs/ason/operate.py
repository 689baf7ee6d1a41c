"""What the operators of the nodes do, by forcesctl, and what it says of calls and connections."""
import ipaddress
import json
import re

import network
from lab import Lab
from machine import Failed
from network import NODES, TNA
from wire import traffic

PRIMARY = [1, 2, 3, 4, 6]  # from A to Z by the fewest links
OTHER = [1, 2, 5, 7, 4, 6]  # past N3, through the legacy node
BY_ID = {node.id: number for number, node in (NODES | network.EDGES).items()}
USER = {user: (node, interface) for node in NODES.values() for user, interface in node.users.items()}


def where(user):
    """(node, interface) of a user's letter, or of N6 where it is a number."""
    return USER[user] if isinstance(user, str) else (NODES[6], user)


class Operated(Lab):
    N1_TO_N2 = b"".join(ipaddress.IPv4Address(NODES[n].id).packed for n in (1, 2))  # in an IP header

    # ---- Connections -------------------------------------------------------------------------

    def __init__(self, name):
        super().__init__(name)
        self.base, self.base_flows = None, []

    def spc_words(self, name, a, z, *options, with_call=False):
        (_, near), (far, interface) = where(a[0]), where(z[0])
        words = ["spc", "create", str(near), f"{far.id}:{interface}", "--name", name, *options,
                 "--from-labels", f"{traffic.slot(a[1]):#x}", "--to-labels", f"{traffic.slot(z[1]):#x}"]
        if with_call:
            return [*words, "--source", TNA[a[0]], "--destination", TNA[z[0]]]
        return words if "--call" in options else [*words, "--no-call"]

    def spc(self, name, a, z, *options, at=1):
        """From (user, slot) to (user, slot) by one command, which returns when it is up."""
        self.must(NODES[at].ce, *self.spc_words(name, a, z, *options))
        self.say(f"{name}: up, from {a[0]} slot {a[1]} to {z[0]} slot {z[1]}")

    def start_spc(self, name, a, z, *options, at=1):
        """The same, but nobody waits for it."""
        self.begin(NODES[at].ce, *self.spc_words(name, a, z, *options))
        self.say(f"{name}: asked for, from {a[0]} slot {a[1]} to {z[0]} slot {z[1]}")

    def refused_spc(self, name, a, z, *options):
        return self.refused(NODES[1].ce, *self.spc_words(name, a, z, *options))

    def refused(self, ce, *words):
        """Why it was: {error: "24/1", cause, text, node, link}."""
        done = self.ctl(ce, "--json", *words)
        if done.returncode == 0:
            raise Failed(f"NOT refused: forcesctl {' '.join(words)}")
        reason = json.loads(done.stdout)["reason"]
        self.note(" ".join(words), self.plain(done))
        return {"error": f"{reason.get('code', 0)}/{reason.get('value', 0)}", "cause": reason.get("cause", ""),
                "text": reason.get("text", ""), "node": reason.get("node", ""), "link": reason.get("link", "")}

    def show(self, name, at=1):
        """Nothing, if there is none."""
        done = self.ctl(NODES[at].ce, "--json", "connection", "show", name)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def state(self, name, at=1):
        return self.show(name, at).get("state")

    def is_up(self, name, at=1):
        return self.state(name, at) == "up"

    def route(self, name):
        """Nodes of the current route, as the ingress has it recorded."""
        nodes = [BY_ID[found] for hop in self.show(name).get("current", [])
                 for found in re.findall(r"\d+\.\d+\.\d+\.\d+", hop)[:1]]
        return [node for i, node in enumerate(nodes) if i == 0 or nodes[i - 1] != node]

    def way(self, name):
        """Nodes that have the LSP which carries it, in their order."""
        lsp = self.show(name).get("lsp")
        at, nodes = 1, []
        while lsp and at not in nodes:
            nodes.append(at)
            here = [one for one in self.lsps(at) if one["id"] == lsp]
            if not here:
                return nodes[:-1]
            following = here[0].get("next", "")
            if following not in BY_ID:
                return nodes
            at = BY_ID[following]
        return nodes

    def expect_way(self, name, nodes, what="by the fewest links"):
        way = self.way(name)
        self.expect(way == nodes, f"{what}: " + " - ".join(NODES[n].name for n in nodes), way)

    def history(self, name):
        """Links that failures were about."""
        return [failure.get("link", "") for failure in self.show(name).get("failures", [])]

    def delete(self, name, at=1):
        """Also one that is not there."""
        if self.show(name, at):
            self.must(NODES[at].ce, "connection", "delete", name)
            self.within(10, f"{name}: deleted", lambda: not self.show(name, at))

    def lsps(self, number):
        return self.ce(number, "connection", "list", "--lsps").get("lsps", [])

    def nothing_left(self):
        """No row at any FE, no LSP at any node, but for those of `base`."""
        rows_of = {fe: 2 if self.base and node.number in PRIMARY else 0 for node in NODES.values() for fe in node.fes}

        def clean():
            rows = {fe: len(here) for fe, here in self.rows().items()}
            return rows == rows_of and not [one for number in NODES for one in self.lsps(number)
                                            if not self.base or one["id"] != self.base["lsp"]]

        self.within(20, "no row and no LSP is left anywhere" + (", but those of `base`" if self.base else ""), clean)

    # ---- The connection that is always there -------------------------------------------------

    def begin_base(self):
        """With a call of its own; frames run through it both ways from now on. It may be there already."""
        if self.base:
            return
        self.must("ce1", *self.spc_words("base", ("A", 1), ("Z", 1), with_call=True))
        self.base = self.show("base")
        self.base_flows = self.flows(("A", 1), ("Z", 1))
        self.within(5, "`base` is up, and frames run through it both ways, 200 a second, from now on",
                    lambda: min(self.exchange.count(flow)[1] for flow in self.base_flows) > 20)

    def has_base(self, *numbers):
        """Do these nodes have the LSP of `base`, up and confirmed, and where they are controllers its call?"""
        for number in numbers:
            here = [one for one in self.lsps(number) if one["id"] == self.base["lsp"]]
            good = len(here) == 1 and here[0]["state"] == "up" and not here[0].get("unsynchronized")
            known = number not in network.CONTROLLERS or self.the_call(number, self.base["call"]).get("state") == "active"
            if not good or not known:
                return False
        return True

    def untouched(self, before, what):
        now = self.fabric_state()
        for title, old, new in ((f"every row of every FE is as it was {what}", before[0], now[0]),
                                ("none was even written again", before[1], now[1])):
            self.expect(old == new, title, {fe: (old[fe], new[fe]) for fe in old if old[fe] != new[fe]})
        lost = sum(self.exchange.lost(flow) for flow in self.base_flows)
        count = sum(self.exchange.count(flow)[1] for flow in self.base_flows)
        self.expect(lost == 0, f"no frame was lost {what}; {count} so far", f"{lost} lost")

    def owner_of_base(self, state):
        """As it stands in rows: that of the row which begins at A's slot 1."""
        rows = state[0][NODES[1].fes[0]].values()
        return next(row[-1] for row in rows if row[:2] == (where("A")[1], traffic.slot(1)))

    def end_base(self):
        self.none_lost(self.base_flows, "frames through `base` since it was set up")
        self.must("ce1", "call", "delete", "--connections", self.base["call"])
        self.base = None

    # ---- Neighbours --------------------------------------------------------------------------

    def neighbors(self, number):
        return {BY_ID[one["node"]]: one for one in self.ce(number, "signaling", "neighbors").get("neighbors", [])}

    def lost(self, number, other):
        return self.neighbors(number)[other]["state"] == "lost"

    def whole(self):
        """Has every ce read its fabric, and does it hear all its neighbours?"""
        for number, node in NODES.items():
            if self.pid(node.ce) is None:
                raise Failed(f"{node.ce} has ended: {self.log(node.ce)[-500:]}")
            status = self.ce(number, "signaling", "status")
            adjacent = {n for link in network.LINKS if number in (link.a, link.b) for n in (link.a, link.b)} - {number}
            heard = {n for n, one in self.neighbors(number).items() if one["state"] == "up"}
            if status["fabric"] != "read" or status["interfaces"] != status["interfaces_up"] or adjacent - heard:
                return False
        return True

    def forge(self, what, change):
        """Sends N2 once more, as if from N1, a Path of N1's that this scenario's capture has, changed."""
        path = [packet for packet in self.capture.packets if packet[12:20] == self.N1_TO_N2 and packet[21] == 1][-1]
        before = self.drops(2, 1)
        self.inject(NODES[1].ns, "o12", traffic.with_checksum(change(bytearray(path))))
        self.within(5, f"{what}: N2 drops it and counts it", lambda: self.drops(2, 1) == before + 1)

    def drops(self, number, other):
        return sum(int(one.get("value", 0)) for one in self.neighbors(number)[other].get("drops", []))

    # ---- Calls -------------------------------------------------------------------------------

    def call_words(self, a, z, *options):
        return ["call", "create", where(z)[0].id, "--source", TNA[a], "--destination", TNA[z], *options]

    def call(self, a, z, *options):
        """A call from user to user that is accepted, as the caller's node has it."""
        made = self.ce(1, *self.call_words(a, z, *options))
        self.say(f"a call from {a} to {z}: {made['name']}")
        return made

    def refused_call(self, a, z, *options):
        return self.refused("ce1", *self.call_words(a, z, *options))

    def the_call(self, number, name):
        """As a node has it; nothing, if it has not."""
        done = self.ctl(NODES[number].ce, "--json", "call", "show", name)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def no_calls(self):
        self.within(20, "no node has a call", lambda: not [
            call for number in NODES for call in self.ce(number, "call", "list").get("calls", [])
            if not self.base or call["name"] != self.base["call"]])
