"""Keeps a vault in use, for the tests that break its disk: people with a tap on their connections, and three who
work."""
import json
import os
import pathlib
import shutil
import subprocess

import harness
import told

HERE = harness.BUILD / "tests" / "crash"
TAP = HERE / "libcrash_tap.so"
RECORDER = HERE / "libcrash_recorder.so"
LIAR = HERE / "libcrash_liar.so"
LEDGER_DUMP = HERE / "crash_ledger_dump"
LONG = bool(os.environ.get("STRONGROOM_LONG"))  # set by `scripts/test --long`
SEED = int(os.environ.get("STRONGROOM_SEED", "1"))
CHECK_SECONDS = 600  # of a machine that does much else
SMALL, LARGE = 20_000, 9 << 20  # bytes: of one block, and enough to be written back early


class TappedWorld(harness.World):
    """A world in which every client's connection has a tap."""

    def __init__(self, **options):
        self.taps = None
        super().__init__(**options)

    def environment(self, home=None, days=None):
        environment = super().environment(home, days)
        if home is not None:
            self.taps = self.taps or self.top / "taps"
            self.taps.mkdir(exist_ok=True)
            environment.update(LD_PRELOAD=str(TAP), STRONGROOM_TAP=str(self.taps))
        return environment


def ledger_of(vault, keyfile):
    """Returns the ledger of a vault that nobody serves; None, and why, if it cannot be read."""
    dumped = subprocess.run([LEDGER_DUMP, vault, keyfile], capture_output=True, text=True, timeout=CHECK_SECONDS)
    return (told.Ledger(dumped.stdout), "") if dumped.returncode == 0 else (None, dumped.stderr)


def check_of(vault, keyfile):
    return subprocess.run([harness.STRONGROOMD, "check", vault, "--seal-keyfile", keyfile], capture_output=True, text=True,
                          timeout=CHECK_SECONDS)


def decoded(line):
    """Returns None for a line of a journal that a power cut has torn; the client ignores such a line too."""
    try:
        return json.loads(line)
    except ValueError:
        return None


