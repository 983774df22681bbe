"""Kills a client, or fails its disk or its power, while it writes down what it owes: strace stops the real `strongroom
secure` at a call that makes its home durable (outbox, journal, checkpoint, directory), and the same command is run
again. After a power cut the home is first replaced by one that disk.py says is possible: without anything unsynced, or
torn. Each file must be a record once, and the journal must know it.

    STRONGROOM_LONG=1     each call, each kind
"""
import itertools
import os
import random
import shutil
import subprocess
import time
import unittest

import crashes
import disk
import harness
from harness import DONE

CALLS = {"fsync": 10, "rename": 5, "unlink": 3, "ftruncate": 2}  # and how many a thread makes of each
ENDS = ("killed", "EIO", "ENOSPC", "power cut", "power cut, torn", "power cut at the first use")
SAMPLE = 14
WHO = "depositor"
NEVER = 60000  # as strace counts


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(crashes.SEED)
        cls.world = crashes.TappedWorld()
        cls.work = crashes.Work(cls.world, cls.rng)
        cls.home = cls.world.home(WHO)
        cls.record = cls.world.top / "record"
        cls.enrolled = cls.world.top / "enrolled"  # the home before anything was secured from it
        shutil.copytree(cls.home, cls.enrolled)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def secure_until(self, folder, call, nth, end):
        """Returns whether the client met its end."""
        return self.secure_recorded(folder, end, call, nth)

    def secure_recorded(self, folder, end, call="fsync", nth=NEVER):
        self.record.unlink(missing_ok=True)
        how = f"error={end}" if end in ("EIO", "ENOSPC") else "signal=SIGKILL"
        calls = self.world.top / "calls"
        calls.unlink(missing_ok=True)
        environment = self.world.environment(WHO)
        preloaded = [("LD_PRELOAD", f"{crashes.TAP} {crashes.RECORDER}"), ("STRONGROOM_TAP", environment["STRONGROOM_TAP"]),
                     ("STRONGROOM_RECORD", self.record), ("STRONGROOM_RECORD_ROOT", self.home)]
        del environment["LD_PRELOAD"]  # only the client has the tap, not strace
        words = ["strace", "-D", "-f", "-qq", "-o", calls, "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={nth}",
                 *(word for name, value in preloaded for word in ("-E", f"{name}={value}")),
                 harness.STRONGROOM, "secure", self.work.safe, folder, "--class", "case-notes", "--json"]
        ended = subprocess.run(words, env=environment, capture_output=True, timeout=harness.COMMAND_TIMEOUT)
        if how.startswith("signal"):
            return ended.returncode == -9
        deadline = time.monotonic() + 1  # strace writes behind the client's back
        while time.monotonic() < deadline and not calls.exists():
            time.sleep(0.01)
        met = "(INJECTED)" in calls.read_text()
        self.assertIn(ended.returncode, (harness.DONE, harness.FAILURE), ended)
        return met

    def cut_power(self, base, torn):
        events = disk.events_of(self.record, self.home) if self.record.exists() else []
        disks = disk.Disks(events, base=base)
        tree = disks.at(time.monotonic_ns(), lambda event: self.rng if torn else None)
        shutil.rmtree(self.home)
        tree.put(self.home)

    def put_enrolled_home(self):
        """Puts the enrolled home back, and returns the journal that it had."""
        journal = self.home / "journal.jsonl"
        lines = journal.read_text() if journal.exists() else ""
        shutil.rmtree(self.home)
        shutil.copytree(self.enrolled, self.home)
        return lines

    def secured_again(self, folder, earlier):
        """Runs the same command, which finishes the rest, and checks that there is nothing twice."""
        self.world.run(WHO, "secure", self.work.safe, folder, "--class", "case-notes", check=DONE)
        listed = self.world.data(WHO, "secure", self.work.safe, folder, "--class", "case-notes")
        self.assertEqual(len(listed), 2)
        sealed = self.world.data("representative", "records", self.work.safe)
        self.assertEqual(len(sealed), len(self.work.contents), "a file is there twice, or not at all")
        journal = self.home / "journal.jsonl"
        journal.write_text(earlier + journal.read_text())

    def test_what_was_done_is_known_after_a_power_cut(self):
        for name, put in (("first use", self.put_enrolled_home), ("later", str)):
            with self.subTest(name):
                folder, earlier = self.work.new_folder(2), put()
                base = disk.Tree.of(self.home)
                self.secure_recorded(folder, "done")
                self.cut_power(base, torn=False)
                self.secured_again(folder, earlier)

    def test_each_file_is_secured_once(self):
        every = [(call, nth, end) for call, most in CALLS.items() for nth in range(1, most + 1) for end in ENDS]
        chosen = every if crashes.LONG else self.rng.sample(every, SAMPLE)
        met = 0
        for call, nth, end in chosen:
            folder = self.work.new_folder(2)
            earlier = self.put_enrolled_home() if end.endswith("first use") else ""
            base = disk.Tree.of(self.home)
            reached = self.secure_until(folder, call, nth, end)
            met += reached
            if reached and end.startswith("power"):
                self.cut_power(base, end.endswith("torn"))
            with self.subTest(call=call, nth=nth, end=end):
                self.secured_again(folder, earlier)
        print(f"{len(chosen)} runs of the client, {met} ended early: each file is there once")
        self.assertGreater(met, len(chosen) // 3)
        self.work.finish()
        self.assertEqual(self.work.open_everything(), [])
        self.world.run(WHO, "audit", "verify")
        with self.world.stopped():
            ledger, why = crashes.ledger_of(self.world.vault, self.world.keyfile)
        self.assertIsNotNone(ledger, why)
        self.assertEqual(self.work.problems(ledger), [])


if __name__ == "__main__":
    unittest.main()
