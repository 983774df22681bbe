"""Tests promise 8 with a disk that fails and a process that is killed: strace fails (EIO, ENOSPC) or kills (SIGKILL)
the real service at a call that changes its directory or makes a change durable, while three clients secure, check out
and nominate. It is started again whenever it has ended, perhaps to meet the next fault. Whenever it is down, `check`
must find the vault consistent, and the vault must hold everything that clients were told so far (told.py). After some
rounds the clients finish on a service that works: every file must be there once, as it was, and every command be done
once.

    python3 -m unittest test_faults     a sample, for CI
    STRONGROOM_LONG=1                   until STRONGROOM_FAULTS (2,000) faults; STRONGROOM_SEED chooses their order
"""
import collections
import concurrent.futures
import dataclasses
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

import crashes
import harness
from harness import CONFLICT, DONE, FAILURE

WANTED = int(os.environ.get("STRONGROOM_FAULTS", "2000"))
KINDS = ("SIGKILL", "EIO", "ENOSPC")
ROUNDS = 10  # before the clients finish and the world is put back as it was

DATABASE, SEGMENT, LOG = "db/data.mdb", "payload/*.seg", "../service.log"
SEGMENTS = 12  # when a segment could not be synced, the service gives it up and begins the next one


@dataclasses.dataclass(frozen=True)
class Target:
    """A call that the service makes on a path, found with strace."""
    call: str
    path: str
    deepest: int  # a thread makes at most so many such calls in one round
    at_start: bool = False
    first_upload: bool = False  # made only by the vault's first upload


# LMDB writes pages with writev and pwrite64, then syncs, then writes the meta page with a pwrite64 through O_DSYNC. An
# upload's place is allocated; segment and folder are synced before it is used; its bytes are synced before it is sealed.
TARGETS = [
    Target("openat", DATABASE, 2, at_start=True), Target("fsync", "db", 1, at_start=True),
    Target("fsync", "payload", 1, at_start=True),
    Target("pwrite64", DATABASE, 12), Target("writev", DATABASE, 5), Target("fdatasync", DATABASE, 6),
    Target("pwrite64", SEGMENT, 8), Target("fdatasync", SEGMENT, 1), Target("sync_file_range", SEGMENT, 1),
    Target("openat", SEGMENT, 1), Target("fsync", SEGMENT, 1), Target("fsync", "payload", 1),
    Target("openat", SEGMENT, 1, first_upload=True), Target("fsync", SEGMENT, 1, first_upload=True),
    Target("fsync", "payload", 1, first_upload=True), Target("fallocate", SEGMENT, 1, first_upload=True),
    Target("write", LOG, 5),
]
OFTEN = [target for target in TARGETS if target.deepest > 2]


@dataclasses.dataclass(frozen=True)
class Fault:
    target: Target
    kind: str
    nth: int

    def __str__(self):
        when = " at the start" if self.target.at_start else ""
        return f"{self.kind} at {self.target.call} {self.nth} of {self.target.path}{when}"

    def arguments(self, world):
        how = f"signal={self.kind}" if self.kind == "SIGKILL" else f"error={self.kind}"
        names = [f"payload/{n:08}.seg" for n in range(1, SEGMENTS)] if self.target.path == SEGMENT else [self.target.path]
        paths = [word for name in names for word in ("-P", (world.vault / name).resolve())]
        return ["-f", "-qq", "-o", world.calls, "-e", f"trace={self.target.call}", *paths, "-e",
                f"inject={self.target.call}:{how}:when={self.nth}"]


