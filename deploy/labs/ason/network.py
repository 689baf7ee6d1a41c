"""The network of the laboratory: what it is, and what its programs are told.

      A:1 B:2                                        Z:7 Y:8
        |  |     d1   :             d2           :  d3   |  |        A, B, X, Y, Z: users
  E ---- N1 ---- N2 --:-- N3 ----------- N4 -----:----- N6 ---- F    E, F: edge nodes of users, without a ce (edge.py)
                   \\  :                /          :                  : reference point E-NNI
                    \\[:]- N5 --- L7 --/           :             [ ] box.py: slot n becomes 5 - n
                               X:9

A node is a namespace: a ce and an fe; at N2 and N4 two, with a fibre between them. Ports are numbered as interfaces
are: 34 is N3's towards N4, 7 is N6's towards Z. Control packets take the fibres: RSVP is redirected at the ports to
the ce, which also forwards what is for a node further on.
"""
import dataclasses
import ipaddress
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
SLOTS = 4  # of a fibre: VC-4s of an STM-4
SECRET = "laboratory key 1"  # of RFC 2747, the same at all nodes; who has a capture can check digests with it
TNA = {"A": "198.51.100.1", "B": "198.51.100.2", "Z": "198.51.100.7", "Y": "198.51.100.8", "X": "198.51.100.9"}
NO_ERO = (69,)  # interfaces of users that may give no route
LEVELS = (1, 2)  # of service, that the domains know
CONTROLLERS = (1, 3, 4, 6)  # of calls
BEHIND = {2: 1, 5: 4, 7: 4}  # nodes without one, and whose they are
BORDERS = (3, 4, 5)  # of d2
CLIENT, SERVER = 701, 801  # interfaces of a border where d2 nests: 63 VC-12s inside a VC-4


@dataclasses.dataclass
class Variant:
    """What may be another way in a scenario: programs read it when they are started again."""
    slots: int = SLOTS  # of all fibres but that with the box
    box: str = "discover"  # how the ends of that one know its labels: "rows" of the operator; "naive": they do not
    restart: str = "60s"  # Restart Time
    recovery: str = "15s"
    refresh: str = "5s"
    # How connections cross d2: "stitched" to segments of its own, one that they use and one that is ready; "nested" in
    # adjacencies of its own, by routes of its own only. Empty: contiguous.
    crossing: str = ""

    @property
    def labels(self):
        return labels(self.slots)


def labels(slots):
    return f"0x10000-{slots << 16:#x}/0x10000"


@dataclasses.dataclass
class Node:
    number: int
    name: str
    domain: int
    ason: bool = True  # False: knows RFC 3473 and nothing of calls
    fes: tuple = ()
    users: dict = dataclasses.field(default_factory=dict)  # name of the user: interface

    @property
    def id(self):
        return str(ipaddress.IPv4Address("10.90.0.0") + self.number)

    @property
    def ns(self):
        return self.name.lower()

    @property
    def ce(self):
        return f"ce{self.number}"


@dataclasses.dataclass
class Link:
    a: int  # node numbers
    b: int
    reference: str = "inni"
    box: bool = False  # with equipment between that nobody controls (box.py): slot n becomes SLOTS + 1 - n

    @property
    def ends(self):
        return (self.a, int(f"{self.a}{self.b}")), (self.b, int(f"{self.b}{self.a}"))

    def interface(self, node):
        return dict(self.ends)[node]

    def labels(self, variant):
        return labels(SLOTS) if self.box else variant.labels


NODES = {node.number: node for node in (
    Node(1, "N1", 1, fes=(11,), users={"A": 1, "B": 2}),
    Node(2, "N2", 1, fes=(21, 22)),
    Node(3, "N3", 2, fes=(31,)),
    Node(4, "N4", 2, fes=(41, 42)),
    Node(5, "N5", 2, fes=(51,)),
    Node(6, "N6", 3, fes=(61,), users={"Z": 7, "Y": 8}),
    Node(7, "L7", 2, ason=False, fes=(71,), users={"X": 9}),
)}
LINKS = (Link(1, 2), Link(2, 3, "enni"), Link(2, 5, "enni", box=True), Link(3, 4), Link(5, 7), Link(7, 4), Link(4, 6, "enni"))
EDGES = {8: Node(8, "E", 1), 9: Node(9, "F", 3)}
UNI = (Link(1, 8, "uni"), Link(6, 9, "uni"))  # their links; an edge's end is an interface in the users' namespace
SECOND_FE = {22: (23, 25), 42: (46,)}  # interfaces at the second fe of a node
INSIDE = 90  # the port of the fibre between the fes of a node
USERS, BOX = "users", "box"  # namespaces: of the users' ends of their fibres, and of what stands between nodes
ALL_NS = [node.ns for node in NODES.values()] + [USERS, BOX]


