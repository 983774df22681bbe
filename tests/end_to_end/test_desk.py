"""Tests 4.3.5 at an agency's desk: declarations of what was searched and secured, items on paper, and originals that
are removed later."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import harness
from harness import CONFLICT, DONE, INTEGRITY, NOT_FOUND, REFUSED, USAGE

FORM = {
    "form": "declaration", "v": 1, "searched": ["child-1"],
    "sources": [{"name": "Case system of the fictional school", "kind": "system", "state": "blocked-in-place"},
                {"name": "Cupboard in the office", "kind": "cupboard", "state": "removed"}],
    "missing": [{"kind": "destroyed", "what": "Diary of an earlier year"}],
    "note": "Searched by two people.",
}


class DeskTest(harness.WorldTest):
    def form(self, **changes):
        return self.world.text(json.dumps({**FORM, **changes}))

    def declare(self, safe, **changes):
        return self.world.data("lead", "declare", safe, "--form", self.form(**changes))

    def add_item(self, safe, *more, who="depositor"):
        return self.world.data(who, "physical", "add", safe, "--description", "Blue folder", "--location",
                               "Strongroom, shelf 4", "--seal", "0012345", "--pages", 214, *more)

    def vault_says_nothing_of(self, *words):
        """Asserts that no file of the vault, and no entry that the reviewer reads, holds these words."""
        trail = json.dumps(self.world.data("reviewer", "audit", "trail"))
        for word in words:
            self.assertNotIn(word, trail)
        for path in self.world.vault.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for word in words:
                    self.assertNotIn(word.encode(), content, path)


class Declarations(DeskTest):
    def test_4_3_5_an_agency_is_secured_when_every_source_is_closed(self):
        world = self.world
        case, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        until = world.today(30)
        open_source = {"name": "Shared drive", "kind": "share", "state": "still-open", "reason": "ongoing-care",
                       "until": until}
        first = self.declare(safe, sources=[*FORM["sources"], open_source])
        self.assertEqual((first["version"], first["sources"], first["open_sources"], first["secured"]), (1, 3, 1, False))
        second = self.declare(safe)
        self.assertEqual((second["version"], second["open_sources"], second["secured"]), (2, 0, True))
        self.assertTrue(world.data("spoc", "safe", "show", safe)["secured"])
        self.assertIn("2 of 2 sources closed", world.run("lead", "safe", "show", safe).out)

        versions = world.data("representative", "declare", safe, "--show")  # a keyholder reads the words
        self.assertEqual([one["version"] for one in versions], [1, 2])
        self.assertEqual(versions[0]["sources"][2], open_source)
        self.assertEqual(versions[1]["missing"], FORM["missing"])
        self.assertEqual(versions[1]["note"], FORM["note"])
        self.assertEqual(versions[1]["records"], 1)
        others = world.data("spoc", "declare", safe, "--show")  # the SPOC sees kinds, states and dates
        self.assertEqual([source["state"] for source in others[0]["sources"]], ["blocked-in-place", "removed", "still-open"])
        self.assertEqual(others[0]["sources"][2]["until"], until)
        self.assertNotIn("Shared drive", json.dumps(others))
        self.assertIn("still-open", world.run("spoc", "declare", safe, "--show").out)
        self.vault_says_nothing_of("Shared drive", "Diary of an earlier", "Searched by two")

    def test_nothing_held_is_a_declaration_and_not_of_a_safe_with_records(self):
        world = self.world
        _, safe = world.open_safe()
        done = world.data("lead", "declare", safe, "--nothing-held")
        self.assertTrue(done["nothing_held"])
        self.assertEqual(done["searched"], ["child-1", "parent-1"])
        _, other = world.open_safe()
        world.secure(other, {"a.txt": b"a"})
        refused = world.run("lead", "declare", other, "--nothing-held", check=CONFLICT)
        self.assertIn("cannot declare that it holds nothing", refused.err)
        self.assertEqual(world.data("lead", "declare", other, "--show"), [])

    def test_a_version_replaces_the_one_that_was_read(self):
        world = self.world
        _, safe = world.open_safe()
        self.declare(safe)
        stale = world.run("lead", "declare", safe, "--form", self.form(), "--replaces", 0, check=CONFLICT)
        self.assertIn("the last version is 1", stale.err)
        world.run("lead", "declare", safe, "--form", self.form(), "--replaces", 1)

    def test_a_form_that_is_wrong_names_the_field(self):
        world = self.world
        _, safe = world.open_safe()
        source = FORM["sources"][0]
        for changes, field in (
                ({"v": 2}, "v: "), ({"form": "document-1"}, "form: "), ({"sources": []}, "sources: "),
                ({"sorces": []}, '"sorces"'), ({"sources": [{**source, "state": "gone"}]}, "sources[0].state: "),
                ({"sources": [source, {**source, "state": "still-open"}]}, "sources[1].reason: "),
                ({"sources": [{**source, "until": "2026-01-01"}]}, "sources[0].until: "),
                ({"sources": [{**source, "name": ""}]}, "sources[0].name: "),
                ({"sources": [{**source, "owner": "x"}]}, '"owner"'),
                ({"missing": [{"kind": "eaten", "what": "x"}]}, "missing[0].kind: "), ({"note": 7}, "note: "),
                ({"searched": "child-1"}, "searched: ")):
            outcome = world.run("lead", "declare", safe, "--form", self.form(**changes), check=USAGE)
            self.assertIn(field, outcome.err)
        for text in ("", "[]", "{", "[" * 5000):
            world.run("lead", "declare", safe, "--form", world.text(text), check=USAGE)
        world.run("lead", "declare", safe, "--form", self.form(searched=["child-9"]), check=USAGE)
        world.run("lead", "declare", safe, "--form", self.form(sources=[{**source, "state": "still-open",
                                                                      "reason": "technical", "until": "2020-01-01"}]),
                  check=USAGE)
        world.run("lead", "declare", safe, check=USAGE)
        world.run("lead", "declare", safe, "--form", self.form(), "--nothing-held", check=USAGE)
        world.run("lead", "declare", safe, "--form", "/nowhere", check=NOT_FOUND)
        world.run("representative", "declare", safe, "--form", self.form(), check=REFUSED)
        self.assertEqual(world.data("lead", "declare", safe, "--show"), [])

    def test_4_3_5_what_is_found_later_is_secured_late_and_shown_so(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"early.txt": b"early"})
        world.run("depositor", "secure", safe, world.folder({"x.txt": b"x"}), "--late", check=CONFLICT)
        self.declare(safe)
        folder = world.folder({"late.txt": b"late"})
        refused = world.run("depositor", "secure", safe, folder, check=CONFLICT)
        self.assertIn("--late", refused.err)
        world.run("depositor", "physical", "add", safe, "--description", "x", "--location", "y", check=CONFLICT)
        world.data("depositor", "secure", safe, folder, "--late")
        self.add_item(safe, "--late")
        records = {one["name"]: one for one in world.data("representative", "records", safe)}
        self.assertTrue(records["late.txt"]["late"])
        self.assertNotIn("late", records["early.txt"])
        self.assertIn(" late", world.run("representative", "records", safe, "--name", "late.txt").out)
        self.assertIn("secured late", world.run("lead", "physical", "list", safe).out)
        table = world.top / "records.csv"
        world.run("representative", "records", safe, "--csv", table)
        header, *rows = table.read_text().splitlines()
        late = header.split(",").index("late")
        self.assertEqual(sorted(row.split(",")[late] for row in rows), ["", "yes"])


class Physical(DeskTest):
    def test_4_3_5_an_item_is_lent_returned_and_resealed_and_its_custody_recorded(self):
        world = self.world
        case, safe = world.open_safe()
        added = self.add_item(safe, "--class", "case-notes", "--subject", "child-1")
        self.assertEqual(added["number"], "P-0001")
        item = added["item"]
        physical = lambda who, verb, *more, **options: world.run(who, "physical", verb, safe, *more, **options)
        physical("depositor", "move", "P-0001", "--to", "elsewhere", check=REFUSED)
        physical("representative", "move", "P-0001", "--to", "Strongroom, shelf 5")
        physical("representative", "return", "P-0001", check=CONFLICT)  # it is not on loan
        physical("representative", "loan", "1", "--to", "Fictional court", "--purpose", "court", "--due", world.today(-1),
                 check=USAGE)
        physical("representative", "loan", "1", "--to", "Fictional court", "--purpose", "court", "--due", world.today(9))
        physical("representative", "reseal", item, "--seal", "7", check=CONFLICT)
        lent = world.data("representative", "physical", "list", safe)[0]
        self.assertEqual((lent["state"], lent["to"], lent["due"], lent["overdue"]),
                         ("on-loan", "Fictional court", world.today(9), False))
        physical("lead", "return", item[:20], "--seal", "0012346", "--pages", 213)
        physical("lead", "reseal", item, "--seal", "0012347")
        now = world.data("representative", "physical", "list", safe)[0]
        self.assertEqual((now["state"], now["location"], now["seal"], now["pages"], now["description"], now["subject"]),
                         ("held", "Strongroom, shelf 5", "0012347", 213, "Blue folder", "child-1"))
        self.assertNotIn("to", now)
        self.assertEqual([event["change"] for event in now["history"]], ["added", "moved", "loaned", "returned", "resealed"])
        for words in ("P-0002", "7", "item_7zzz", "P-", "", "item_"):
            physical("representative", "move", words, "--to", "x", check=NOT_FOUND)
        physical("representative", "move", "P-0001", "--to", "two\tcells", check=USAGE)

        others = world.data("practitioner", "physical", "list", safe)[0]
        self.assertEqual((others["number"], others["state"], others["pages"]), ("P-0001", "held", 213))
        for words in ("Blue folder", "shelf", "0012347", "Fictional court"):
            self.assertNotIn(words, json.dumps(others))
        self.assertIn("(for keyholders)", world.run("practitioner", "physical", "list", safe).out)
        world.run("teacher", "physical", "list", safe, check=NOT_FOUND)
        kinds = [entry["kind"] for entry in world.trail(case)]
        self.assertEqual((kinds.count("item.added"), kinds.count("item.changed")), (1, 4))
        self.vault_says_nothing_of("Blue folder", "Fictional court", "shelf 5", "0012347")

    def test_a_description_may_have_lines_and_any_script(self):
        world = self.world
        _, safe = world.open_safe()
        text = "Relevé <b>&\nsecond line \"quoted\" – été"
        world.run("depositor", "physical", "add", safe, "--description-file", world.text(text), "--location", "x")
        self.assertEqual(world.data("representative", "physical", "list", safe)[0]["description"], text)
        self.assertIn("\\nsecond line", world.run("representative", "physical", "list", safe).out)

    def test_whoever_runs_or_reviews_the_case_lists_a_safe_and_is_not_refused(self):
        world = self.world
        case, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        self.add_item(safe)
        self.declare(safe)
        for who in ("reviewer", "spoc", "local-authority"):
            self.assertEqual(len(world.data(who, "records", safe)), 1, who)
            self.assertEqual(len(world.data(who, "physical", "list", safe)), 1, who)
            self.assertEqual(len(world.data(who, "declare", safe, "--show")), 1, who)
        self.assertNotIn("access.refused", [entry["kind"] for entry in world.trail(case)])

    def test_labels_say_which_item_and_never_what_or_who(self):
        world = self.world
        case, safe = world.open_safe()
        for _ in range(15):
            self.add_item(safe)
        reference = world.data("lead", "case", "show", case)["reference"]
        sheet = world.top / "labels.html"
        self.assertEqual(world.data("representative", "physical", "label", safe, "--html", sheet)["labels"], 15)
        html = sheet.read_text()
        self.assertEqual(html.count('class="label"'), 15)
        self.assertEqual(html.count('class="sheet"'), 2)
        for words in ("P-0001", "P-0015", "Seal 0012345", "214 pages", reference):
            self.assertIn(words, html)
        for words in ("Blue folder", "shelf", "Test ", safe):
            self.assertNotIn(words, html)
        short = [part for part in html.replace("<", " ").replace(">", " ").split() if part.startswith("safe_")][0]
        self.assertEqual(world.data("lead", "safe", "show", short)["safe"], safe)  # the text on the label may be typed
        world.run("lead", "physical", "label", safe, "P-0002", "--html", sheet)  # the lead does not read the seal
        html = sheet.read_text()
        self.assertEqual(html.count('class="label"'), 1)
        self.assertNotIn("0012345", html)
        _, empty = world.open_safe()
        world.run("lead", "physical", "label", empty, "--html", sheet, check=NOT_FOUND)


class Originals(DeskTest):
    NAMES = ("a.txt", "deep/b.txt", "two\nlines, \"quoted\".txt", "=sum(1)", os.fsdecode(b"not-utf8-\xff.txt"))

    def secured(self, safe, files=None, who="depositor"):
        folder = self.world.folder(files or {name: name.encode("utf-8", "surrogateescape") for name in self.NAMES})
        manifest = self.world.top / f"manifest-{self.world.next()}.csv"
        self.world.data(who, "secure", safe, folder, "--class", "case-notes", "--manifest", manifest)
        return folder, manifest

    def files(self, folder):
        return [path for path in folder.rglob("*") if not path.is_dir()]

    def remove(self, safe, manifest, *more, who="depositor", check=DONE, **options):
        return self.world.run(who, "originals", "remove", safe, "--manifest", manifest, "--yes", *more, check=check,
                              **options)

    def test_4_3_5_originals_go_in_a_later_act_and_their_records_stay(self):
        world = self.world
        case, safe = world.open_safe()
        folder, manifest = self.secured(safe)
        refused = world.run("depositor", "originals", "remove", safe, "--manifest", manifest, check=USAGE)
        self.assertIn("--yes", refused.err)  # there is no terminal, so nobody could be asked
        self.assertEqual(len(self.files(folder)), len(self.NAMES))
        (folder / "not secured.txt").write_text("stays")
        outcome = world.data("depositor", "originals", "remove", safe, "--manifest", manifest, "--yes")
        self.assertEqual([one["state"] for one in outcome], ["removed"] * len(self.NAMES))
        self.assertEqual([path.name for path in self.files(folder)], ["not secured.txt"])
        records = world.data("representative", "records", safe)
        self.assertTrue(all(record["original_removed"] for record in records))
        self.assertEqual(world.data("lead", "safe", "show", safe)["originals_removed"], len(self.NAMES))
        copy = world.checkout(safe, "representative", "--all")
        self.assertEqual(len(copy["records"]), len(self.NAMES))
        again = world.data("depositor", "originals", "remove", safe, "--manifest", manifest, "--yes")
        self.assertEqual([one["state"] for one in again], ["gone"] * len(self.NAMES))
        self.assertEqual([entry["kind"] for entry in world.trail(case)].count("originals.removed"), 1)
        world.run("reviewer", "audit", "verify")

    def test_a_file_that_changed_stays_and_so_do_the_others(self):
        world = self.world
        case, safe = world.open_safe()
        for change in (lambda path: path.write_bytes(b"A.TXT"),  # as long as before
                       lambda path: path.write_bytes(b"longer than before"), lambda path: path.unlink(),
                       lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
                       lambda path: (path.unlink(), path.mkdir())):
            folder, manifest = self.secured(safe)
            change(folder / "a.txt")
            outcome = self.remove(safe, manifest, check=CONFLICT)
            self.assertIn("a.txt", outcome.err)
            self.assertEqual(len(self.files(folder)) + (folder / "a.txt").is_dir() + (not (folder / "a.txt").exists()),
                             len(self.NAMES) + (folder / "a.txt").is_symlink() * (not (folder / "a.txt").exists()))
        self.assertNotIn("originals.removed", [entry["kind"] for entry in world.trail(case)])

    def test_a_changed_file_is_secured_again_with_the_same_manifest(self):
        world = self.world
        _, safe = world.open_safe()
        folder, manifest = self.secured(safe, {"a.txt": b"a", "b.txt": b"b"})
        (folder / "a.txt").write_bytes(b"changed")
        self.remove(safe, manifest, check=CONFLICT)
        world.run("depositor", "secure", safe, folder, "--manifest", manifest)
        self.remove(safe, manifest)
        self.assertEqual(self.files(folder), [])
        records = world.data("representative", "records", safe)
        self.assertEqual(sorted((r["name"], r.get("original_removed", False)) for r in records),
                         [("a.txt", False), ("a.txt", True), ("b.txt", True)])

    def test_nothing_is_removed_through_a_link(self):
        world = self.world
        _, safe = world.open_safe()
        folder, manifest = self.secured(safe, {"deep/b.txt": b"b"})
        elsewhere = world.top / f"elsewhere-{world.next()}"
        (folder / "deep").rename(elsewhere)
        (folder / "deep").symlink_to(elsewhere)
        self.assertIn("link", self.remove(safe, manifest, check=CONFLICT).err)
        self.assertEqual((elsewhere / "b.txt").read_bytes(), b"b")

    def test_4_3_5_originals_stay_while_one_person_alone_holds_the_key_unless_a_reason_is_given(self):
        world = self.world
        case, safe = world.open_safe(representatives=("representative",))
        folder, manifest = self.secured(safe, {"a.txt": b"a"})
        self.assertIn("fewer than two", self.remove(safe, manifest, check=CONFLICT).err)
        self.assertEqual(len(self.files(folder)), 1)
        self.remove(safe, manifest, "--reason-file", world.text("the office is being closed"))
        self.assertEqual(self.files(folder), [])
        entry = [one for one in world.trail(case) if one["kind"] == "originals.removed"][0]
        self.assertEqual((entry["detail"]["keyholders"], entry["detail"]["recovery_complete"]), (1, True))
        self.vault_says_nothing_of("the office is being closed")

    def test_4_3_5_originals_stay_while_recovery_is_incomplete_unless_a_reason_is_given(self):
        world = harness.World(people=False)
        self.addCleanup(world.close)
        world.found()
        root = "local-authority"
        world.invite(root, "spoc", root, "spoc")
        world.invite(root, "lead", root, "agency-lead")
        for who in ("representative", "representative-2"):
            world.invite("lead", who, root, "practitioner")
        _, safe = world.open_safe()
        folder = world.folder({"a.txt": b"a"})
        manifest = world.top / "manifest.csv"
        world.run("lead", "secure", safe, folder, "--manifest", manifest)
        remove = lambda *more, **options: world.run("lead", "originals", "remove", safe, "--manifest", manifest, "--yes",
                                                    *more, **options)
        self.assertIn("recovery of this safe is incomplete", remove(check=CONFLICT).err)
        self.assertTrue((folder / "a.txt").exists())
        remove("--reason-file", world.text("the share is being shut down"))
        self.assertFalse((folder / "a.txt").exists())

    def test_a_manifest_that_says_otherwise_than_the_records_removes_nothing(self):
        world = self.world
        _, safe = world.open_safe()
        folder, manifest = self.secured(safe, {"a.txt": b"a", "b.txt": b"b"})
        text = manifest.read_text()
        other = world.folder({"c.txt": b"c"}) / "c.txt"
        lines = text.splitlines()
        header = lines[0].split(",")
        cells = dict(zip(header, lines[1].split(",")))
        swap = lambda **changes: "\r\n".join([lines[0], ",".join({**cells, **changes}[name] for name in header)]) + "\r\n"
        digest = hashlib.sha256(b"c").hexdigest()
        missing = cells["record"][:-4] + "0000"
        for name, wrong, code in (
                ("another file under the record's name", swap(path=str(other), sha256=digest), CONFLICT),
                ("a record that is not there", swap(record=missing), CONFLICT),
                ("one record for two files", text + lines[1].replace("a.txt", "b.txt") + "\r\n", USAGE),
                ("a path that is not absolute", swap(path="a.txt"), USAGE),
                ("a path that climbs", swap(path=f"{folder}/../{folder.name}/a.txt"), CONFLICT),
                ("no digest", swap(sha256=""), USAGE), ("no number", swap(size="-1"), USAGE),
                ("no record", swap(record="rec_x"), USAGE), ("an unknown column", "path,colour\r\nx,y\r\n", USAGE),
                ("no record at all", swap(record="", sha256="", size=""), USAGE), ("empty", "", USAGE),
                ("an open quote", lines[0] + "\r\n\"", USAGE)):
            manifest.write_text(wrong)
            outcome = world.run("depositor", "originals", "remove", safe, "--manifest", manifest, "--yes", check=None)
            self.assertIn(outcome.code, (code, USAGE), f"{name}\n{outcome}")
        self.assertEqual(len(self.files(folder)), 2)
        self.assertTrue(other.exists())
        manifest.write_text(text)
        _, other_safe = world.open_safe()
        self.remove(other_safe, manifest, check=CONFLICT)
        self.assertEqual(len(self.files(folder)), 2)
        self.assertIn("did not secure it", self.remove(safe, manifest, who="lead", check=CONFLICT).err)
        self.remove(safe, manifest, who="representative")  # a representative can read the records

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    @unittest.skipIf(os.environ.get("STRONGROOM_SANITIZE"), "a sanitizer's exit looks through /proc, not at strace's kill")
    def test_a_removal_that_was_killed_goes_on_and_records_nothing_twice(self):
        world = self.world
        case, safe = world.open_safe()
        folder, manifest = self.secured(safe, {f"{i}.txt": str(i).encode() for i in range(9)})
        arguments = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
                     "inject=unlinkat:signal=SIGKILL:when=4", harness.STRONGROOM, "originals", "remove", safe,
                     "--manifest", manifest, "--yes"]
        killed = subprocess.run(arguments, env=world.environment("depositor"), stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=harness.COMMAND_TIMEOUT)
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        left = len(self.files(folder))
        self.assertTrue(0 < left < 9, left)
        self.assertEqual(world.data("lead", "safe", "show", safe)["originals_removed"], 9)  # the entry came first
        states = [one["state"] for one in world.data("depositor", "originals", "remove", safe, "--manifest", manifest,
                                                     "--yes")]
        self.assertEqual((states.count("gone"), states.count("removed")), (9 - left, left))
        self.assertEqual(self.files(folder), [])
        self.assertEqual([entry["kind"] for entry in world.trail(case)].count("originals.removed"), 1)
        world.run("reviewer", "audit", "verify")

    def test_a_file_that_came_back_changed_after_a_recorded_removal_stays(self):
        world = self.world
        _, safe = world.open_safe()
        folder, manifest = self.secured(safe, {"a.txt": b"a"})
        self.remove(safe, manifest)
        (folder / "a.txt").write_bytes(b"b")
        self.remove(safe, manifest, check=CONFLICT)
        self.assertEqual((folder / "a.txt").read_bytes(), b"b")


class Securing(DeskTest):
    def test_a_manifest_says_of_each_file_what_it_is_and_is_brought_up_to_date(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"log.txt": b"1", "photo.jpg": b"2", "plain.txt": b"3"})
        manifest = world.top / f"manifest-{world.next()}.csv"
        manifest.write_text("\ufeffpath,class,source,subject,dates\n"
                            f'Case file/log.txt,case-notes,"Shared drive, ""S:""",child-1,2026-01-01..2026-02-01\n'
                            f"{folder / 'photo.jpg'},image,,,\n"
                            "Case file/elsewhere.txt,image,,,\n")
        secured = world.data("depositor", "secure", safe, folder, "--manifest", manifest)
        records = {one["name"]: one for one in world.data("representative", "records", safe)}
        self.assertEqual(records["log.txt"]["source"], 'Shared drive, "S:"')
        self.assertEqual((records["log.txt"]["class"], records["photo.jpg"]["class"], records["plain.txt"]["class"]),
                         ("case-notes", "image", "other"))
        listing = lambda *more: [one["name"] for one in world.data("representative", "records", safe, *more)]
        self.assertEqual(listing("--source", 'Shared drive, "S:"'), ["log.txt"])
        self.assertEqual(listing("--from", "2026-01-15", "--to", "2026-01-20"), ["log.txt"])
        self.assertEqual(listing("--to", "2025-12-31"), [])
        self.assertEqual(listing("--name", "*.jpg"), ["photo.jpg"])
        self.assertEqual(listing("--subject", "child-1"), ["log.txt"])
        header, *lines = manifest.read_text().splitlines()
        self.assertEqual(header, "path,class,subject,source,dates,record,size,sha256")
        self.assertEqual(len(lines), 4)
        for one in secured:
            self.assertEqual(sum(one["record"] in line and one["sha256"] in line for line in lines), 1)
        before = manifest.read_bytes()
        world.run("depositor", "secure", safe, folder, "--manifest", manifest)
        self.assertEqual(manifest.read_bytes(), before)

    def test_a_manifest_among_the_files_is_not_one_of_them(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"a.txt": b"a"})
        for _ in range(2):
            world.run("depositor", "secure", safe, folder, "--manifest", folder / "secured.csv")
        self.assertEqual([one["name"] for one in world.data("representative", "records", safe)], ["a.txt"])
        world.run("depositor", "originals", "remove", safe, "--manifest", folder / "secured.csv", "--yes")
        self.assertEqual([path.name for path in folder.iterdir()], ["secured.csv"])

    def test_4_3_5_an_updated_working_copy_names_what_it_came_from(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        copy = world.checkout(safe, "representative", "--all")
        folder = world.folder({"a.txt": b"a, with what was added"})
        world.run("representative", "secure", safe, folder, "--derived-from", copy["number"], "--class", "working-copy")
        derived = world.data("representative", "records", safe, "--class", "working-copy")
        self.assertEqual([one["derived_from"] for one in derived], [copy["copy"]])
        self.assertEqual(len(world.data("representative", "records", safe)), 2)  # the original is as it was
        self.assertIn("from a copy", world.run("representative", "records", safe).out)
        world.run("representative", "secure", safe, world.folder({"b": b"b"}), "--derived-from", "C-9999", check=NOT_FOUND)

    def test_records_are_secured_on_behalf_of_an_agency_by_a_spoc_or_lead(self):
        world = self.world
        case, safe = world.open_safe()
        folder = world.folder({"a.txt": b"a"})
        behalf = ("--on-behalf-of", world.agency["school"])
        world.run("depositor", "secure", safe, folder, *behalf, check=REFUSED)
        world.run("lead", "secure", safe, folder, *behalf, check=CONFLICT)  # it has not been asked
        world.run("spoc", "case", "ask", case, "--agency", world.agency["school"])
        world.run("lead", "secure", safe, folder, *behalf)
        records = world.data("representative", "records", safe)
        self.assertEqual([one["on_behalf_of"] for one in records], [world.agency["school"]])

    def test_every_desk_command_explains_itself_and_completes(self):
        world = self.world
        completion = world.run("lead", "completion", "bash").out
        for group, verbs in (("physical", ("add", "move", "loan", "return", "reseal", "list", "label")),
                             ("originals", ("remove",)), ("declare", ())):
            for words in [(group,), *((group, verb) for verb in verbs)]:
                help_text = world.run("lead", *words, "--help").out
                self.assertTrue("Example:" in help_text or verbs and len(words) == 1, words)
                self.assertIn(f"'{' '.join(words)}')", completion)
        for option in ("--nothing-held", "--manifest", "--html"):
            self.assertIn(option, completion)


if __name__ == "__main__":
    unittest.main()
