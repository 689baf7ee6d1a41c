"""Namespaces and processes of a laboratory on this machine, and waiting for what shall happen.

A laboratory is a folder: run/ (a file for each process: pid and start time), log/, sock/, and what the
programs read. Other invocations find it there, so `up` may end and `down` come an hour later.
"""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something that had to happen did not, or the other way round."""


class NotYet(Failed):
    """A program did not answer; it may later."""


class Skipped(Exception):
    """This machine cannot do it."""


def run(*command, check=True, timeout=60):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def start_time(pid):
    """Of a process, so that a number used again is not mistaken; None: it is gone, or a zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


class Machine:
    WHAT = ""  # deploy/lab WHAT
    NAMESPACES = ()
    capture = None

    def __init__(self, name):
        self.name = name
        self.bin = pathlib.Path(os.environ.get("FORCES_BIN", TOP / "build/release/bin"))
        self.dir = pathlib.Path(os.environ.get("FORCES_LAB_DIR", "/tmp")) / f"forces-{name}"
        self.log_level = os.environ.get("FORCES_LAB_LOG", "info")
        self.long = bool(os.environ.get("FORCES_LONG"))  # scenarios in their full size
        self.began = time.monotonic()
        self.lines = []  # all that was said
        self.notes = []  # (title, text) of the scenario that runs, for the report
        self.children = {}

    def prepare(self, *tools):
        """What up() begins with: what is needed is here, and the laboratory is not yet."""
        if self.dir.exists():
            raise Failed(f"{self.dir} exists: deploy/lab {self.WHAT} --name {self.name} down")
        self.need(*tools)
        for folder in ("run", "log", "sock", "state"):
            (self.dir / folder).mkdir(parents=True)

    def down(self):
        """False: something did not end in good order."""
        good = True
        for what in sorted(self.running(), key=lambda name: name.startswith("ce")):  # a ce says goodbye last
            good &= self.finish(what)
        self.remove(self.NAMESPACES)
        return good

    # ---- What can be seen --------------------------------------------------------------------

    def seen(self, everything):
        """Texts of told() and shown(): all that an operator looks at, and everything, for one that failed."""
        return ()

    def told(self, who, *words):
        """What forcesctl says of a program."""
        done = self.ctl(who, *words)
        return f"--- {who}: {' '.join(words)}\n{done.stdout}{done.stderr}"

    def shown(self, node, *command):
        """What a command says in the namespace of a node."""
        done = self.exec(node, *command, check=False)
        return f"--- {node}: {' '.join(command)}\n{done.stdout}{done.stderr}"

    def status(self, everything=False):
        yield from (f"{what:8} " + (f"pid {self.pid(what)}" if self.pid(what) else "ENDED") for what in self.running())
        yield from self.seen(everything)

    def save(self, folder):
        """What can be seen of what is left, when something failed."""
        (folder / "status.txt").write_text("\n".join(self.status(everything=True)) + "\n")
        shutil.copytree(self.dir / "log", folder / "log", dirs_exist_ok=True)

    # ---- Words -------------------------------------------------------------------------------

    def say(self, text=""):
        line = f"[{time.monotonic() - self.began:6.2f}] {text}" if text else ""
        self.lines.append(line)
        print(line, flush=True)

    def note(self, title, text):
        self.notes.append((title, text))

    def within(self, limit, what, condition):
        """Waits until condition() is true; returns what it gave."""
        begin = time.monotonic()
        last = None
        while True:
            try:
                result = condition()
            except NotYet as not_yet:
                result, last = None, not_yet
            took = time.monotonic() - begin
            if result:
                self.say(f"{what} (after {took:.1f} s)")
                return result
            if took > limit:
                raise Failed(f"NOT within {limit} s: {what}" + (f" ({last})" if last else ""))
            time.sleep(0.05)

    def expect(self, condition, what, seen=None):
        if not condition:
            raise Failed(f"NOT so: {what}" + ("" if seen is None else f"; but: {seen}"))
        self.say(what)

    @staticmethod
    def expect_quietly(condition, what):
        if not condition:
            raise Failed(f"NOT so: {what}")

    # ---- Namespaces --------------------------------------------------------------------------

    def ns(self, node):
        return f"forces-{self.name}-{node}"

    def need(self, *tools):
        if os.geteuid() != 0:
            raise Skipped("network namespaces need root")
        for tool in ("ip", "openssl", *tools):
            if not shutil.which(tool):
                raise Skipped(f"{tool} is not installed (deploy/install-deps)")
        for program in ("ce", "fe", "forcesctl"):
            if not os.access(self.bin / program, os.X_OK):
                raise Failed(f"there is no {self.bin / program}; build first: tests/run --quick, or "
                             "deploy/quickstart")
        if run("ip", "netns", "add", self.ns("probe"), check=False).returncode != 0:
            raise Skipped("this machine gives no network namespaces")
        run("ip", "netns", "del", self.ns("probe"))

    def ip(self, node, commands):
        """Lines for `ip -batch` in the namespace of a node."""
        subprocess.run(["ip", "-n", self.ns(node), "-batch", "-"], input=commands, text=True, check=True,
                       timeout=60)

    def ip_netns_add(self, node, ipv6=False):
        """Without IPv6 its neighbour discovery does not blur captures."""
        run("ip", "netns", "add", self.ns(node))
        if not ipv6:
            self.exec(node, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                      "net.ipv6.conf.default.disable_ipv6=1")
        self.ip(node, "link set lo up\n")

    def fibre(self, node, device, far_node, far_device):
        run("ip", "link", "add", device, "netns", self.ns(node), "type", "veth", "peer", "name", far_device,
            "netns", self.ns(far_node))
        for at, name in ((node, device), (far_node, far_device)):
            self.ip(at, f"link set {name} up\n")

    def exec(self, node, *command, **options):
        return run("ip", "netns", "exec", self.ns(node), *command, **options)

    def inside(self, node, make):
        """make() by a thread within the namespace; sockets that it returns stay there."""
        result = []

        def enter():
            try:
                with open(f"/run/netns/{self.ns(node)}") as there:
                    if LIBC.setns(there.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns {node}")
                result.append(make())
            except Exception as error:  # pylint: disable=broad-except # raised where it was asked for
                result.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    # ---- Processes ---------------------------------------------------------------------------

    def spawn(self, what, node, *command):
        with open(self.dir / f"log/{what}.log", "ab") as log:
            child = subprocess.Popen(
                ["ip", "netns", "exec", self.ns(node), *map(str, command)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        self.children[what] = child  # so that it is reaped
        (self.dir / f"run/{what}").write_text(f"{child.pid} {start_time(child.pid)}\n")

    def pid(self, what):
        """Of a process that runs; None: it does not."""
        try:
            pid, start = (self.dir / f"run/{what}").read_text().split()
        except (OSError, ValueError):
            return None
        child = self.children.get(what)
        if child is not None and child.pid == int(pid):
            # Not start_time(): its first thread may be gone while another one still holds its sockets.
            return child.pid if child.poll() is None else None
        return int(pid) if start_time(pid) == start else None

    def finish(self, what, how=signal.SIGTERM, limit=10):
        """Returns when it has ended; False: it had to be killed."""
        pid = self.pid(what)
        good = True
        if pid is not None:
            os.kill(pid, how)
            end = time.monotonic() + limit
            while self.pid(what) is not None:
                if time.monotonic() > end:
                    self.say(f"{what} (pid {pid}) did not end within {limit} s")
                    os.kill(pid, signal.SIGKILL)
                    good, end = False, end + limit
                time.sleep(0.02)
        (self.dir / f"run/{what}").unlink(missing_ok=True)
        return good

    def running(self):
        return sorted(p.name for p in (self.dir / "run").glob("*"))

    def ended_badly(self):
        """Which ce and fe did not end as they should, or what a sanitizer had to say."""
        bad = []
        for path in sorted((self.dir / "log").glob("[cf]e[0-9]*.log")):
            log = self.log(path.stem)
            if "stopped" not in log[-4000:]:
                bad.append(f"{path.stem} did not end in good order")
            bad += [f"{path.stem}: {line}" for line in log.splitlines()
                    if "Sanitizer" in line or "runtime error:" in line]
        return bad

    def forget(self):
        shutil.rmtree(self.dir)

    def log(self, what):
        path = self.dir / f"log/{what}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def sections(self, who, certificate, http):
        """Of a configuration file: what ce and fe have in common."""
        return f"""
[tls]
ca = "{self.dir}/tls/ca.crt"
cert = "{self.dir}/tls/{certificate}.crt"
key = "{self.dir}/tls/{certificate}.key"
[log]
level = "{self.log_level}"
[http]
address = "127.0.0.1"
port = {http}
[control]
socket = "{self.dir}/sock/{who}"
"""

    # ---- forcesctl ---------------------------------------------------------------------------

    def ctl(self, who, *words, timeout=60):
        """What it did: stdout, stderr, returncode."""
        return run(self.bin / "forcesctl", "--socket", self.dir / f"sock/{who}", *words, check=False,
                   timeout=timeout)

    def ask(self, who, *words):
        """Its answer as JSON; Failed when there is none."""
        done = self.ctl(who, "--json", *words)
        if done.returncode != 0:
            raise NotYet(f"forcesctl {' '.join(map(str, words))} at {who}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def must(self, who, *words):
        done = self.ctl(who, *words)
        if done.returncode != 0:
            raise Failed(f"forcesctl {' '.join(words)} at {who}: {done.stderr.strip()}")
        return done.stdout

    def remove(self, nodes):
        """Namespaces, and whatever still runs in them."""
        there = {line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines() if line}
        for node in nodes:
            if self.ns(node) not in there:
                continue
            for pid in run("ip", "netns", "pids", self.ns(node), check=False).stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            run("ip", "netns", "del", self.ns(node))