def fe_of(node, interface):
    for fe in node.fes[1:]:
        if interface in SECOND_FE[fe]:
            return fe
    return node.fes[0]


def interfaces(node):
    """(interface, link or None, user or None) of a node."""
    for link in LINKS + UNI:
        if node.number in (link.a, link.b):
            yield link.interface(node.number), link, None
    for user, interface in node.users.items():
        yield interface, None, user


def far(link, node):
    """(node, interface) at the other end of a link."""
    number = link.b if link.a == node.number else link.a
    return (NODES | EDGES)[number], link.interface(number)


def nests(node, variant):
    return variant.crossing == "nested" and node.number in BORDERS


def device(interface):
    return f"o{interface}"


def make(machine):
    """Namespaces and fibres. No interface has an address: packets of the control plane are the ces' alone."""
    for ns in ALL_NS:
        machine.ip_netns_add(ns)
    for link in LINKS:
        (a, near), (b, other) = link.ends
        if link.box:
            machine.fibre(NODES[a].ns, device(near), BOX, f"b{near}")
            machine.fibre(NODES[b].ns, device(other), BOX, f"b{other}")
            start_box(machine)
        else:
            machine.fibre(NODES[a].ns, device(near), NODES[b].ns, device(other))
    for link in UNI:
        machine.fibre(NODES[link.a].ns, device(link.interface(link.a)), USERS, EDGES[link.b].name)
    for node in NODES.values():
        if len(node.fes) > 1:
            machine.fibre(node.ns, "x1", node.ns, "x2")
        for user, interface in node.users.items():
            machine.fibre(node.ns, device(interface), USERS, user)


def start_box(machine, *how):
    (_, near), (_, other) = next(link for link in LINKS if link.box).ends
    machine.spawn("box", BOX, "/usr/bin/python3", HERE / "wire/box.py", SLOTS, f"b{near}", f"b{other}", *how)


# ---- Configuration ------------------------------------------------------------------------------


def sections(machine, *about):
    """They begin as root and go on as nobody."""
    return machine.sections(*about) + '[process]\nuser = "nobody"\n'


def fe_toml(machine, node, fe, variant):
    at = node.fes.index(fe)
    lines = [f'[fe]\nid = {fe}\nname = "{node.name}-{at + 1}"',
             f"[[ce]]\nid = {0x40000000 + node.number:#x}\naddress = \"127.0.0.1\"",
             '[tml]\nbackoff_max = "1s"',
             # The fabric does not ask for how long nobody controls it; RFC 5810's timer does, of other things.
             '[association]\nfailover_policy = "keep_forwarding"\nfailover_timeout = "24h"\n'
             'ce_dead_interval = "3s"\nretry_max = "1s"',
             "[forwarding]\nkernel = false",
             f'[fabric]\nfile = "{machine.dir}/state/fe{fe}"\ntrace_interval = "100ms"']
    ports = [(i, device(i), link.labels(variant) if link else variant.labels)
             for i, link, _ in interfaces(node) if fe_of(node, i) == fe]
    if nests(node, variant) and at == 0:
        lines.append(f'[[fabric.port]]\nid = {CLIENT}\nsignal = "vc12"\nlabels = ["1-63"]\ninside = {SERVER}\n'
                     f'[[fabric.port]]\nid = {SERVER}\nsignal = "vc4"\nlabels = ["1"]')
    control = [i for i, link, _ in interfaces(node) if link and fe_of(node, i) == fe]
    if len(node.fes) > 1:
        ports.append((INSIDE, f"x{at + 1}", variant.labels))
    for port, name, slots in ports:
        lines.append(f'[[fabric.port]]\nid = {port}\ndevice = "{name}"\nsignal = "vc4"\n'
                     f'labels = ["{slots}"]')
    for port in control:
        lines.append(f'[[port]]\nid = {port}\nkind = "packet"\ndevice = "{device(port)}"\naddress = "{node.id}/32"\n'
                     'classes = ["rsvp"]')
    return "\n".join(lines) + sections(machine, f"fe{fe}", f"fe-{fe}", 9705 + at)


