"""Tests that each kind of bad input leads to a clear error, and that nothing is lost."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

import harness
from harness import CONFLICT, DONE, FAILURE, INTEGRITY, NOT_FOUND, REFUSED, USAGE


class BadInput(harness.WorldTest):
    def test_a_wrong_passphrase_is_said_to_be_one(self):
        world = self.world
        wrong = world.text("not the passphrase")
        outcome = world.run("lead", "whoami", check=INTEGRITY, environment={"STRONGROOM_PASSPHRASE_FILE": str(wrong)})
        self.assertIn("passphrase", outcome.err)

    def test_a_truncated_identity_is_said_to_be_damaged(self):
        world = self.world
        world.invite("lead", "unlucky", "local-authority", "practitioner")
        identity = world.home("unlucky") / "identity.age"
        whole = identity.read_bytes()
        for size in (0, 10, len(whole) // 2, len(whole) - 1):
            identity.write_bytes(whole[:size])
            outcome = world.run("unlucky", "whoami", check=INTEGRITY)
            self.assertIn("identity", outcome.err)
        identity.write_bytes(whole)
        world.run("unlucky", "whoami")

    def test_without_a_terminal_or_a_passphrase_file_the_command_line_lacks_something(self):
        world = self.world
        environment = world.environment("lead")
        del environment["STRONGROOM_PASSPHRASE_FILE"]
        done = subprocess.run([harness.STRONGROOM, "whoami"], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("--passphrase-file", done.stderr)

    def test_of_many_files_to_open_each_that_fails_is_reported_and_the_others_are_opened(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"first", "b.txt": b"second"})
        copy = world.checkout(safe, "representative", "--all")
        first, second = (copy["folder"] / f"000{i}.age" for i in (1, 2))
        damaged = world.top / "damaged.age"
        damaged.write_bytes(first.read_bytes()[:-1])
        into = world.top / f"opened-{world.next()}"
        into.mkdir()
        outcome = world.run("representative", "open", first, "no such.age", damaged, second, "-o", into, "--json",
                            check=None)
        self.assertEqual(outcome.code, NOT_FOUND, outcome)  # the first that failed
        self.assertEqual(len(outcome.json()), 2)
        self.assertEqual(sorted(path.read_bytes() for path in into.iterdir()), [b"first", b"second"])
        self.assertIn("no such.age", outcome.err)
        self.assertIn("damaged.age", outcome.err)
        nothing = world.run("representative", "open", damaged, "-o", into, "--json", check=INTEGRITY)
        self.assertEqual(nothing.json(), [])

    def test_a_name_of_several_lines_forges_no_line(self):
        world = self.world
        name = "Invented school\nstrongroom: everything is in order"
        agency = world.data("local-authority", "agency", "add", name, "--kind", "school")["agency"]
        day = world.today(-40)
        refer = ("case", "refer", "--incident-date", day, "--aware-date", day, "--agency")
        case = world.data("spoc", *refer, agency)["case"]
        again = world.run("spoc", *refer, world.agency["icb"])  # is told of the first
        status = world.run("spoc", "review", "status", case)
        for said in (again.err, status.out, world.run("spoc", "case", "show", case).out):
            self.assertIn(name.replace("\n", "\\n"), said)
            self.assertNotIn(name, said)

    def test_a_record_of_junk_is_named_and_hides_no_other(self):
        world = self.world
        _, safe = world.open_safe()
        good = world.secure(safe, {"a.txt": b"a"})[0]["record"]
        junk = subprocess.run([harness.BUILD / "tests/end_to_end/junk_depositor", safe], check=True, text=True,
                              capture_output=True, env=world.environment("depositor")).stdout.strip()
        listed = {one["record"]: one for one in world.data("representative", "records", safe)}
        self.assertEqual(set(listed), {good, junk})
        self.assertEqual(listed[good]["name"], "a.txt")
        self.assertNotIn("problem", listed[good])
        self.assertIn("problem", listed[junk])
        self.assertNotIn("name", listed[junk])
        table = world.run("representative", "records", safe).out
        self.assertIn("a.txt", table)
        self.assertIn(junk, table)
        self.assertIn("does not open", table)
        for choice in (["--all"], ["--class", "case-notes"]):
            outcome = world.run("representative", "checkout", safe, *choice, "--purpose", "case-work", "--due",
                                world.today(1), "-o", world.top / f"copies-{world.next()}", "--json")
            self.assertEqual([one["record"] for one in outcome.json()["records"]], [good])
            self.assertIn(junk, outcome.err)
        by_name = world.data("representative", "checkout", safe, "--name", "*", "--dry-run", "--purpose", "case-work",
                             "--due", world.today(1))
        self.assertEqual([one["record"] for one in by_name], [good])

    def test_without_an_identity_the_error_says_what_to_do(self):
        outcome = self.world.run("nobody", "whoami", check=NOT_FOUND)
        self.assertIn("enrol", outcome.err)

    def test_a_vault_of_a_newer_format_is_left_alone(self):
        world = self.world
        with world.stopped():
            mark = world.vault / "format"
            before = mark.read_bytes()
            mark.write_text("2\n")
            outcome = world.daemon("serve", world.vault, "--seal-keyfile", world.keyfile, check=INTEGRITY)
            self.assertIn("newer", outcome.err)
            mark.write_bytes(before)

    def test_a_database_that_kills_its_reader_is_found_to_be_damaged(self):
        world = self.world
        with world.stopped():
            copy = world.top / "cut-off"
            shutil.copytree(world.vault, copy)
            data = copy / "db" / "data.mdb"
            # Reading a mapped page beyond the end kills the process (SIGBUS).
            os.truncate(data, data.stat().st_size // 2)
            outcome = world.daemon("check", copy, "--json", "--seal-keyfile", world.keyfile, check=INTEGRITY)
            self.assertFalse(json.loads(outcome.out)["consistent"])

    def test_a_second_serve_on_one_directory_is_a_conflict(self):
        world = self.world
        outcome = world.daemon("serve", world.vault, "--listen", "127.0.0.1:0", "--seal-keyfile", world.keyfile,
                               check=CONFLICT)
        self.assertTrue(outcome.err.strip())
        world.run("lead", "whoami")

    def test_init_refuses_what_would_be_unsafe(self):
        world = self.world
        common = ("--origin", "test.example/other", "--url", "https://127.0.0.1:1")
        inside = world.top / "other"
        world.daemon("init", inside, *common, check=USAGE)  # the command names no seal
        world.daemon("init", inside, *common, "--seal-keyfile", inside / "key", check=USAGE)
        full = world.folder({"something.txt": b"x"})
        world.daemon("init", full, *common, "--seal-keyfile", world.top / "other.key", check=CONFLICT)
        self.assertTrue((full / "something.txt").exists())

    def test_a_file_that_changes_while_it_is_secured_is_reported_and_the_others_are_in(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({"steady.txt": b"steady", "moving.bin": os.urandom(64 << 20)})
        moving = folder / "moving.bin"
        done = threading.Event()

        def write():
            while not done.is_set():
                with moving.open("r+b") as file:
                    file.write(os.urandom(16))
                    file.seek(0, os.SEEK_END)
                    file.write(b"more")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            outcome = world.run("depositor", "secure", safe, folder, "--json", check=None)
        finally:
            done.set()
            writer.join()
        self.assertEqual(outcome.code, FAILURE)
        self.assertIn("moving.bin", outcome.err)
        self.assertEqual([os.path.basename(e["path"]) for e in outcome.json()], ["steady.txt"])
        self.assertEqual(len(world.data("representative", "records", safe)), 1)

    def test_an_unreadable_file_among_many_is_listed_and_the_others_are_secured(self):
        world = self.world
        _, safe = world.open_safe()
        folder = world.folder({f"{i}.txt": b"content" for i in range(5)})
        (folder / "dangling").symlink_to(folder / "nowhere")
        os.mkfifo(folder / "pipe")
        outcome = world.run("depositor", "secure", safe, folder, "--json", check=FAILURE)
        self.assertEqual(len(outcome.json()), 5)
        for name in ("dangling", "pipe"):
            self.assertIn(name, outcome.err)

    @unittest.skipIf(os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"), "root reads every file")
    def test_a_path_that_is_not_there_is_an_error_before_anything_is_sent(self):
        world = self.world
        _, safe = world.open_safe()
        outcome = world.run("depositor", "secure", safe, world.top / "not there", check=None)
        self.assertNotEqual(outcome.code, DONE)
        self.assertEqual(world.data("depositor", "records", safe), [])

    def test_an_empty_file_is_a_record_like_any_other(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"empty": b""})
        copy = world.checkout(safe, "representative", "--all")
        opened = world.top / f"opened-{world.next()}"
        world.run("representative", "open", copy["folder"], "-o", opened)
        self.assertEqual([p.stat().st_size for p in opened.rglob("*") if p.is_file()], [0])

    def test_an_invitation_is_good_once(self):
        world = self.world
        invitation = world.data("lead", "person", "invite", "--agency", world.agency["local-authority"], "--role",
                                "practitioner", "--name", "Test twice")["invitation"]
        world.enrol("once", invitation)
        outcome = world.enrol("twice", invitation, check=None)
        self.assertIn(outcome.code, (REFUSED, CONFLICT), outcome)
        self.assertIn("invitation", outcome.err)

    @harness.needs_another_date
    def test_an_expired_invitation_is_said_to_be_expired(self):
        world = self.world
        invitation = world.data("lead", "person", "invite", "--agency", world.agency["local-authority"], "--role",
                                "practitioner", "--name", "Test late")
        world.stop()
        world.days = 40
        world.serve()
        try:
            outcome = world.enrol("late", invitation["invitation"], check=None)
            self.assertIn(outcome.code, (REFUSED, CONFLICT), outcome)
            self.assertIn("expired", outcome.err)
        finally:
            world.stop()
            world.days = 0
            # Entries are 40 days ahead now; the vault says so and continues.
            world.serve()

    def test_a_damaged_invitation_is_refused_before_anything_is_made(self):
        world = self.world
        invitation = world.data("lead", "person", "invite", "--agency", world.agency["local-authority"], "--role",
                                "practitioner", "--name", "Test damaged")["invitation"]
        for text in (invitation[:-4], invitation.replace("v1.", "v2."), "nonsense", ""):
            outcome = world.enrol("damaged", text, check=None)
            self.assertNotEqual(outcome.code, DONE)
            self.assertFalse((world.home("damaged") / "identity.age").exists())

    def test_an_invitation_for_another_origin_joins_nothing(self):
        world = self.world
        other = harness.World(people=False)
        self.addCleanup(other.close)
        outcome = world.run("lead", "enrol", other.init["invitations"]["icb"], "--name", "Test stranger", check=None)
        self.assertNotEqual(outcome.code, DONE)
        self.assertIn("origin", outcome.err)
        world.run("lead", "whoami")

    def test_a_path_that_climbs_out_of_the_folder_is_refused(self):
        # Somebody hostile seals a copy for the reader whose index names a path above the folder.
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        copy = world.checkout(safe, "representative", "--all")
        recipient = world.data("representative", "whoami")["recipient"]
        plain = world.top / f"index-{world.next()}"
        world.run("representative", "open", copy["folder"] / "index.age", "-o", plain)
        index = json.loads(plain.read_text())
        target = world.top / "climbed.txt"
        for path in ("../climbed.txt", "/tmp/climbed.txt", "a/../../climbed.txt", ".."):
            index["records"][0]["path"] = path
            (copy["folder"] / "index.age").unlink()
            subprocess.run(["age", "-r", recipient, "-o", copy["folder"] / "index.age"],
                           input=json.dumps(index, separators=(",", ":")).encode(), check=True)
            outcome = world.run("representative", "open", copy["folder"], "-o", world.top / f"opened-{world.next()}", check=None)
            self.assertNotEqual(outcome.code, DONE, path)
            self.assertFalse(target.exists() or pathlib.Path("/tmp/climbed.txt").exists(), path)

    def test_two_records_of_one_path_come_out_as_two_files(self):
        world = self.world
        _, safe = world.open_safe()
        for content in (b"first", b"second"):
            folder = world.top / f"source-{world.next()}" / "Case file"
            folder.mkdir(parents=True)
            (folder / "a.txt").write_bytes(content)
            world.run("depositor", "secure", safe, folder)
        plain = world.top / f"plain-{world.next()}"
        world.run("representative", "checkout", safe, "--all", "--plain", "--purpose", "case-work", "--due",
                  world.today(2), "-o", plain)
        found = sorted(p.read_bytes() for p in plain.rglob("a.txt"))
        self.assertEqual(found, [b"first", b"second"])

    def test_ids_of_another_safe_are_not_checked_out(self):
        world = self.world
        _, safe = world.open_safe()
        _, other = world.open_safe()
        record = world.secure(other, {"a.txt": b"x"})[0]["record"]
        ids = world.text(record)
        world.run("representative", "checkout", safe, "--ids", ids, "--purpose", "case-work", "--due", world.today(2),
                  check=USAGE)
        copies = world.data("representative", "copies", "--mine")
        self.assertEqual([copy for copy in copies if copy["safe"] in (safe, other)], [])

    def test_a_list_with_names_is_for_its_owner_alone(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"x"})
        listed = world.top / f"list-{world.next()}.csv"
        world.run("representative", "records", safe, "--csv", listed)
        self.assertEqual(listed.stat().st_mode & 0o777, 0o600)
        self.assertIn("a.txt", listed.read_text())

    def test_a_command_line_without_what_it_needs_is_a_usage_error(self):
        world = self.world
        for arguments in ((), ("case",), ("case", "refer"), ("safe", "open"), ("checkout",), ("secure",), ("no-such-command",),
                          ("checkout", "rec_1", "--purpose", "curiosity", "--due", "2030-01-01"),
                          ("person", "invite", "--agency", "x", "--role", "king", "--name", "n"),
                          ("return", "C-0001")):
            outcome = world.run("lead", *arguments, check=USAGE)
            self.assertTrue(outcome.err.strip() or outcome.out.strip(), arguments)
        for arguments in (("--help",), ("case", "--help"), ("checkout", "-h"), ("audit", "trail", "--help")):
            self.assertIn("xample", world.run("lead", *arguments).out, arguments)

    def test_dates_and_ids_that_are_none_are_usage_errors_or_not_found(self):
        world = self.world
        _, safe = world.open_safe()
        record = world.secure(safe, {"a.txt": b"a"})[0]["record"]
        world.run("representative", "checkout", record, "--purpose", "case-work", "--due", "next week", check=USAGE)
        world.run("representative", "checkout", record, "--purpose", "case-work", "--due", "2020-01-01", check=USAGE)
        world.run("spoc", "case", "show", "RR-1999-0001", check=NOT_FOUND)
        world.run("representative", "collect", "C-9999", "-o", world.top / "x", check=NOT_FOUND)

    def test_a_safe_of_one_representative_needs_a_reason(self):
        world = self.world
        case = world.refer()
        world.run("lead", "safe", "open", case, "--representative", world.person["representative"], check=USAGE)

    def test_the_server_being_away_is_said_so_and_nothing_is_lost(self):
        world = self.world
        case = world.refer()
        world.stop()
        try:
            outcome = world.run("lead", "safe", "list", check=harness.FAILURE)
            self.assertIn("reach", outcome.err)
        finally:
            world.serve()
        self.assertEqual(world.data("spoc", "case", "show", case)["case"], case)


if __name__ == "__main__":
    unittest.main()