class FaultyWorld(crashes.TappedWorld):
    tracer = None

    def serve_with(self, fault):
        """Starts the service with the fault; returns False if it ended before it was ready."""
        self.calls = self.top / "calls"
        self.calls.unlink(missing_ok=True)
        real = harness.STRONGROOMD
        if fault is not None and fault.target.at_start:
            harness.STRONGROOMD = self.top / "faulty-strongroomd"
            words = " ".join(f'"{word}"' for word in fault.arguments(self))
            harness.STRONGROOMD.write_text(f'#!/bin/sh\nexec strace -D {words} "{real}" "$@"\n')
            harness.STRONGROOMD.chmod(0o700)
        try:
            self.serve()
        except AssertionError:
            return False
        finally:
            harness.STRONGROOMD = real
        if fault is not None and not fault.target.at_start:
            self.attach(fault)
        return True

    def attach(self, fault):
        self.tracer = subprocess.Popen(["strace", *fault.arguments(self), "-p", str(self.server.pid)], stderr=subprocess.DEVNULL)
        tasks = pathlib.Path(f"/proc/{self.server.pid}/task")
        deadline = time.monotonic() + 10
        while any("TracerPid:\t0" in (task / "status").read_text() for task in tasks.iterdir()):
            if time.monotonic() > deadline or self.tracer.poll() is not None:
                raise AssertionError("strace cannot attach to the service")
            time.sleep(0.002)

    def detach(self):
        if self.tracer is not None:
            if self.server is not None and self.server.poll() is None:
                self.tracer.terminate()
            self.tracer.wait()
            self.tracer = None

    def end(self):
        """Returns how the service ended, and ends it now if it runs."""
        code = self.stop(signal.SIGTERM if self.server.poll() is None else signal.SIGKILL)
        self.detach()
        return code

    def met(self, fault, code):
        if fault is None:
            return 0
        if fault.kind == "SIGKILL":
            return int(code == -signal.SIGKILL)
        return self.calls.read_text().count("(INJECTED)") if self.calls.exists() else 0


class Saved:
    """A saved copy of the world: vault, homes, files."""

    def __init__(self, world, work, facts):
        self.world, self.work, self.state, self.facts = world, work, work.state(), list(facts)
        self.copy = world.top.with_name(f"{world.top.name}-saved-{world.next()}")
        self.clone(world.top, self.copy)

    @staticmethod
    def clone(source, target):
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True)

    def put_back(self, verdict):
        self.clone(self.copy, self.world.top)
        self.work.restore(self.state)
        verdict.facts = list(self.facts)

    def drop(self):
        shutil.rmtree(self.copy, ignore_errors=True)


def sampled(rng):
    """Chooses faults for CI: each target with a kill and an error, and those that happen often with another, later
    kill."""
    faults = [Fault(target, kind, 1) for target in TARGETS for kind in ("SIGKILL", rng.choice(KINDS[1:]))]
    faults += [Fault(target, "SIGKILL", rng.randint(2, 3)) for target in OFTEN]
    rng.shuffle(faults)
    return faults


