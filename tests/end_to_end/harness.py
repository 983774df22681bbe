"""Drives the real programs over TLS: a vault in a temporary directory, and people who each have a home of their own.

No test sleeps to let time pass: libfaketime gives whole programs another time (`World.days`).
"""
import contextlib
import datetime
import json
import os
import pathlib
import pty
import random
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import zoneinfo

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STRONGROOM_BINARY_DIR", SOURCE / "build" / "dev"))
STRONGROOM = BUILD / "cli" / "strongroom"
STRONGROOMD = BUILD / "service" / "strongroomd"
LEDGER_DUMP = BUILD / "tests" / "crash" / "crash_ledger_dump"
LONDON = zoneinfo.ZoneInfo("Europe/London")  # whose days the programs count
PASSPHRASE = "end to end passphrase"
WORK_FACTOR = "10"  # of identity.age: the tests do not attack scrypt
COMMAND_TIMEOUT = 240
PARTNERS = ("local-authority", "icb", "police")

DONE, FAILURE, USAGE, REFUSED, NOT_FOUND, INTEGRITY, CONFLICT = range(7)


def faketime_library():
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else None


# A sanitizer's allocator asks for the time before libfaketime is ready, and dies.
needs_another_date = unittest.skipIf(os.environ.get("STRONGROOM_SANITIZE") or not faketime_library(),
                                     "libfaketime is not there, or does not go with this build's sanitizer")


class Outcome:
    """The outcome of a program: exit code, stdout, stderr."""

    def __init__(self, arguments, completed):
        self.arguments = arguments
        self.code = completed.returncode
        self.out = completed.stdout.decode("utf-8", "surrogateescape")
        self.err = completed.stderr.decode("utf-8", "surrogateescape")

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{' '.join(map(str, self.arguments))}\nexit {self.code}\n{self.out}\n{self.err}"


def take_port():
    """Returns a socket that holds a UDP port, and the port's number. No other test takes the TCP port of this number
    while the socket is open. It is below the ports that the system hands out by itself, so it is still free when a
    service is started again."""
    for port in random.sample(range(20000, 32000), 12000):
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            held.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
            return held, port
        except OSError:
            held.close()
    raise AssertionError("no port is free")


