"""Tests promise 8 on a disk that is full: a file system of the vault's own, which is filled while clients work.

The service refuses with 507 any data for which it has no space, and keeps nothing of it. Reads still work, and all work
continues when there is space again, without a restart. The tests run first with the reserve that the service keeps
free, then without it, so that writes and commits themselves meet the end of the disk.
"""
import os
import random
import signal
import subprocess
import unittest

import crashes
import harness
import told
from harness import DONE, FAILURE

MIB = 1 << 20
DISK = 700 * MIB
PAYLOAD_RESERVE, DATABASE_RESERVE = 256 * MIB, 64 * MIB  # vault/payload/segments.h, vault/engine/lmdb.h
NO_SPACE = 507


def mounted(top):
    """Mounts a small file system at `top`/disk: ext4 on a loop device, or tmpfs. Returns None if neither may be
    mounted."""
    point, image = top / "disk", top / "disk.img"
    point.mkdir()
    with open(image, "wb") as file:
        file.truncate(DISK)
    attempts = (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, point])
    if all(subprocess.run(words, capture_output=True).returncode == 0 for words in attempts):
        return point
    tmpfs = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", point]
    return point if subprocess.run(tmpfs, capture_output=True).returncode == 0 else None


class SmallWorld(crashes.TappedWorld):
    lies = False  # about the space that is left

    def daemon(self, *arguments, **options):
        if arguments[0] == "init":
            self.disk = mounted(self.top)
            if self.disk is None:
                raise unittest.SkipTest("no file system may be mounted here")
            self.vault = self.disk / "vault"
            arguments = ("init", self.vault, *arguments[2:])
        return super().daemon(*arguments, **options)

    def environment(self, home=None, days=None):
        environment = super().environment(home, days)
        if home is None and self.lies:
            environment["LD_PRELOAD"] = str(crashes.LIAR)
        return environment

    def leave(self, free):
        """Fills the disk until so many bytes are free; None frees all of them."""
        filler = self.disk / "filler"
        filler.unlink(missing_ok=True)
        if free is None:
            return
        with open(filler, "wb") as file:
            for step in (64 * MIB, 4 * MIB, 256 << 10, 4 << 10):
                while self.space() - free >= step:
                    try:
                        os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)
                    except OSError:  # the file system needs blocks for itself too
                        break

    def space(self):
        status = os.statvfs(self.disk)
        return status.f_bavail * status.f_frsize

    def close(self):
        if self.server is not None:
            self.stop(signal.SIGKILL)
        subprocess.run(["umount", self.top / "disk"], capture_output=True)
        super().close()


class FullDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(crashes.SEED)
        cls.world = SmallWorld()
        cls.work = crashes.Work(cls.world, cls.rng)
        cls.work.begin()
        cls.verdict = crashes.Verdict(cls.world)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        self.world.leave(None)
        if self.world.lies:  # the service of an earlier test, which may have failed
            self.world.stop()
            self.world.lies = False
            self.world.serve()

    def secure(self, folder, check):
        return self.world.run("depositor", "secure", self.work.safe, folder, "--class", "case-notes", check=check)

    def check_out(self, check):
        out = self.world.top / f"copies-{self.world.next()}"
        return self.world.run("representative", "checkout", self.work.first[0]["record"], "--purpose", "case-work", "--due",
                              self.world.today(7), "-o", out, check=check)

    def assert_refused(self, outcome):
        """Asserts a 507 on the wire, and a message that says why."""
        statuses = {status for _, status in told.answers_in(self.world.taps)}
        self.assertIn(NO_SPACE, statuses, outcome)
        self.assertRegex(outcome.err, "space|room|full", outcome)

    def assert_nothing_lost(self):
        """Finishes the work that was begun, in the same service, and asserts that nothing is lost."""
        self.work.finish()
        self.assertEqual(self.work.open_everything(), [])
        for who in ("depositor", "representative", "reviewer"):
            self.world.run(who, "audit", "verify")
        self.world.stop()
        problems, ledger = self.verdict.problems()
        self.world.serve()
        self.assertEqual(problems + self.work.problems(ledger), [])

    def entries(self):
        return len(self.world.data("reviewer", "audit", "trail", "--case", self.work.case))

    def test_uploads_stop_at_their_reserve_and_everything_else_goes_on(self):
        world = self.world
        before = self.entries()
        folder = self.work.new_folder(2)
        world.leave(PAYLOAD_RESERVE - MIB)
        self.assert_refused(self.secure(folder, FAILURE))
        self.assertEqual(self.entries(), before)  # nothing of it was entered
        self.check_out(DONE)                       # entries have a reserve of their own
        world.data("representative", "records", self.work.safe)
        world.leave(PAYLOAD_RESERVE + 4 * MIB)
        self.secure(folder, DONE)
        world.leave(None)
        self.assert_nothing_lost()

    def test_acts_stop_at_the_databases_reserve_and_reads_go_on(self):
        world = self.world
        self.check_out(DONE)
        world.leave(DATABASE_RESERVE - MIB)
        self.verdict.take()
        self.assert_refused(self.check_out(FAILURE))
        self.assertEqual(len(world.data("representative", "records", self.work.safe)), len(self.work.contents))
        world.data("representative", "copies", "--mine")
        world.run("reviewer", "audit", "verify")
        world.leave(DATABASE_RESERVE + 4 * MIB)
        self.check_out(DONE)
        world.leave(None)
        self.assert_nothing_lost()

    def test_uploads_and_commits_meet_the_end_of_the_disk_itself(self):
        world = self.world
        world.stop()
        world.lies = True
        world.serve()
        refused = 0
        for free in (0, 16 << 10, 64 << 10, 256 << 10, MIB, 3 * MIB):
            with self.subTest(free=free):
                world.leave(free)
                self.verdict.take()
                outcomes = [self.secure(self.work.new_folder(3, large=True), None), self.check_out(None)]
                for outcome in outcomes:
                    self.assertIn(outcome.code, (DONE, FAILURE), outcome)
                    if outcome.code == FAILURE:
                        self.assert_refused(outcome)
                        refused += 1
                self.assertIsNone(world.server.poll(), "the service has ended")
                world.run("representative", "records", self.work.safe)  # reads still work
                world.leave(None)
                self.secure(self.work.folders[-1], DONE)
        self.assertGreater(refused, 1)  # others may still find free pages and allocated extents
        world.leave(None)
        self.assert_nothing_lost()
        world.stop()
        world.lies = False
        world.serve()

    def test_a_vault_opens_and_is_checked_while_the_disk_is_full(self):
        world = self.world
        world.stop()
        world.leave(0)
        world.check()
        world.serve()
        world.run("representative", "records", self.work.safe)
        self.verdict.take()
        self.assert_refused(self.check_out(FAILURE))
        world.leave(None)
        self.assert_nothing_lost()


if __name__ == "__main__":
    unittest.main()