def all_of_them(rng):
    """Yields each call of each target with each kind, for ever: after the last one it begins again, with other work."""
    while True:
        faults = [Fault(target, kind, nth) for target in TARGETS for kind, nth in
                  itertools.product(KINDS, range(1, target.deepest + 1))]
        rng.shuffle(faults)
        yield from faults


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(crashes.SEED)
        cls.world = FaultyWorld()
        cls.work = crashes.Work(cls.world, cls.rng)
        cls.verdict = crashes.Verdict(cls.world)
        cls.empty = cls.save()
        cls.world.serve()
        cls.work.begin()
        cls.used = cls.save()
        cls.count, cls.lives, cls.missed = collections.Counter(), 0, set()

    @classmethod
    def save(cls):
        cls.world.stop()
        cls.verdict.take()
        return Saved(cls.world, cls.work, cls.verdict.facts)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
        cls.empty.drop()
        cls.used.drop()

    def judge(self, what, problems):
        if problems:
            kept = self.world.top.with_name(self.world.top.name + "-failed")
            Saved.clone(self.world.top, kept)
            self.fail(f"{what}; kept in {kept}\n" + "\n".join(map(str, problems[:20])))

    def round(self, faults):
        """Lets the three work while the service meets one fault after the other. Returns the faults that it met."""
        met, missed = [], []
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            jobs = None
            while jobs is None or not all(job.done() for job in jobs):
                fault = faults.popleft() if faults else None
                started = self.world.serve_with(fault)
                if jobs is None:
                    # Only a large upload is written back before it is synced.
                    large = self.rng.random() < 0.2 or (fault is not None and fault.target.call == "sync_file_range")
                    jobs = self.work.begin_all(pool, large)
                while started and self.world.server.poll() is None and not all(job.done() for job in jobs):
                    time.sleep(0.005)
                goes_on = started and self.world.server.poll() is None
                if goes_on and fault is not None and not fault.target.at_start:
                    self.world.detach()
                    self.judge(fault, self.is_of_no_use())
                times = self.world.met(fault, self.world.end())
                self.lives += 1
                if times:
                    met.append(fault)
                    self.count[fault.target, fault.kind] += times
                # The work was over before the fault came: it is tried once more, first.
                elif fault is not None and fault not in self.missed:
                    self.missed.add(fault)
                    missed.append(fault)
                problems, _ = self.verdict.problems(while_clients_wait=True)
                self.judge(fault, problems)
            # A conflict means that an earlier try had done it, or that the end of a nomination has given the safe a new
            # key meanwhile.
            answers = [job.result() for job in jobs]
        faults.extendleft(missed)
        problems, _ = self.verdict.problems()
        self.judge(met, problems + [answer for answer in answers if answer.code not in (DONE, FAILURE, CONFLICT)])
        return met

    def is_of_no_use(self):
        """Complains if a service that has met a fault neither ends nor works."""
        folder = self.work.new_folder(1)
        for _ in range(2):  # the first try may give up a segment that could not be synced
            secured = self.world.run("depositor", "secure", self.work.safe, folder, "--class", "case-notes", check=None)
            if secured.code == DONE:
                return []
        return [f"the service goes on, and does not work: {secured}"]

    def finish(self, history):
        """Lets the clients finish the work that these rounds began."""
        self.world.serve()
        self.work.finish()
        problems = self.work.open_everything()
        for who in ("depositor", "representative", "lead", "reviewer"):
            self.world.run(who, "audit", "verify")
        self.world.stop()
        found, ledger = self.verdict.problems()
        self.judge("after " + ", ".join(map(str, history)), problems + found + self.work.problems(ledger))

    def rounds(self, saved, faults, until=lambda: False):
        faults = collections.deque(faults)
        while faults and not until():
            saved.put_back(self.verdict)
            history = []
            for _ in range(ROUNDS):
                if faults and not until():
                    history += self.round(faults)
                    if crashes.LONG:
                        print(f"{self.lives} lives, {sum(self.count.values())} faults", flush=True)
            self.finish(history)

    def test_everything_told_survives(self):
        if crashes.LONG:
            source = all_of_them(self.rng)
            is_enough = lambda: sum(self.count.values()) >= WANTED
            while not is_enough():
                self.missed.clear()
                some = list(itertools.islice(source, 150))
                self.rounds(self.used, (fault for fault in some if not fault.target.first_upload), is_enough)
                for fault in some:
                    if fault.target.first_upload and not is_enough():
                        self.rounds(self.empty, [fault])
        else:
            some = sampled(self.rng)
            self.rounds(self.used, (fault for fault in some if not fault.target.first_upload))
            self.rounds(self.empty, (fault for fault in some if fault.target.first_upload and fault.kind == "SIGKILL"))
        for (target, kind), number in sorted(self.count.items(), key=str):
            print(f"{number:5} {kind:7} {target.call} {target.path}{' at start' * target.at_start}{' first' * target.first_upload}")
        print(f"{self.lives} lives of the service, {sum(self.count.values())} faults: nothing lost, nothing twice, nothing half")
        for target in TARGETS:
            self.assertGreater(sum(self.count[target, kind] for kind in KINDS), 0, f"{target} met no fault")


if __name__ == "__main__":
    unittest.main()
