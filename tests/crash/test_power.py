"""Tests promise 8 when the power goes: bytes that were written and not synced may be lost.

A recorder (recorder.cpp) writes down every write, sync and rename that the real service makes from `init` on, while the
clients do their work through it; taps write down the answers that they get, by the same clock. Then the disk is made
again as it may have been at many moments (disk.py): without anything unsynced, and with any of its unsynced sectors.
Each such disk must be a vault that `check` finds consistent and that holds everything told before that moment.

The test proves itself: with one kind of sync taken out of the record it must find a loss.

    STRONGROOM_LONG=1     every moment at which something was told or synced, each with several torn variants
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import tempfile
import time
import unittest

import crashes
import disk
import harness

SAMPLE, TORN, LONG_TORN = 45, 1, 4
NO_VAULT = harness.NOT_FOUND  # `check` found no vault, or none that is whole


class RecordedWorld(crashes.TappedWorld):
    def __init__(self):
        self.recording = False
        self.made = None  # when init had said that it is done
        super().__init__()

    def environment(self, home=None, days=None):
        environment = super().environment(home, days)
        if home is None:
            environment.update(LD_PRELOAD=str(crashes.RECORDER), STRONGROOM_RECORD=str(self.top / "record"),
                               STRONGROOM_RECORD_ROOT=str(self.top / "vault"))
        return environment

    def daemon(self, *arguments, **options):
        outcome = super().daemon(*arguments, **options)
        if arguments[0] == "init":
            self.made = time.monotonic_ns()
        return outcome


@dataclasses.dataclass
class Kind:
    """A kind of sync, which a test takes out."""
    name: str
    taken: object  # a function: whether an event is of this kind


SYNCS = [
    Kind("fdatasync of the database's pages", lambda e: e.call == disk.SYNC and e.path == "db/data.mdb"),
    Kind("O_DSYNC of the database's meta page", lambda e: e.call == disk.WRITE and e.synchronous),
    Kind("fdatasync of a segment", lambda e: e.call == disk.SYNC and e.path.endswith(".seg")),
    Kind("fsync of the payloads' folder", lambda e: e.call == disk.SYNC and e.path == "payload"),
    Kind("fsync of the database's folder", lambda e: e.call == disk.SYNC and e.path == "db"),
    Kind("fsync of the vault's folder", lambda e: e.call == disk.SYNC and e.path == "."),
]


class PowerCut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(crashes.SEED)
        cls.world = world = RecordedWorld()
        work = crashes.Work(world, cls.rng)
        work.begin()
        for number in range(6 if crashes.LONG else 2):
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                for job in work.begin_all(pool, large=number == 1):
                    job.result()
            world.stop(signal.SIGKILL if number % 2 else signal.SIGTERM)
            world.serve()
        world.stop()
        verdict = crashes.Verdict(world)
        verdict.take()
        cls.facts = verdict.facts
        cls.events = disk.events_of(world.top / "record", world.vault)
        cls.disks = disk.Disks(cls.events)
        shm = pathlib.Path("/dev/shm")
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-power-", dir=shm if shm.is_dir() else None))

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
        shutil.rmtree(cls.scratch, ignore_errors=True)

    def problems(self, disks, time_ns, choice):
        """Returns the problems of the disk as it may be at that moment."""
        vault = self.scratch / "vault"
        shutil.rmtree(vault, ignore_errors=True)
        disks.at(time_ns, choice).put(vault)
        checked = crashes.check_of(vault, self.world.keyfile)
        if checked.returncode == NO_VAULT and time_ns < self.world.made:
            return []
        if checked.returncode != 0:
            return [f"check: exit {checked.returncode}: {checked.stdout[:1000]}{checked.stderr[:500]}"]
        ledger, why = crashes.ledger_of(vault, self.world.keyfile)
        if ledger is None:
            return [f"the ledger cannot be read: {why}"]
        return crashes.told.complaints([fact for fact in self.facts if fact.time <= time_ns], ledger)

    def moments(self):
        """Returns the moments at which something was told, and those at which something was synced."""
        told = sorted({fact.time for fact in self.facts} | {self.world.made})
        synced = [event.end for event in self.events if event.call == disk.SYNC or event.synchronous]
        if crashes.LONG:
            return sorted(set(told + synced))
        return sorted(self.rng.sample(told, SAMPLE - SAMPLE // 3) + self.rng.sample(synced, SAMPLE // 3))

    def test_the_record_is_complete(self):
        everything = self.disks.at(self.events[-1].end + 1, lambda event: True)
        self.assertEqual(disk.differences(everything, self.world.vault), [])

    def test_everything_told_survives_a_power_cut(self):
        cuts = 0
        for moment in self.moments():
            choices = [("nothing unsynced", lambda event: None)]
            for seed in range(LONG_TORN if crashes.LONG else TORN):
                torn = random.Random(f"{crashes.SEED} {moment} {seed}")
                choices.append((f"torn {seed}", lambda event, torn=torn: torn))
            for name, choice in choices:
                found = self.problems(self.disks, moment, choice)
                cuts += 1
                self.assertEqual(found, [], f"power cut at {moment}, {name}")
        print(f"{cuts} power cuts, {len(self.events)} calls recorded, {len(self.facts)} things told: nothing lost")

    def test_a_sync_that_is_taken_out_is_missed(self):
        told = sorted({fact.time for fact in self.facts if fact.kind == "entry"})
        for kind in SYNCS:
            with self.subTest(kind.name):
                self.assertTrue(any(kind.taken(event) for event in self.events), "the service makes no such sync")
                disks = disk.Disks(self.events, ignored=kind.taken)
                # Bytes that never reach the disk are still missing at the end; otherwise a moment in between shows the
                # loss.
                for moment in [told[-1], *self.rng.sample(told, 10)]:
                    torn = random.Random(moment)
                    found = (self.problems(disks, moment, lambda event: None) or
                             self.problems(disks, moment, lambda event, torn=torn: torn))
                    if found:
                        break
                self.assertTrue(found, "nothing was missed")
                print(f"without the {kind.name}: {str(found[0])[:100]}")


if __name__ == "__main__":
    unittest.main()
