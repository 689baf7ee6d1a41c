"""The network of the laboratory: what it is, and what its programs are told.

       h1          h2  h4         h3         hosts: the IGMP and MLD of their own kernels, nothing else
        |1          |1  |2         |1        ports of the FEs
       fe1          fe2           fe3
        |            |             |
   =====+======+=====+=====+=======+====     net: one Ethernet, 10.96.0.0/24: TML (TLS), SCSP (TLS), and what the
               |           |       |         FEs copy to each other
              ce1         ce2     ce3        a group of servers: each is the MARS of its FEs

fe1 prefers ce1, fe2 ce2, fe3 ce3; each knows the others too.
"""
import dataclasses

NET = "net"
ENDPOINT_PORT, MCS_PORT = 6721, 6722
SERVERS = (1, 2, 3)
FLUSH = 10  # s without word of a server, until what it said is forgotten


@dataclasses.dataclass
class Host:
    number: int
    fe: int
    port: int

    @property
    def ns(self):
        return f"h{self.number}"

    @property
    def address(self):
        return f"10.96.{self.number + 10}.2"

    @property
    def gateway(self):
        return f"10.96.{self.number + 10}.1"

    @property
    def six(self):
        return f"fd00:96:{self.number}::2"


HOSTS = {host.number: host for host in (Host(1, 1, 1), Host(2, 2, 1), Host(3, 3, 1), Host(4, 2, 2))}
FES = (1, 2, 3)
ALL_NS = [NET, *(f"ce{n}" for n in SERVERS), *(f"fe{n}" for n in FES), *(host.ns for host in HOSTS.values())]


def ce_address(number):
    return f"10.96.0.{number}"


def fe_address(number):
    return f"10.96.0.{10 + number}"


def hosts_of(fe):
    return [host for host in HOSTS.values() if host.fe == fe]


def make(machine):
    for ns in ALL_NS:
        machine.ip_netns_add(ns, ipv6=not ns.startswith("ce") and ns != NET)
    machine.ip(NET, "link add bridge type bridge mcast_snooping 0\nlink set bridge up\n")
    for name, address in [(f"ce{n}", ce_address(n)) for n in SERVERS] + [(f"fe{n}", fe_address(n)) for n in FES]:
        machine.fibre(name, "net", NET, name)
        machine.ip(NET, f"link set {name} master bridge\n")
        machine.ip(name, f"addr add {address}/24 dev net\n")
    for host in HOSTS.values():
        machine.fibre(host.ns, "eth", f"fe{host.fe}", f"p{host.port}")
        machine.ip(f"fe{host.fe}", f"addr add {host.gateway}/24 dev p{host.port}\n"
                                   f"addr add fd00:96:{host.number}::1/64 dev p{host.port} nodad\n")
        machine.ip(host.ns, f"addr add {host.address}/24 dev eth\naddr add {host.six}/64 dev eth nodad\n"
                            f"route add default via {host.gateway}\n")


# ---- Configuration ------------------------------------------------------------------------------


def ce_toml(machine, number):
    lines = [f'[ce]\nid = {0x40000000 + number:#x}\nname = "ce{number}"',
             f'[tml]\naddress = "{ce_address(number)}"', '[association]\nce_dead_interval = "3s"']
    lines += [f'[[fe]]\nid = {fe}\nname = "fe{fe}"' for fe in FES]
    lines.append(f'[multicast]\nenabled = true\ncmi_first = {(number - 1) * 1000 + 1}\ncmi_last = {number * 1000}\n'
                 f'file = "{machine.dir}/state/ce{number}-multicast"\n'
                 # Times are short, so that a check is.
                 f'[multicast.times]\nredirect_map = "2s"\nredirect_entry = "2s"\nflush = "{FLUSH}s"\nalign = "3s"\nsettle = "1s"\n'
                 'rejoin = "15s"\n[multicast.scsp]\nhello = "1s"\ndead_factor = 2\nredial_most = "1s"')
    lines += [f'[[multicast.neighbor]]\nid = {0x40000000 + n:#x}\naddress = "{ce_address(n)}"'
              for n in SERVERS if n != number]
    return "\n".join(lines) + machine.sections(f"ce{number}", f"ce-{number}", 9704)


def fe_toml(machine, number, mcs=()):
    lines = [f'[fe]\nid = {number}\nname = "fe{number}"']
    for ce in sorted(SERVERS, key=lambda n: (n - number) % len(SERVERS)):  # its own first
        lines.append(f'[[ce]]\nid = {0x40000000 + ce:#x}\naddress = "{ce_address(ce)}"')
    lines += ['[tml]\nbackoff_max = "1s"\ndead_interval = "2s"',
              '[association]\nfailover_policy = "keep_forwarding"\nfailover_timeout = "24h"\n'
              'ha_mode = "hot_standby"\nce_dead_interval = "3s"\nretry_max = "1s"',
              f'[multicast]\nenabled = true\nendpoint = "{fe_address(number)}:{ENDPOINT_PORT}"\nmcs_port = {MCS_PORT}\n'
              'mars_retransmit = "1s"\nmars_retransmissions = 3\nmars_retry = "2s"\nmars_silence = "10s"\n'
              'rejoin_min = "100ms"\nrejoin_max = "500ms"\nlast_member_interval = "500ms"',
              "[multicast.mcs]\ngroups = [" + ", ".join(f'"{group}"' for group in mcs) + "]"]
    lines += [f'[[port]]\nid = {host.port}\nkind = "raw"\ndevice = "p{host.port}"\nclasses = ["ospf"]'
              for host in hosts_of(number)]
    return "\n".join(lines) + machine.sections(f"fe{number}", f"fe-{number}", 9705)


def write(machine):
    for number in SERVERS:
        (machine.dir / f"ce{number}.toml").write_text(ce_toml(machine, number))
    for number in FES:
        (machine.dir / f"fe{number}.toml").write_text(fe_toml(machine, number))
