"""Tests the oracle of the crash tests: it must catch each violation, which is planted in a real vault or in its
ledger."""
import copy
import json
import random
import shutil
import unittest

import crashes
import told


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = crashes.TappedWorld()
        cls.work = crashes.Work(world, random.Random(crashes.SEED))
        cls.verdict = crashes.Verdict(world)
        cls.work.begin()
        world.stop()
        cls.earlier = world.top / "vault-earlier"
        shutil.copytree(world.vault, cls.earlier)
        cls.nothing, _ = cls.verdict.problems()
        world.serve()
        world.checkout(cls.work.first[0]["record"], "representative")
        world.run("depositor", "secure", cls.work.safe, cls.work.new_folder(2), "--class", "case-notes")
        world.stop()
        cls.whole, cls.ledger = cls.verdict.problems()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def with_vault(self, vault):
        """Returns the problems that are found if this replaces the vault."""
        aside = self.world.vault.with_name("vault-aside")
        self.world.vault.rename(aside)
        vault.rename(self.world.vault)
        try:
            return self.verdict.problems()[0]
        finally:
            shutil.rmtree(self.world.vault)
            aside.rename(self.world.vault)

    def assert_found(self, what, problems):
        self.assertTrue([one for one in problems if one.startswith(what)], problems)

    def changed(self, change):
        """Returns the complaints about the ledger after `change` has changed its entries."""
        entries = copy.deepcopy(self.ledger.entries)
        change(entries)
        for seq, entry in enumerate(entries):
            entry["seq"] = seq
        return told.complaints(self.verdict.facts, told.Ledger("\n".join(map(json.dumps, entries))))

    def last(self, kind):
        return max(seq for seq, body in enumerate(self.ledger.bodies) if body["kind"] == kind)

    def test_a_whole_vault_is_found_whole(self):
        self.assertEqual(self.nothing, [])
        self.assertEqual(self.whole, [])
        self.assertGreater(sum(fact.kind == "released" for fact in self.verdict.facts), 0)

    def test_what_was_told_and_rolled_back_is_lost(self):
        copied = self.earlier.with_name("vault-copied")
        shutil.copytree(self.earlier, copied)
        problems = self.with_vault(copied)
        self.assert_found("lost: entry", problems)
        self.assert_found("untraced", problems)  # they are the headers of the second copy

    def test_an_entry_that_is_gone_is_missed(self):
        problems = self.changed(lambda entries: entries.pop())
        self.assert_found("lost: entry", problems)

    def test_headers_without_their_entry_are_untraced(self):
        def another_kind(entries):
            entry = entries[self.last("copy.issued")]
            entry["body"] = entry["body"].replace('"kind":"copy.issued"', '"kind":"copy.asked"')
        self.assert_found("untraced", self.changed(another_kind))

    def test_an_entry_that_was_changed_is_noticed(self):
        def another_time(entries):
            entries[5]["envelope"] = entries[5]["envelope"].replace('"n":', '"n":1')
        problems = self.changed(another_time)
        self.assert_found("changed: entry 5", problems)
        self.assert_found("changed: the ledger's first", problems)

    def test_a_command_that_was_done_twice_is_noticed(self):
        def again(entries):
            entry = copy.deepcopy(entries[self.last("copy.issued")])
            body = json.loads(entry["body"])
            body["request"]["signature"] = "sig1=:of the retry:"  # the nonce is the same
            entry["body"] = json.dumps(body)
            entries.append(entry)
        problems = self.changed(again)
        self.assert_found("twice: 2 commands", problems)
        self.assert_found("twice: copy", problems)

    def test_half_a_payload_is_found_by_check(self):
        torn = self.world.vault.with_name("vault-torn")
        shutil.copytree(self.world.vault, torn)
        segment = torn / "payload" / "00000001.seg"
        with open(segment, "r+b") as file:
            file.write(bytes(512))
        self.assert_found("check: exit 5", self.with_vault(torn))

    def test_a_file_secured_twice_is_noticed(self):
        self.assertEqual(self.work.problems(self.ledger), [])
        journal = self.world.home("depositor") / "journal.jsonl"
        lines = journal.read_text()
        journal.write_text(lines[:lines.rstrip("\n").rindex("\n") + 1])
        try:
            self.assert_found("twice: record", self.work.problems(self.ledger))
        finally:
            journal.write_text(lines)


if __name__ == "__main__":
    unittest.main()
