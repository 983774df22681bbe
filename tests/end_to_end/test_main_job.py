"""Tests the main job as people do it, on real files of odd names and sizes."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import harness
from harness import CONFLICT, REFUSED, USAGE


class MainJob(harness.WorldTest):
    FILES = {
        "Case notes/Chronology 2026.txt": b"Invented.\n" * 5000,
        "Case notes/one chunk.bin": bytes(range(256)) * 256,
        "Correspondence/note left\nat the door.txt": b"A name with a newline.\n",
        "École/Relevé – été.txt": "Présente.\n".encode(),
        "empty.txt": b"",
        "large.bin": os.urandom(3 << 20) + b"end",
    }

    def read_folder(self, top):
        return {str(p.relative_to(top)): p.read_bytes() for p in pathlib.Path(top).rglob("*") if p.is_file()}

    def test_paths_are_text_where_they_can_be_and_say_so_where_they_cannot(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"note left\nat the door.txt": b"newline"})
        pathlib.Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9 100%.txt")).write_bytes(b"latin-1")
        world.run("depositor", "secure", safe, folder)
        listed = {one["sha256"]: one for one in world.data("representative", "records", safe)}
        for content, name, encoded in ((b"newline", "note left\nat the door.txt", None),
                                       (b"latin-1", "caf%E9 100%25.txt", True)):
            one = listed[hashlib.sha256(content).hexdigest()]
            self.assertEqual(one["name"], name)
            self.assertTrue(one["path"].endswith("/" + name))
            self.assertEqual(one.get("encoded"), encoded)
        again = {one["sha256"]: one for one in world.data("depositor", "secure", safe, folder)}
        for digest, one in again.items():
            self.assertEqual(one["path"], listed[digest]["path"])
            self.assertEqual(one.get("encoded"), listed[digest].get("encoded"))

    def test_records_of_a_list_are_checked_out_with_or_without_their_safe(self):
        world = self.world
        _, safe = world.open_safe()
        records = [one["record"] for one in world.secure(safe, {f"{i}.txt": b"x" * (i + 1) for i in range(3)})]
        ids = world.text("\n".join(records[:2]) + "\n")
        common = ("--purpose", "case-work", "--due", world.today(1), "-o", world.top / f"copies-{world.next()}")
        for words in (("--ids", ids), (safe, "--ids", ids)):
            copy = world.data("representative", "checkout", *words, *common)
            self.assertEqual({one["record"] for one in copy["records"]}, set(records[:2]))
        world.run("representative", "checkout", *common, check=USAGE)
        world.run("representative", "checkout", "--ids", world.text("\n"), *common, check=USAGE)
        world.run("representative", "checkout", "--all", *common, check=USAGE)

    def test_a_folder_is_secured_copied_for_a_colleague_opened_and_returned(self):
        world = self.world
        case, safe = world.open_safe()
        secured = world.secure(safe, self.FILES)
        self.assertEqual(len(secured), len(self.FILES))
        self.assertEqual({entry["size"] for entry in secured}, {len(content) for content in self.FILES.values()})

        copy = world.data("representative", "checkout", safe, "--all", "--for", world.person["practitioner"],
                          "--purpose", "case-work", "--due", world.today(3))
        self.assertEqual(copy["holder"], world.person["practitioner"])
        out = world.top / f"collected-{world.next()}"
        world.run("practitioner", "collect", copy["number"], "-o", out)
        folder = out / copy["number"]
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertTrue(all(p.stat().st_mode & 0o777 == 0o600 for p in folder.iterdir()))
        opened = world.top / f"opened-{world.next()}"
        world.run("practitioner", "open", folder, "-o", opened)
        found = self.read_folder(opened)
        self.assertEqual(sorted(found.values()), sorted(self.FILES.values()))
        for name, content in self.FILES.items():
            self.assertTrue(any(path.endswith(name) and found[path] == content for path in found), name)

        world.run("representative", "return", copy["number"], "--how", "returned")
        state = [c for c in world.data("representative", "copies", "--case", case) if c["number"] == copy["number"]]
        self.assertEqual(state[0]["state"], "returned")
        kinds = [entry["kind"] for entry in world.trail(case)]
        for kind in ("case.referred", "safe.opened", "records.sealed", "copy.issued", "copy.prepared", "copy.collected",
                     "copy.delivered", "copy.returned"):
            self.assertIn(kind, kinds)
        world.run("reviewer", "audit", "verify")
        world.run("practitioner", "audit", "verify")

    def test_the_holder_is_told_that_a_copy_came_back_only_in_part(self):
        world = self.world
        _, safe = world.open_safe()
        records = [entry["record"] for entry in world.secure(safe, {"a.txt": b"a", "b.txt": b"b"})]
        copy = world.checkout(safe, "representative", "--all")
        world.run("representative", "return", copy["number"], records[0], "--how", "destroyed")
        still_out = [c for c in world.data("representative", "copies", "--mine") if c["number"] == copy["number"]]
        self.assertEqual(still_out[0]["state"], "delivered")
        world.run("representative", "return", copy["number"], records[0], "--how", "returned", check=CONFLICT)
        world.run("representative", "return", copy["number"], "--how", "lost")
        ended = [c for c in world.data("representative", "copies", "--mine") if c["number"] == copy["number"]]
        self.assertNotIn(ended[0]["state"], ("issued", "delivered"))

    def test_securing_again_skips_what_stands_and_takes_what_is_new(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"a.txt": b"a", "b.txt": b"b"})
        first = world.data("depositor", "secure", safe, folder)
        (folder / "c.txt").write_bytes(b"c")
        (folder / "b.txt").write_bytes(b"changed")
        second = world.data("depositor", "secure", safe, folder)
        by_path = lambda listing: {os.path.basename(e["path"]): e["record"] for e in listing}
        self.assertEqual(by_path(first)["a.txt"], by_path(second)["a.txt"])
        self.assertNotEqual(by_path(first)["b.txt"], by_path(second)["b.txt"])
        self.assertEqual(len(world.data("representative", "records", safe)), 4)

    def test_plain_checkout_writes_the_opened_files(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"deep/er/file.txt": b"content"})
        out = world.top / f"plain-{world.next()}"
        world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due", world.today(1), "-o",
                  out, "--plain")
        self.assertEqual(list(self.read_folder(out).values()), [b"content"])

    def test_a_dry_run_issues_nothing(self):
        world = self.world
        case, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due", world.today(1),
                  "--dry-run")
        self.assertNotIn("copy.issued", [entry["kind"] for entry in world.trail(case)])

    def test_filters_choose_by_class_name_and_subject(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"log.txt": b"1", "photo.jpg": b"2"})
        world.run("depositor", "secure", safe, folder / "log.txt", "--class", "case-notes", "--subject", "child-1")
        world.run("depositor", "secure", safe, folder / "photo.jpg", "--class", "image")
        listing = lambda *more: world.data("representative", "records", safe, *more)
        self.assertEqual(len(listing()), 2)
        self.assertEqual(len(listing("--class", "image")), 1)
        self.assertEqual(len(listing("--name", "*.jpg")), 1)
        self.assertEqual(len(listing("--subject", "child-1")), 1)
        others = world.data("practitioner", "records", safe)
        self.assertEqual(len(others), 2)
        self.assertNotIn("photo.jpg", json.dumps(others))

    @harness.needs_another_date
    def test_a_copy_past_its_date_is_overdue(self):
        world = harness.World(days=-3)
        self.addCleanup(world.close)
        case, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        out = world.top / "copies"
        world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due", world.today(1), "-o", out)
        self.assertEqual(world.data("lead", "copies", "--case", case, "--overdue"), [])
        world.stop()
        world.days = 0
        world.serve()
        overdue = world.data("lead", "copies", "--case", case, "--overdue")
        self.assertEqual([copy["number"] for copy in overdue], ["C-0001"])
        world.stop()
        world.check()

    def test_stock_age_opens_a_copy_and_strongroom_opens_stock_age(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"the content"})
        copy = world.checkout(safe, "representative", "--all")
        with tempfile.TemporaryDirectory() as scratch:
            key = pathlib.Path(scratch) / "key"
            subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
            recipient = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
            foreign = pathlib.Path(scratch) / "foreign.age"
            subprocess.run(["age", "-r", recipient, "-o", foreign], input=b"from age", check=True)
            world.run("representative", "open", foreign, "-i", key, "-o", pathlib.Path(scratch) / "plain")
            self.assertEqual((pathlib.Path(scratch) / "plain").read_bytes(), b"from age")
            ours = world.data("representative", "whoami")["recipient"]
            mine = pathlib.Path(scratch) / "mine.age"
            subprocess.run(["age", "-a", "-r", ours, "-o", mine], input=b"armored", check=True)
            world.run("representative", "open", mine, "-o", pathlib.Path(scratch) / "mine")
            self.assertEqual((pathlib.Path(scratch) / "mine").read_bytes(), b"armored")
        self.assertTrue((copy["folder"] / "0001.age").read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 "))

    def test_document_1_is_secured_in_the_review_safe(self):
        world = self.world
        form = world.text("Document 1, invented")
        case = world.data("lead", "case", "refer", "--agency", world.agency["local-authority"], "--incident-date",
                          world.today(-1), "--aware-date", world.today(-1), "--form", form)
        world.run("spoc", "sync", "--yes")
        records = world.data("spoc", "records", case["review_safe"])
        self.assertEqual([record["class"] for record in records], ["document-1"])
        copy = world.checkout(case["review_safe"], "spoc", "--all")
        opened = world.top / f"opened-{world.next()}"
        world.run("spoc", "open", copy["folder"], "-o", opened)
        self.assertEqual([p.read_text() for p in opened.rglob("*") if p.is_file()], ["Document 1, invented"])

    def test_every_listing_is_one_json_document(self):
        world = self.world
        case, safe = world.open_safe()
        for arguments in (("agency", "list"), ("person", "list"), ("case", "list"), ("safe", "list", case),
                          ("nominate", "list", safe), ("records", safe), ("copies",), ("audit", "trail")):
            self.assertIsInstance(world.data("lead", *arguments), list, arguments)
        for arguments in (("whoami",), ("trust",), ("case", "show", case), ("safe", "show", safe),
                          ("audit", "checkpoint")):
            self.assertIsInstance(world.data("lead", *arguments), dict, arguments)

    def test_ids_may_be_abbreviated_and_cases_go_by_reference(self):
        world = self.world
        case, safe = world.open_safe()
        reference = world.data("spoc", "case", "show", case)["reference"]
        self.assertEqual(world.data("spoc", "case", "show", reference)["case"], case)
        self.assertEqual(world.data("lead", "safe", "show", safe[:-2])["safe"], safe)

    def test_somebody_who_is_not_a_lead_opens_no_safe(self):
        world = self.world
        case = world.refer()
        world.run("practitioner", "safe", "open", case, "--representative", world.person["representative"],
                  "--representative", world.person["representative-2"], check=REFUSED)


if __name__ == "__main__":
    unittest.main()
