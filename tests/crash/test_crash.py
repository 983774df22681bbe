"""Promise 8: what a client was told is done is there after the service is killed, and what is half done is resumed.

strace kills the service as it enters the nth call that makes something durable. The clients see their connection break;
the service starts again; the same commands are run again. Nothing that was acknowledged may be lost, nothing may be there
twice, and `check` finds everything consistent.
"""
import os
import shutil
import signal
import unittest

import harness
from harness import DONE

# LMDB commits with fdatasync, segments with fdatasync and pwrite64, files and folders with fsync and rename.
CALLS = ("fdatasync", "pwrite64", "fsync")
MOST_KILLS = 10  # for each kind of call


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Killed(harness.WorldTest):
    def serve_killed_at(self, call, number):
        world = self.world
        real = harness.STRONGROOMD
        harness.STRONGROOMD = world.top / "killed-strongroomd"
        harness.STRONGROOMD.write_text(
            f"#!/bin/sh\nexec strace -D -f -qq -o /dev/null -e trace={call} -e inject={call}:signal=SIGKILL:when={number} "
            f'"{real}" "$@"\n')
        harness.STRONGROOMD.chmod(0o700)
        try:
            world.serve()
            return True
        except AssertionError:  # killed before it was ready
            world.stop(signal.SIGKILL)
            return False
        finally:
            harness.STRONGROOMD = real

    def start_again(self):
        world = self.world
        if world.server is not None:
            alive = world.server.poll() is None
            world.stop(signal.SIGTERM if alive else signal.SIGKILL)
        else:
            alive = False
        world.check()
        world.serve()
        return alive

    def test_securing_and_checking_out_survive_a_kill_at_each_write(self):
        world = self.world
        case, safe = world.open_safe()
        contents = {f"{i}.bin": os.urandom(50_000) for i in range(3)}
        contents["large.bin"] = os.urandom(9 << 20)
        expected, issued = 0, 0
        for call in CALLS:
            kills = 0
            for number in range(1, MOST_KILLS + 1):
                folder = world.folder(contents)
                world.stop()
                self.serve_killed_at(call, number)
                told = world.run("depositor", "secure", safe, folder, "--json", check=None)
                copied = world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due",
                                   world.today(1), "-o", world.top / f"copies-{world.next()}", "--json", check=None)
                survived = self.start_again()
                kills += not survived
                with self.subTest(call=call, number=number):
                    if told.code == DONE:
                        acknowledged = {entry["record"] for entry in told.json()}
                        there = {record["record"] for record in world.data("representative", "records", safe)}
                        self.assertLessEqual(acknowledged, there)
                    world.run("depositor", "secure", safe, folder)  # goes on
                    expected += len(contents)
                    records = world.data("representative", "records", safe)
                    self.assertEqual(len(records), expected)
                    world.run("representative", "sync", check=None)
                    copies = [entry for entry in world.trail(case) if entry["kind"] == "copy.issued"]
                    self.assertIn(len(copies) - issued, (0, 1))
                    if copied.code == DONE:
                        self.assertEqual(len(copies) - issued, 1)
                    issued = len(copies)
                if survived:  # it makes fewer such calls than that
                    break
            self.assertGreater(kills, 0, f"no {call} was reached: the test killed nothing")
        world.run("reviewer", "audit", "verify")


if __name__ == "__main__":
    unittest.main()