class Work:
    """Three clients who secure, check out and nominate at once, and try again until they are done."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.case, self.safe = world.open_safe()
        self.contents = {}  # path within the safe → bytes
        self.folders = []   # to be secured, or secured
        self.nominated = False
        self.first = []

    def begin(self):
        """Makes the first records, so that there is something to check out."""
        self.first = self.world.data("depositor", "secure", self.safe, self.new_folder(3), "--class", "case-notes")
        self.world.checkout(self.safe, "representative", "--all")

    def new_folder(self, files, large=False):
        number = self.world.next()
        contents = {f"{number}/{i}.bin": self.rng.randbytes(self.rng.randrange(SMALL)) for i in range(files)}
        if large:
            contents[f"{number}/large.bin"] = self.rng.randbytes(LARGE)
        folder = self.world.folder(contents)
        self.folders.append(folder)
        for name, content in contents.items():
            self.contents[f"{folder.name}/{name}"] = content
        return folder

    def secure(self, large):
        folder = self.new_folder(self.rng.randrange(1, 5), large)
        return lambda: self.world.run("depositor", "secure", self.safe, folder, "--class", "case-notes", "--json", check=None)

    def check_out(self):
        record = self.rng.choice(self.first)["record"]
        out = self.world.top / f"copies-{self.world.next()}"
        holder = self.rng.choice([None, "practitioner"])
        more = ["--for", self.world.person[holder]] if holder else ["-o", out]

        def run():
            copied = self.world.run("representative", "checkout", record, "--purpose", "case-work", "--due",
                                    self.world.today(7), *more, "--json", check=None)
            if copied.code == harness.DONE and holder:
                self.world.run(holder, "collect", copied.json()["number"], "-o", out, check=None)
            return copied
        return run

    def nominate(self):
        nominee = self.world.person["practitioner"]
        if self.nominated:
            words = ("nominate", "end", self.safe, nominee, "--reason-file", self.world.text("moved"))
        else:
            words = ("nominate", self.safe, nominee, "--involvement", "none")

        def run():
            done = self.world.run("lead", *words, check=None)
            self.world.run("representative-2", "sync", "--yes", check=None)
            if done.code in (harness.DONE, harness.CONFLICT):  # a conflict means that an earlier try had done it
                self.nominated = not self.nominated
            return done
        return run

    def begin_all(self, pool, large=False):
        """Starts all three at once, and returns futures of their outcomes."""
        jobs = [self.secure(large), self.nominate(), *([self.check_out()] if self.first else [])]
        return [pool.submit(job) for job in jobs]

    def state(self):
        return dict(self.contents), list(self.folders), self.nominated, self.first

    def restore(self, state):
        self.contents, self.folders, self.nominated, self.first = dict(state[0]), list(state[1]), *state[2:]

    def finish(self):
        """Runs on a service that works: everybody finishes what they owe, and everything that was begun is secured
        once."""
        for who in ("representative", "representative-2", "lead", "practitioner", "depositor"):
            self.world.run(who, "sync", "--yes")
        for folder in self.folders:
            self.world.run("depositor", "secure", self.safe, folder, "--class", "case-notes")

    def problems(self, ledger):
        """Call it after `finish`. Returns the differences between the clients' own files and the ledger."""
        wrong = []
        journal = (self.world.home("depositor") / "journal.jsonl").read_bytes()
        journalled = {line["record"] for line in map(decoded, journal.splitlines()) if line}
        sealed = set(ledger.records())
        wrong += [f"lost: record {one} of the depositor's journal" for one in sorted(journalled - sealed)]
        wrong += [f"twice: record {one} is in the ledger, and the journal has another" for one in sorted(sealed - journalled)]
        if len(sealed) != len(self.contents):
            wrong.append(f"{len(self.contents)} files are {len(sealed)} records")
        for home in sorted((self.world.top / "homes").iterdir()):
            outbox = home / "outbox"
            waiting = [path.name for path in outbox.iterdir() if path.suffix == ".json"] if outbox.exists() else []
            wrong += [f"{home.name} still waits for an answer to {name}" for name in waiting]
        return wrong

    def open_everything(self):
        """Opens a copy of the whole safe and checks that every file is as it was."""
        copy = self.world.checkout(self.safe, "representative", "--all")
        opened = self.world.top / f"opened-{self.world.next()}"
        self.world.run("representative", "open", copy["folder"], "-o", opened)
        found = {str(path.relative_to(opened)): path.read_bytes() for path in opened.rglob("*") if path.is_file()}
        shutil.rmtree(opened)
        shutil.rmtree(copy["folder"])
        if found == self.contents:
            return []
        return [f"opened files differ: {sorted(set(found) ^ set(self.contents))[:5]} or their contents"]


class Verdict:
    """Compares a vault that nobody serves with all that was told so far."""

    def __init__(self, world):
        self.world = world
        self.facts = []

    def take(self):
        """Keeps the taps' contents, and deletes the taps; no client may be running."""
        told_before = {(fact.kind, fact.value) for fact in self.facts}
        for fact in told.facts_in(self.world.taps):
            if (fact.kind, fact.value) not in told_before:
                told_before.add((fact.kind, fact.value))
                self.facts.append(fact)
        for path in self.world.taps.iterdir():
            path.unlink()

    def problems(self, while_clients_wait=False):
        """And the ledger."""
        checked = check_of(self.world.vault, self.world.keyfile)
        wrong = [] if checked.returncode == 0 else [f"check: exit {checked.returncode}: {checked.stdout[:2000]}{checked.stderr[:500]}"]
        if while_clients_wait:
            facts = self.facts + told.facts_in(self.world.taps)
        else:
            self.take()
            facts = self.facts
        ledger, why = ledger_of(self.world.vault, self.world.keyfile)
        if ledger is None:
            return [*wrong, f"the ledger cannot be read: {why}"], None
        return wrong + told.complaints(facts, ledger), ledger