class World:
    """One vault, its service, and the people of three partners and a school."""

    def __init__(self, people=True, days=0, serve_options=(), url=None, listen=None):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-e2e-"))
        self.vault = self.top / "vault"
        self.keyfile = self.top / "seal.key"
        self.passphrase = self.top / "passphrase"
        self.passphrase.write_text(PASSPHRASE)
        self.passphrase.chmod(0o600)
        self.days = days
        self.serve_options = serve_options
        self.server = None
        self.person = {}
        self.agency = {}
        self.texts = []  # free text that somebody gave
        self.count = 0
        self.held_port, self.port = take_port()
        self.listen = listen  # None means this port of loopback, which a test may change
        self.url = url or f"https://127.0.0.1:{self.port}"
        self.init = self.daemon("init", self.vault, "--origin", "test.example/strongroom", "--url", self.url,
                                "--seal-keyfile", self.keyfile).json()
        self.serve()
        if people:
            self.found()
            self.staff()

    # --- programs --------------------------------------------------------------------------------------------------

    def environment(self, home=None, days=None):
        environment = dict(os.environ, LC_ALL="C.UTF-8", STRONGROOM_PASSPHRASE_FILE=str(self.passphrase),
                           # A program that a signal kills must end by the signal, although a sanitizer would turn it
                           # into an exit.
                           ASAN_OPTIONS="handle_segv=0:handle_sigbus=0:handle_abort=0")
        if home is not None:
            environment["STRONGROOM_HOME"] = str(self.home(home))
        days = self.days if days is None else days
        if days:
            environment.update(LD_PRELOAD=faketime_library(), FAKETIME=f"{days:+}d", FAKETIME_DONT_FAKE_MONOTONIC="1")
        return environment

    def home(self, who):
        return self.top / "homes" / who

    def daemon(self, *arguments, check=DONE, **options):
        arguments = [str(a) for a in (STRONGROOMD, *arguments)]
        outcome = Outcome(arguments, subprocess.run(arguments, capture_output=True, stdin=subprocess.DEVNULL,
                                                    env=self.environment(), timeout=COMMAND_TIMEOUT, **options))
        if check is not None and outcome.code != check:
            raise AssertionError(f"expected exit {check}\n{outcome}")
        return outcome

    def run(self, who, *arguments, check=DONE, days=None, stdin=None, environment=None):
        arguments = [str(STRONGROOM), *(os.fsencode(a) if isinstance(a, pathlib.Path) else str(a) for a in arguments)]
        outcome = Outcome(arguments, subprocess.run(
            arguments, capture_output=True, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
            env={**self.environment(who, days), **(environment or {})}, timeout=COMMAND_TIMEOUT))
        if check is not None and outcome.code != check:
            raise AssertionError(f"{who}: expected exit {check}\n{outcome}")
        return outcome

    def at_terminal(self, who, *arguments, answers=(), check=DONE):
        """Like `run`, but at a terminal of its own: each answer is (the end of the prompt, the line that is typed)."""
        terminal, side = pty.openpty()
        arguments = [str(STRONGROOM), *map(str, arguments)]
        process = subprocess.Popen(arguments, stdin=side, stdout=side, stderr=side, env=self.environment(who),
                                   start_new_session=True)
        os.close(side)
        shown = b""
        answers = list(answers)
        try:
            while True:
                if answers and shown.rstrip().endswith(answers[0][0].encode()):
                    os.write(terminal, answers.pop(0)[1].encode() + b"\n")
                    shown += b"\n"
                if not select.select([terminal], [], [], COMMAND_TIMEOUT)[0]:
                    raise AssertionError(f"{who}: nothing happens after\n{shown.decode()}")
                try:
                    piece = os.read(terminal, 4096)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                shown += piece
        finally:
            os.close(terminal)
            code = process.wait(timeout=COMMAND_TIMEOUT)
        text = shown.decode()
        if answers or code != check:
            raise AssertionError(f"{who}: expected exit {check}, got {code}; not asked: {answers}\n{text}")
        return text

    def data(self, who, *arguments, **options):
        return self.run(who, *arguments, "--json", **options).json()

    def serve(self):
        listen = self.listen or f"127.0.0.1:{self.port}"
        with open(self.top / "service.log", "ab") as log:
            self.server = subprocess.Popen(
                [STRONGROOMD, "serve", self.vault, "--listen", listen, "--seal-keyfile", self.keyfile,
                 *self.serve_options],
                stdout=subprocess.PIPE, stderr=log, env=self.environment())
        line = self.server.stdout.readline()
        if not line:
            raise AssertionError("the service did not start\n" + (self.top / "service.log").read_text()[-4000:])
        return line.decode()

    def stop(self, how=signal.SIGTERM):
        if self.server is None:
            return None
        self.server.send_signal(how)
        code = self.server.wait(timeout=60)
        self.server.stdout.close()
        self.server = None
        return code

    @contextlib.contextmanager
    def stopped(self):
        """Stops the service inside the block, so that only `check` or the attacker uses the directory."""
        self.stop()
        try:
            yield
        finally:
            self.serve()

    def close(self):
        if self.server is not None:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.top, ignore_errors=True)
        self.held_port.close()

    # --- people ----------------------------------------------------------------------------------------------------

    def enrol(self, who, invitation, check=DONE):
        return self.run(who, "enrol", invitation, "--name", f"Test {who}", "--work-factor", WORK_FACTOR, check=check)

    def found(self):
        """Enrols the people of the genesis: three roots and the administrator."""
        for who in (*PARTNERS, "administrator"):
            self.enrol(who, self.init["invitations"][who])
            self.person[who] = self.data(who, "whoami")["person"]
        for agency in self.data("local-authority", "agency", "list"):
            if agency["kind"] in PARTNERS:
                self.agency[agency["kind"]] = agency["agency"]
        self.confirm_roots()

    def fingerprints(self, *people):
        return [self.data(who, "whoami")["fingerprint"] for who in people]

    def confirm_roots(self, *roots):
        """These roots, or all of them, compare the fingerprints of the others and sign."""
        for who in roots or PARTNERS:
            self.run(who, "trust", "--confirm", *self.fingerprints(*(other for other in PARTNERS if other != who)))

    def invite(self, inviter, who, agency, roles):
        invitation = self.data(inviter, "person", "invite", "--agency", self.agency[agency], "--role", roles, "--name",
                               f"Test {who}")["invitation"]
        self.enrol(who, invitation)
        self.person[who] = self.data(who, "whoami")["person"]
        return self.person[who]

    def staff(self):
        root = "local-authority"
        self.agency["school"] = self.data(root, "agency", "add", "Fictional School", "--kind", "school")["agency"]
        self.invite(root, "spoc", "local-authority", "spoc")
        self.invite(root, "reviewer", "local-authority", "reviewer")
        for partner in PARTNERS:
            for number in (1, 2):
                self.invite(partner, f"{partner}-custodian-{number}", partner, "custodian")
        self.invite(root, "lead", "local-authority", "agency-lead")
        self.invite(root, "school-lead", "school", "agency-lead")
        self.invite("lead", "representative", "local-authority", "practitioner")
        self.invite("lead", "representative-2", "local-authority", "practitioner")
        self.invite("lead", "practitioner", "local-authority", "practitioner")
        self.invite("lead", "depositor", "local-authority", "depositor")
        self.invite("school-lead", "teacher", "school", "practitioner")

    # --- time ------------------------------------------------------------------------------------------------------

    def date(self):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=self.days)
        return now.astimezone(LONDON).date()

    def advance(self, date):
        """Moves to that date and starts the service again. Time never goes back."""
        if date == self.date():
            return
        assert date > self.date(), f"{date} is before {self.date()}"
        self.stop()
        # A second pass is needed if the clocks change between the two dates and it is near midnight.
        for _ in range(2):
            self.days += (date - self.date()).days
        self.serve()

    # --- the main job ----------------------------------------------------------------------------------------------

    def today(self, ahead=0):
        return (self.date() + datetime.timedelta(days=ahead)).isoformat()

    def refer(self):
        # Each case has a day of its own, because a second incident of one agency and day is a conflict unless it is
        # linked.
        case = self.data("spoc", "case", "refer", "--agency", self.agency["local-authority"], "--incident-date",
                         self.today(-2 - self.next()), "--aware-date", self.today(-1), "--subjects", "child-1,parent-1")
        return case["case"]

    def open_safe(self, case=None, representatives=("representative", "representative-2"), lead="lead"):
        case = case or self.refer()
        options = [option for who in representatives for option in ("--representative", self.person[who])]
        if len(representatives) == 1:
            options += ["--reason-file", self.text("one person is all there is")]
        safe = self.data(lead, "safe", "open", case, *options)["safe"]
        for who in representatives:
            self.run(who, "sync", "--yes")
        return case, safe

    def text(self, words):
        path = self.top / f"text-{self.next()}"
        path.write_text(words)
        self.texts.append(words)
        return path

    def ledger(self):
        """Returns every entry with its body, opened with the vault's own key. The service must be stopped."""
        return subprocess.run([LEDGER_DUMP, self.vault, self.keyfile], check=True, capture_output=True,
                              timeout=COMMAND_TIMEOUT).stdout

    def next(self):
        self.count += 1
        return self.count

    def folder(self, files):
        """Makes a new folder with these files: name → bytes."""
        top = self.top / f"files-{self.next()}" / "Case file"
        for name, content in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return top

    def secure(self, safe, files, who="depositor", **options):
        return self.data(who, "secure", safe, self.folder(files), "--class", "case-notes", **options)

    def checkout(self, what, who="representative", *more, **options):
        out = self.top / f"copies-{self.next()}"
        copy = self.data(who, "checkout", what, "--purpose", "case-work", "--due", self.today(7), "-o", out, *more, **options)
        copy["folder"] = out / copy["number"]
        return copy

    def trail(self, case, who="reviewer", *more):
        return self.data(who, "audit", "trail", "--case", case, *more)

    def check(self, directory=None, code=DONE):
        return self.daemon("check", directory or self.vault, "--seal-keyfile", self.keyfile, check=code)


class WorldTest(unittest.TestCase):
    """Tests that share one world; each refers a case of its own."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