def te_toml(variant):
    """The network as all nodes know it; labels and states of their own ends they find out."""
    lines = []
    nodes = NODES | EDGES
    for node in nodes.values():
        lines.append(f'[[te.node]]\nid = "{node.id}"\nname = "{node.name}"\ndomain = {node.domain}')
    for link in LINKS + UNI:
        (a, near), (b, other) = link.ends
        known = f'labels = ["{link.labels(variant)}"]'
        if link.box and variant.box != "naive":
            known = f"compound = true\ndiscover = {str(variant.box == 'discover').lower()}"
        lines.append(f'[[te.link]]\na = "{nodes[a].id}:{near}"\nb = "{nodes[b].id}:{other}"\n'
                     f'reference = "{link.reference}"\n{known}')
    return "\n".join(lines)


def policy_toml(node, variant):
    """Calls go from controller to controller."""
    between = f'\nrealisation = "{variant.crossing}"' if variant.crossing and node.domain == 2 else ""
    if variant.crossing == "stitched":
        between += "\nrecovery = 1" if between else ""
    refuses = "\nrefuse_explicit_route = true" if nests(node, variant) else ""
    if node.number not in CONTROLLERS:
        end = NODES[BEHIND[node.number]]
        if not between or not node.ason:
            return ""
        # Not of calls: they pass by N3.
        return (f'[[policy.point]]\nname = "border"\nkind = "inni"\npeers = ["{end.id}"]{between}\n'
                f'[[policy.point]]\nname = "d1"\nkind = "enni"\npeers = ["{NODES[2].id}"]{refuses}')
    at = CONTROLLERS.index(node.number)
    lines = ['[[policy.point]]\nname = "user"\nkind = "uni"']
    edges = [far(link, node)[0] for link in UNI if node.number == link.a]
    if node.domain == 3:  # Y pays for nothing and is not called
        lines[0] += f'\ncallees = ["{TNA["Z"]}"]'
    for side, number in (("left", at - 1), ("right", at + 1)):
        if not 0 <= number < len(CONTROLLERS):
            continue
        peer = NODES[CONTROLLERS[number]]
        kind = "inni" if peer.domain == node.domain else "enni"
        admitted = ", ".join(f'"{TNA[user]}"' for user in "AYZ")
        callers = f"\ncallers = [{admitted}]" if (kind, node.domain) == ("enni", 2) else ""
        ends = [peer] + [NODES[n] for n, to in BEHIND.items() if kind == "inni" and between and to == node.number]
        peers = ", ".join(f'"{end.id}"' for end in ends if end.ason)
        # Who may come in from another domain is for this one to say: B of d1 is not a customer here.
        lines.append(f'[[policy.point]]\nname = "{side}"\nkind = "{kind}"\npeers = [{peers}]\n'
                     f"authenticated = true{callers}{between if kind == 'inni' else refuses}")
    for edge in edges:
        lines.append(f'[[policy.point]]\nname = "edge"\nkind = "uni"\npeers = ["{edge.id}"]\nauthenticated = true\n'
                     f'[[policy.route]]\ndestination = "{edge.id}/32"\nnext = "{edge.id}"\npoint = "edge"')
    for level in LEVELS:
        lines.append(f"[[policy.level]]\nlevel = {level}")
    for number, to in NODES.items():
        there = CONTROLLERS.index(BEHIND.get(number, number))
        if there == at:
            hop, point = "" if number == node.number else to.id, "user"
        else:
            hop, point = NODES[CONTROLLERS[at + (1 if there > at else -1)]].id, "right" if there > at else "left"
        for destination in (to.id, *(TNA[user] for user in to.users)):
            lines.append(f'[[policy.route]]\ndestination = "{destination}/32"\nnext = "{hop}"\npoint = "{point}"')
    return "\n".join(lines)


