"""Attacks each promise from outside the programs: as other staff, as somebody who has the server, as somebody who has
the disk."""
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import threading
import unittest

import harness
from harness import CONFLICT, DONE, INTEGRITY, NOT_FOUND, REFUSED


class OnlyKeyholdersOpen(harness.WorldTest):
    """Tests promises 1 to 4."""

    def checkout_as(self, who, what, code):
        world = self.world
        out = world.top / f"stolen-{world.next()}"
        world.run(who, "checkout", what, "--purpose", "case-work", "--due", world.today(1), "-o", out, check=code)
        self.assertEqual(list(out.rglob("*.age")) if out.exists() else [], [])

    def test_promise_1_other_staff_and_administrators_are_refused_and_the_trail_says_so(self):
        world = self.world
        case, safe = world.open_safe()
        record = world.secure(safe, {"a.txt": b"secret words"})[0]["record"]
        for who in ("practitioner", "lead", "depositor", "administrator", "spoc", "reviewer", "local-authority"):
            self.checkout_as(who, record, REFUSED)
        self.checkout_as("teacher", record, NOT_FOUND)
        refused = [entry for entry in world.trail(case) if entry["kind"] == "access.refused"]
        actors = {entry["actor"] for entry in refused}
        for who in ("practitioner", "lead", "administrator", "teacher", "local-authority"):
            self.assertIn(world.person[who], actors, who)
        self.assertNotIn("copy.issued", [entry["kind"] for entry in world.trail(case)])

    def test_promise_1_nothing_of_a_file_stands_in_the_directory(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"Name of a child.txt": b"words that must not leak " * 100})
        with world.stopped():
            found = b"".join(p.read_bytes() for p in world.vault.rglob("*") if p.is_file() and p.stat().st_size < 1 << 30)
        for words in (b"Name of a child", b"words that must not leak", b"Test representative", b"AGE-SECRET-KEY"):
            self.assertNotIn(words, found)
        # The files have no record's header either, so nobody opens a payload with only a safe's key.
        self.assertNotIn(b"age-encryption.org/v1\n-> X25519", found)

    def test_promise_2_a_vault_without_its_key_does_not_open(self):
        world = self.world
        other = world.top / "another.key"
        other.write_bytes(os.urandom(32))
        other.chmod(0o600)
        with world.stopped():
            for verb in ("check", "serve"):
                outcome = world.daemon(verb, world.vault, "--seal-keyfile", other, check=None)
                self.assertEqual(outcome.code, INTEGRITY, outcome)

    def test_promise_2_an_ended_nomination_opens_nothing_and_a_new_key_takes_over(self):
        world = self.world
        case, safe = world.open_safe()
        first = world.secure(safe, {"before.txt": b"before"})[0]["record"]
        world.run("lead", "nominate", "end", safe, world.person["representative-2"])
        self.checkout_as("representative-2", first, REFUSED)
        world.run("representative", "sync", "--yes")
        self.assertEqual(world.data("lead", "safe", "show", safe)["epoch"], 1)
        second = world.secure(safe, {"after.txt": b"after"})[0]["record"]
        self.checkout_as("representative-2", second, REFUSED)
        copy = world.checkout(safe, "representative", "--all")
        self.assertEqual(len(copy["records"]), 2)
        opened = world.top / f"opened-{world.next()}"
        world.run("representative", "open", copy["folder"], "-o", opened)
        self.assertEqual(sorted(p.read_bytes() for p in opened.rglob("*") if p.is_file()), [b"after", b"before"])
        self.assertIn("epoch.started", [entry["kind"] for entry in world.trail(case)])

    def test_promise_2_a_nominee_is_nobody_until_both_clients_have_acted(self):
        world = self.world
        _, safe = world.open_safe(representatives=("representative",))
        record = world.secure(safe, {"a.txt": b"a"})[0]["record"]
        world.run("lead", "nominate", safe, world.person["practitioner"], "--involvement", "none")
        self.checkout_as("practitioner", record, REFUSED)
        # There is nobody to ask, so the client leaves this work, and still does the command.
        left = world.run("representative", "case", "list")
        self.assertIn("needs your agreement", left.err)
        self.assertIn(world.person["practitioner"], left.err)
        # At a terminal the question says who, with fingerprint, for which safe, and who nominated them.
        shown = world.at_terminal("representative", "sync", answers=[("[y/N]", "n")])
        fingerprint = world.data("practitioner", "whoami")["fingerprint"]
        for words in (world.person["practitioner"], fingerprint, safe, world.person["lead"], "you did not agree"):
            self.assertIn(words, shown)
        self.checkout_as("practitioner", record, REFUSED)
        world.at_terminal("representative", "sync", answers=[("[y/N]", "y")])
        world.run("practitioner", "sync", "--yes")
        states = {n["person"]: n["state"] for n in world.data("lead", "nominate", "list", safe)}
        self.assertEqual(states[world.person["practitioner"]], "active")
        world.checkout(record, "practitioner")

    def test_promise_3_the_entry_of_a_copy_is_there_even_when_its_client_never_came_back(self):
        world = self.world
        case, safe = world.open_safe()
        record = world.secure(safe, {"a.txt": b"a"})[0]["record"]
        blocked = world.top / f"not-a-folder-{world.next()}"
        blocked.write_text("a file stands where the folder would")
        world.run("representative", "checkout", record, "--purpose", "case-work", "--due", world.today(1), "-o", blocked,
                  check=None)
        issued = [entry for entry in world.trail(case) if entry["kind"] == "copy.issued"]
        copies = world.data("representative", "copies", "--case", case)
        self.assertEqual(len(issued), len(copies))
        for copy in copies:
            self.assertEqual(copy["state"], "issued")

    def test_promise_4_a_revoked_person_is_nobody(self):
        world = self.world
        _, safe = world.open_safe()
        world.invite("lead", "leaver", "local-authority", "practitioner")
        world.run("lead", "person", "revoke", world.person["leaver"], "--yes")
        world.run("leaver", "safe", "list", check=REFUSED)

    def test_promise_4_administrators_and_practitioners_invite_nobody(self):
        world = self.world
        for who in ("administrator", "practitioner", "spoc"):
            world.run(who, "person", "invite", "--agency", world.agency["local-authority"], "--role", "practitioner",
                      "--name", "Test puppet", check=REFUSED)
        world.run("lead", "person", "invite", "--agency", world.agency["school"], "--role", "practitioner", "--name",
                  "Test puppet", check=REFUSED)
        world.run("icb", "person", "invite", "--agency", world.agency["police"], "--role", "custodian", "--name",
                  "Test puppet", check=REFUSED)

    def test_promise_6_no_command_changes_a_record(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        before = world.data("representative", "records", safe)
        copy = world.checkout(safe, "representative", "--all")
        world.run("representative", "return", copy["number"], "--how", "destroyed")
        self.assertEqual(world.data("representative", "records", safe), before)


class HistoryOnlyGrows(harness.WorldTest):
    """Tests promise 5, and the findings of `check` and `rebuild`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case, cls.safe = cls.world.open_safe()
        cls.world.secure(cls.safe, {f"{i}.bin": os.urandom(100_000) for i in range(4)})
        cls.world.checkout(cls.safe, "representative", "--all")

    def test_promise_5_an_older_copy_put_back_is_noticed_by_whoever_saw_more(self):
        world = self.world
        older = world.top / "older"
        with world.stopped():
            shutil.copytree(world.vault, older)
        world.refer()
        with world.stopped():
            newer = world.top / "newer"
            world.vault.rename(newer)
            older.rename(world.vault)
        try:
            outcome = world.run("spoc", "case", "list", check=INTEGRITY)
            self.assertIn("backwards", outcome.err)
        finally:
            world.stop()
            shutil.rmtree(world.vault)
            newer.rename(world.vault)
            world.serve()
        world.run("spoc", "case", "list")

    def test_check_passes_on_what_nobody_touched_and_rebuild_gives_the_same(self):
        world = self.world
        with world.stopped():
            world.check()
            world.daemon("rebuild", world.vault, "--seal-keyfile", world.keyfile)
            world.check()
        self.assertEqual(len(world.data("representative", "records", self.safe)), 4)
        world.run("reviewer", "audit", "verify")

    def test_check_finds_each_altered_payload_block(self):
        world = self.world
        with world.stopped():
            for position in (0, 50_000, 210_000, 330_000):
                altered = world.top / f"altered-{position}"
                shutil.copytree(world.vault, altered)
                segment = altered / "payload" / "00000001.seg"
                with segment.open("r+b") as file:
                    file.seek(position)
                    byte = file.read(1)[0]
                    file.seek(position)
                    file.write(bytes([byte ^ 0x80]))
                outcome = world.check(altered, INTEGRITY)
                self.assertIn("rec_", outcome.out + outcome.err)
                shutil.rmtree(altered)

    @unittest.skipUnless(shutil.which("mdb_dump"), "mdb_dump is not installed")
    def test_check_passes_a_flipped_database_only_where_every_value_is_unchanged(self):
        world = self.world

        def dump(directory):
            # Keeps every value, but not the file's own properties, for example the size of its map.
            done = subprocess.run(["mdb_dump", "-a", str(directory)], capture_output=True)
            lines = [line for line in done.stdout.splitlines() if line.startswith((b" ", b"database="))]
            return done.returncode, lines

        with world.stopped():
            data = next((world.vault / "db").rglob("data.mdb"))
            original = data.read_bytes()
            whole = dump(data.parent)
            self.assertEqual(whole[0], 0)
            chance = random.Random(7)
            used = [i for i in range(0, len(original), 256) if any(original[i:i + 256])]
            found = 0
            try:
                for _ in range(24):
                    position = min(chance.choice(used) + chance.randrange(256), len(original) - 1)
                    damaged = bytearray(original)
                    damaged[position] ^= 1 << chance.randrange(8)
                    data.write_bytes(damaged)
                    outcome = world.check(code=None)
                    self.assertIn(outcome.code, (DONE, INTEGRITY), f"at byte {position}\n{outcome}")
                    if outcome.code == DONE:
                        self.assertEqual(dump(data.parent)[1], whole[1], f"byte {position} changed a value unseen")
                    else:
                        found += 1
            finally:
                data.write_bytes(original)
            world.check()
            self.assertGreater(found, 0)


class Cutter:
    """A proxy between client and service that drops the answer to one chosen exchange."""

    def __init__(self, port, target):
        self.target = target
        self.cut_at = None
        self.answers = 0
        self.lock = threading.Lock()
        self.ends = []
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.start(self.accept)

    def start(self, what, *arguments):
        thread = threading.Thread(target=what, args=arguments)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self.ends += [client, server]
            self.start(self.pump, client, server, False)
            self.start(self.pump, server, client, True)

    def pump(self, source, sink, answers):
        try:
            while data := source.recv(65536):
                if answers:
                    with self.lock:
                        self.answers += 1
                        cut = self.answers == self.cut_at
                    if cut:
                        break
                sink.sendall(data)
        except OSError:
            pass
        self.shut(source, sink)

    @staticmethod
    def shut(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.shut(self.listener, *self.ends)
        for thread in self.threads:
            thread.join()
        for end in (self.listener, *self.ends):
            end.close()


class AnswersGetLost(harness.WorldTest):
    """Tests that a retry after a lost answer has one effect, no matter which answer was lost."""

    def test_a_checkout_whose_answer_is_lost_issues_one_copy(self):
        world = self.world
        case, safe = world.open_safe()
        record = world.secure(safe, {"a.txt": b"a"})[0]["record"]
        world.stop()
        public = world.port
        held, world.port = harness.take_port()
        self.addCleanup(held.close)
        world.serve()
        cutter = Cutter(public, world.port)
        try:
            cutter.answers = 0
            world.checkout(record, "representative")
            whole = cutter.answers
            issued = 1
            for cut in range(2, whole + 1):
                cutter.answers, cutter.cut_at = 0, cut
                outcome = world.run("representative", "checkout", record, "--purpose", "case-work", "--due",
                                    world.today(1), "-o", world.top / f"copies-{world.next()}", check=None)
                cutter.cut_at = None
                world.run("representative", "sync", "--yes")  # this finishes the work in the outbox
                entries = [e for e in world.trail(case) if e["kind"] == "copy.issued"]
                self.assertIn(len(entries) - issued, (0, 1), f"cut at {cut}\n{outcome}")
                if outcome.code == DONE:
                    self.assertEqual(len(entries) - issued, 1, f"cut at {cut}")
                issued = len(entries)
            self.assertGreater(issued, 1)
        finally:
            cutter.close()
            world.stop()
            world.port = public
            world.serve()


if __name__ == "__main__":
    unittest.main()