def ce_toml(machine, node, variant):
    lines = [f'[ce]\nid = {0x40000000 + node.number:#x}\nname = "{node.name}"',
             '[tml]\naddress = "127.0.0.1"', '[association]\nce_dead_interval = "3s"']
    for at, fe in enumerate(node.fes):
        lines.append(f'[[fe]]\nid = {fe}\nname = "{node.name}-{at + 1}"')
        lines += [f"[[fe.port]]\nid = {i}" for i, link, _ in interfaces(node) if link and fe_of(node, i) == fe]
    lines.append(te_toml(variant))
    hide = str(node.domain == 2 and node.ason).lower()
    no_ero = ", ".join(f'"{interface}"' for interface, _, _ in interfaces(node) if interface in NO_ERO)
    lines.append(f'[signaling]\nnode = "{node.id}"\nfile = "{machine.dir}/state/{node.ce}.db"\n'
                 # Times are short, so that a check is.
                 f'[signaling.timers]\nhello = "500ms"\nrefresh = "{variant.refresh}"\nrapid = "250ms"\ngraceful = "5s"\n'
                 'restore_again = "1s"\ntell_again = "1s"\nsegment_idle = "5s"\n'
                 f'[signaling.restart]\nrestart = "{variant.restart}"\nrecovery = "{variant.recovery}"\n'
                 f'claim = "{variant.recovery}"\n'
                 '[signaling.calls]\ncountry = "XXX"\ncarrier = "LAB"\nanswer = "2s"\nhold = "2s"\n'
                 # A release that nobody confirms is asked for so long before its numbers are free.
                 'refresh = "5s"\nquarantine = 1\n'
                 f"[signaling.connections]\nason = {str(node.ason).lower()}\nhide_route = {hide}\n"
                 f"no_ero = [{no_ero}]\n"
                 f'[[signaling.key]]\nid = 1\nsecret_file = "{machine.dir}/state/secret"')
    for interface, link, _ in interfaces(node):
        slots = ""
        if link is None or (link.box and variant.box != "naive"):
            slots = f'\nlabels = ["{link.labels(variant) if link else variant.labels}"]'
        lines.append(f'[[signaling.interface]]\nid = {interface}\nport = "{fe_of(node, interface)}:{interface}"{slots}')
        if link in UNI:
            lines.append(f'[[signaling.neighbor]]\nnode = "{far(link, node)[0].id}"\nhello = false\n'
                         'refresh_reduction = "never"')
        if link and link.box and variant.box == "rows":
            lines += [f"[[signaling.label_map]]\ninterface = {interface}\nlocal = {n << 16:#x}\n"
                      f"remote = {(SLOTS + 1 - n) << 16:#x}" for n in range(1, SLOTS + 1)]
    if nests(node, variant):
        lines += [f'[[signaling.interface]]\nid = {port}\nport = "{node.fes[0]}:{port}"\nlabels = ["{slots}"]'
                  for port, slots in ((CLIENT, "1-63"), (SERVER, "1"))]
        lines.append(f"[[signaling.adaptation]]\nclient = {CLIENT}\nserver = {SERVER}")
    if len(node.fes) > 1:
        a, b = node.fes
        lines.append(f'[[signaling.inter_fe_link]]\na = "{a}:{INSIDE}"\nb = "{b}:{INSIDE}"\nlabels = ["{variant.labels}"]')
    lines.append(policy_toml(node, variant))
    return "\n".join(lines) + sections(machine, node.ce, f"ce-{node.number}", 9704)


def write_secret(machine):
    (machine.dir / "state/secret").write_text(SECRET)
    (machine.dir / "state/secret").chmod(0o600)


def write(machine, *numbers, variant=Variant()):
    """What the programs of these nodes read when they start; none: of all."""
    for node in [NODES[number] for number in numbers] or NODES.values():
        (machine.dir / f"{node.ce}.toml").write_text(ce_toml(machine, node, variant))
        for fe in node.fes:
            (machine.dir / f"fe{fe}.toml").write_text(fe_toml(machine, node, fe, variant))
