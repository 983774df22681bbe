"""Tests how a vault is operated: backups, restores, scrubs, seals, certificates, the sandbox and the units, on the real
programs."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import harness
from harness import BUILD, CONFLICT, DONE, FAILURE, INTEGRITY, NOT_FOUND, REFUSED, SOURCE, STRONGROOMD, USAGE

NOBODY = 65534
PAGE = SOURCE / "docs" / "operations.md"


def segments(top):
    return sorted((top / "payload").glob("*.seg"))


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


class OperationsTest(harness.WorldTest):
    def setUp(self):
        self.seal = ("--seal-keyfile", self.world.keyfile)

    def new(self, name):
        return self.world.top / f"{name}-{self.world.next()}"

    def backup(self, target, *more, check=DONE):
        outcome = self.world.daemon("backup", self.world.vault, target, *self.seal, "--json", *more, check=check)
        return outcome.json() if outcome.code == DONE else outcome

    def restore(self, source, target=None, check=DONE):
        target = target or self.new("restored")
        outcome = self.world.daemon("restore", source, target, *self.seal, "--json", check=check)
        return target if outcome.code == DONE else outcome

    def entries(self, vault):
        return self.world.daemon("check", vault, *self.seal, "--json").json()

    def killed_at(self, call, *arguments):
        """Runs strongroomd and kills it at that call: for example, "pwrite64:5" is the fifth pwrite. Returns True if it
        came so far."""
        name, count = call.split(":")
        done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e",
                               f"inject={name}:signal=KILL:when={count}", STRONGROOMD, *map(str, arguments)],
                              capture_output=True, env=self.world.environment(), timeout=harness.COMMAND_TIMEOUT)
        return done.returncode != 0


class RequestsPerMinute(unittest.TestCase):
    def refused_as_too_many(self, world):
        without_checks = ssl._create_unverified_context()
        with urllib.request.urlopen(f"{world.url}/metrics", context=without_checks) as answer:
            text = answer.read().decode()
        return sum(int(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("strongroom_requests_total") and 'status="429"' in line)

    def test_one_person_asks_for_patience_by_the_operators_number(self):
        world = harness.World(people=False, serve_options=("--requests-per-minute", "60"))
        self.addCleanup(world.close)
        world.found()
        self.assertEqual(self.refused_as_too_many(world), 0)
        for _ in range(20):  # 30 may come at once, and each takes two or more
            world.run("icb", "whoami")
        self.assertGreater(self.refused_as_too_many(world), 0)
        world.stop()
        for wrong in ("59", "100000001", "many"):
            world.daemon("serve", world.vault, "--seal-keyfile", world.keyfile, "--requests-per-minute", wrong,
                         check=USAGE)
        world.serve_options = ("--requests-per-minute", "6000")
        world.serve()
        for _ in range(20):
            world.run("icb", "whoami")
        self.assertEqual(self.refused_as_too_many(world), 0)


class Backups(OperationsTest):
    def test_a_backup_while_three_clients_write_has_all_that_was_acknowledged_before_it(self):
        world = self.world
        _, safe = world.open_safe()
        stop = threading.Event()
        acknowledged = []
        failures = []

        def write(who):
            number = 0
            try:
                while not stop.is_set():
                    number += 1
                    files = {f"{who}-{number}-{i}.bin": os.urandom(200_000) for i in range(3)}
                    acknowledged.extend(entry["record"] for entry in world.secure(safe, files, who))
            except Exception as failure:  # shown by the test, not by the thread
                failures.append(failure)

        clients = [threading.Thread(target=write, args=(who,)) for who in ("depositor", "lead", "practitioner")]
        target = self.new("backup")
        for client in clients:
            client.start()
        reports, known = [], []
        try:
            while len(reports) < 3 and not failures:
                while len(acknowledged) < 6 * (len(reports) + 1) and not failures:
                    time.sleep(0.05)
                known.append(len(acknowledged))
                reports.append(self.backup(target))
        finally:
            stop.set()
            for client in clients:
                client.join()
        self.assertEqual(failures, [])
        for report, least in zip(reports, known):
            self.assertGreaterEqual(report["records"], least)
        for before, after in zip(reports, reports[1:]):  # only the new files are copied, and they are read again
            self.assertEqual(after["copied_records"], after["records"] - before["records"])
            self.assertEqual(after["verified_records"], after["copied_records"])
            self.assertEqual(after["number"], before["number"] + 1)
        self.assertEqual(self.backup(target, "--verify-all")["verified_records"], len(acknowledged))
        restored = self.restore(target)
        checked = self.entries(restored)
        self.assertTrue(checked["consistent"])
        self.assertEqual(checked["records"], len(acknowledged))
        self.assertEqual(stat.S_IMODE(restored.stat().st_mode), 0o700)

    def test_a_killed_backup_leaves_the_one_before_whole_and_is_gone_on_with(self):
        world = self.world
        _, safe = world.open_safe()
        target = self.new("backup")
        world.secure(safe, {"first.bin": os.urandom(3 << 20)})
        first = self.backup(target)
        for call in ("pwrite64:7", "fdatasync:1", "rename:1", "rename:2", "rename:3", "fsync:3", "unlinkat:2"):
            with self.subTest(call):
                world.secure(safe, {f"more-{call[-1]}.bin": os.urandom(3 << 20)})
                self.assertTrue(self.killed_at(call, "backup", world.vault, target, *self.seal), "it came so far")
                restored = self.restore(target)
                self.assertGreaterEqual(self.entries(restored)["records"], first["records"])
                shutil.rmtree(restored)
                again = self.backup(target)
                restored = self.restore(target)
                self.assertEqual(self.entries(restored)["records"], again["records"])
                shutil.rmtree(restored)
        self.assertEqual(sorted(p.name for p in target.iterdir()),
                         sorted(["lock", "payload", "backup.json", f"snapshot-{again['number']:08}"]))

    def test_a_first_backup_that_was_killed_restores_nothing_and_copies_no_payload_twice(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.bin": os.urandom(1 << 20), "b.bin": os.urandom(1 << 20)})
        target = self.new("backup")
        for call in ("rename:1", "rename:2"):
            self.assertTrue(self.killed_at(call, "backup", world.vault, target, *self.seal))
        self.assertEqual(self.restore(target, check=NOT_FOUND).code, NOT_FOUND)
        # Everything was there already, with the right digests.
        self.assertEqual(self.backup(target)["copied_records"], 0)
        self.restore(target)

    def test_a_killed_restore_is_no_vault_and_is_gone_on_with(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {f"{i}.bin": os.urandom(2 << 20) for i in range(3)})
        target = self.new("backup")
        report = self.backup(target)
        for call in ("rename:1", "pwrite64:3", "pwrite64:9", "fdatasync:1", "fsync:6"):
            with self.subTest(call):
                directory = self.new("restored")
                self.assertTrue(self.killed_at(call, "restore", target, directory, *self.seal))
                outcome = world.daemon("serve", directory, "--listen", "127.0.0.1:0", *self.seal, check=None)
                self.assertEqual(outcome.code, NOT_FOUND, outcome)
                self.restore(target, directory)
                self.assertEqual(self.entries(directory)["records"], report["records"])
                shutil.rmtree(directory)

    def test_an_altered_byte_anywhere_in_a_backup_is_caught(self):
        world = self.world
        _, safe = world.open_safe()
        record = world.secure(safe, {"a.bin": os.urandom(100_000)})[0]["record"]
        target = self.new("backup")
        report = self.backup(target)
        snapshot = target / f"snapshot-{report['number']:08}"
        files = [p for p in snapshot.rglob("*") if p.is_file()] + [target / "backup.json"]
        self.assertGreaterEqual(len(files), 6)
        for path in files:
            for offset in (0, path.stat().st_size // 2, path.stat().st_size - 1):
                with self.subTest(f"{path.name} at {offset}"):
                    flip(path, offset)
                    directory = self.new("restored")
                    self.restore(target, directory, check=INTEGRITY)
                    self.assertFalse((directory / "format").exists())
                    flip(path, offset)
        last = segments(target)[-1]
        content = last.read_bytes()
        offset = max(o for o in range(0, len(content), 4096) if any(content[o:o + 4096]))
        flip(last, offset)
        outcome = self.restore(target, check=INTEGRITY)
        self.assertIn(record, outcome.err)
        self.backup(target, "--verify-all", check=INTEGRITY)
        flip(last, offset)
        self.restore(target)

    def test_what_is_no_place_for_a_backup_is_refused_and_left_alone(self):
        world = self.world
        for inside in (world.vault / "backup", world.vault, world.top):
            self.backup(inside, check=USAGE)
        full = world.folder({"something.txt": b"x"})
        self.backup(full, check=CONFLICT)
        self.assertEqual([p.name for p in full.iterdir() if p.name != "lock"], ["something.txt"])
        other = harness.World(people=False)
        try:
            theirs = self.new("backup")
            world.daemon("backup", other.vault, theirs, "--seal-keyfile", other.keyfile)
            self.assertIn("another vault", self.backup(theirs, check=CONFLICT).err)
        finally:
            other.close()
        self.restore(self.new("nothing"), check=NOT_FOUND)
        target = self.new("backup")
        self.backup(target)
        self.restore(target, full, check=CONFLICT)
        self.restore(target, target / "inside", check=USAGE)
        wrong = world.top / "wrong.key"
        wrong.write_bytes(os.urandom(32))
        wrong.chmod(0o600)
        world.daemon("restore", target, self.new("restored"), "--seal-keyfile", wrong, check=INTEGRITY)


class Behind(OperationsTest):
    """These tests have a world of their own, because its vault goes backwards."""

    def test_clients_notice_a_restored_vault_that_is_behind_and_its_backup_is_not_overwritten(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"early.txt": b"early"})
        old, new = self.new("backup"), self.new("backup")
        self.backup(old)
        world.run("teacher", "whoami")  # this person has seen nothing that the old backup lacks
        world.secure(safe, {"late.txt": b"late"})
        world.run("representative", "whoami")
        self.backup(new)
        world.stop()
        world.vault.rename(world.top / "vault.lost")
        self.restore(old, world.vault)
        world.serve()
        outcome = world.run("representative", "whoami", check=INTEGRITY)
        self.assertRegex(outcome.err, "(?i)backwards|behind|smaller")
        self.assertEqual(self.backup(new, check=CONFLICT).code, CONFLICT)
        world.run("teacher", "whoami")
        # With the newer backup everything is there again, for everybody.
        world.stop()
        shutil.rmtree(world.vault)
        self.restore(new, world.vault)
        world.serve()
        world.run("representative", "whoami")
        self.assertEqual(len(world.data("representative", "records", safe)), 2)
        self.assertEqual(len(world.checkout(safe, "representative", "--all")["records"]), 2)


class Scrubs(OperationsTest):
    def scrub(self, *more, check=DONE):
        return self.world.daemon("scrub", self.world.vault, *self.seal, "--json", *more, check=check).json()

    def test_a_rotten_block_is_found_and_its_record_named_and_a_stopped_round_goes_on(self):
        world = self.world
        _, safe = world.open_safe()
        records = {entry["path"].rsplit("/", 1)[-1]: entry["record"]
                   for entry in world.secure(safe, {f"{i}.bin": os.urandom(3 << 20) for i in range(3)})}
        existing = self.new("backup")
        self.backup(existing)
        world.checkout(next(iter(records.values())))  # entries that this backup lacks
        with world.stopped():
            whole = self.scrub()
            self.assertEqual((whole["records"], whole["damaged"], whole["finished"]), (3, [], True))

            slow = subprocess.Popen([STRONGROOMD, "scrub", world.vault, *self.seal, "--rate", "1", "--json"],
                                    stdout=subprocess.PIPE, env=world.environment())
            time.sleep(4.5)  # at 1 MiB a second: within the second record
            slow.send_signal(signal.SIGTERM)
            said = json.loads(slow.communicate(timeout=60)[0])
            self.assertEqual(slow.returncode, FAILURE)
            self.assertFalse(said["finished"])
            self.assertIn(said["records"], (1, 2))
            rest = self.scrub()
            self.assertEqual((rest["records"], rest["finished"]), (3, True))

            segment = segments(world.vault)[0]
            flip(segment, 4096 + (5 << 20))  # it is in the second one: the first has a little over 3 MiB
            found = self.scrub(check=INTEGRITY)
            self.assertEqual(len(found["damaged"]), 1)
            self.assertIn(found["damaged"][0]["record"], records.values())
            self.assertIn("block", found["damaged"][0]["problem"])
            text = world.daemon("scrub", world.vault, *self.seal, check=INTEGRITY).out
            self.assertIn(found["damaged"][0]["record"], text)
            self.assertEqual(self.backup(self.new("backup"), check=INTEGRITY).code, INTEGRITY)
            # If the backup already has the payload, it copies the ledger to its end, so nothing is behind after the
            # restore.
            entries = world.daemon("check", world.vault, *self.seal, "--json", check=INTEGRITY).json()["entries"]
            self.assertEqual(self.backup(existing)["entries"], entries)
            self.assertEqual(self.entries(self.restore(existing))["entries"], entries)
            flip(segment, 4096 + (5 << 20))
            self.assertEqual(self.scrub()["damaged"], [])


class Seals(OperationsTest):
    def seals(self):
        return self.world.daemon("seal", "list", self.world.vault, "--json").json()

    def test_seals_coexist_while_the_vault_is_served_and_the_last_one_stays(self):
        world = self.world
        passphrase = world.text("a passphrase of the partners\n")
        added = world.daemon("seal", "add", world.vault, *self.seal, "--new-seal-passphrase-file", passphrase,
                             "--json").json()["seal"]
        self.assertEqual([s["kind"] for s in self.seals()], ["key-file", "passphrase"])
        first = self.seals()[0]["seal"]
        with world.stopped():
            for opener in (self.seal, ("--seal-passphrase-file", passphrase)):
                world.daemon("check", world.vault, *opener)
        remove = ("seal", "remove", world.vault)
        self.assertIn("--yes", world.daemon(*remove, added, *self.seal, check=USAGE).err)  # nobody to ask
        world.daemon(*remove, first, *self.seal, "--yes", check=REFUSED)  # not the one in hand
        world.daemon(*remove, "0123456789abcdef", *self.seal, "--yes", check=NOT_FOUND)
        self.assertEqual(len(self.seals()), 2)
        world.daemon(*remove, added, *self.seal, "--yes")
        with world.stopped():
            world.daemon("check", world.vault, "--seal-passphrase-file", passphrase, check=INTEGRITY)
        self.assertIn("last", world.daemon(*remove, first, *self.seal, "--yes", check=REFUSED).err)
        inside = world.vault / "seal.key"
        world.daemon("seal", "add", world.vault, *self.seal, "--new-seal-keyfile", inside, check=USAGE)
        self.assertFalse(inside.exists())
        short = world.text("short\n")
        world.daemon("seal", "add", world.vault, *self.seal, "--new-seal-passphrase-file", short, check=USAGE)
        self.assertEqual([s["seal"] for s in self.seals()], [first])


class Rotations(OperationsTest):
    """These tests have a world of their own, because its vault gets other keys."""

    def setUp(self):
        self.seal = ("--seal-keyfile", self.world.keyfile)

    def test_a_new_vault_key_opens_by_its_new_seal_alone_and_nothing_is_lost(self):
        world = self.world
        _, safe = world.open_safe()
        record = world.secure(safe, {"before.txt": b"before the rotation"})[0]["record"]
        passphrase = world.text("a passphrase of the partners\n")
        world.daemon("seal", "add", world.vault, *self.seal, "--new-seal-passphrase-file", passphrase)
        backup = self.new("backup")
        first = self.backup(backup)
        fresh = self.new("fresh.key")
        rotate = ("rotate", world.vault, *self.seal, "--new-seal-keyfile", fresh)
        self.assertIn("stop it first", world.daemon(*rotate, "--yes", check=CONFLICT).err)
        world.stop()
        stolen = self.new("stolen")
        shutil.copytree(world.vault, stolen)
        self.assertIn("--yes", world.daemon(*rotate, check=USAGE).err)  # a seal would go, and nobody is there to be asked
        self.assertFalse(fresh.exists())
        said = world.daemon(*rotate, "--yes", "--json").json()
        self.assertGreater(said["values"], 100)
        self.assertEqual([s["seal"] for s in world.daemon("seal", "list", world.vault, "--json").json()], [said["seal"]])
        for old in (self.seal, ("--seal-passphrase-file", passphrase)):
            world.daemon("check", world.vault, *old, check=INTEGRITY)
        # The old seal, even with the old keyring, opens nothing in the current vault.
        both = self.new("both")
        shutil.copytree(world.vault, both)
        shutil.copy(stolen / "keyring.json", both / "keyring.json")
        world.daemon("check", both, *self.seal, check=INTEGRITY)
        world.daemon("check", stolen, *self.seal)

        world.keyfile, self.seal = fresh, ("--seal-keyfile", fresh)
        self.assertTrue(self.entries(world.vault)["consistent"])
        world.serve()
        copy = world.checkout(record)
        self.assertTrue(copy["records"])
        world.secure(safe, {"after.txt": b"after it"})
        again = self.backup(backup)  # this continues the backup that began before the rotation
        self.assertEqual((again["number"], again["copied_records"]), (first["number"] + 1, 1))
        self.assertEqual(self.entries(self.restore(backup))["records"], 2)

    def test_a_rotation_that_was_killed_is_served_and_gone_on_with(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {f"{i}.txt": bytes([i]) for i in range(20)})
        for call in ("rename:1", "fdatasync:2", "pwrite64:20", "fdatasync:9", "renameat2:1", "rename:2"):
            with self.subTest(call):
                with world.stopped():
                    self.assertTrue(self.killed_at(call, "rotate", world.vault, *self.seal, "--yes"), "it came so far")
                    begun = call != "rename:1"  # which names the keyring of both keys
                    self.assertEqual("previous" in json.loads((world.vault / "keyring.json").read_text()), begun)
                    self.assertTrue(self.entries(world.vault)["consistent"])
                world.run("representative", "records", safe)
                with world.stopped():
                    world.daemon("rotate", world.vault, *self.seal, "--yes")
                    self.assertTrue(self.entries(world.vault)["consistent"])
                self.assertNotIn("previous", json.loads((world.vault / "keyring.json").read_text()))
                self.assertEqual(len(world.data("representative", "records", safe)), 20)


class Certificates(OperationsTest):
    def pin(self, who):
        return json.loads((self.world.home(who) / "pins.json").read_text())["tls_pin"]

    def certificate(self):
        """Makes another key and certificate, as anybody can."""
        top = self.new("tls")
        top.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "30", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", top / "key.pem",
                        "-out", top / "cert.pem"], check=True, capture_output=True)
        return top / "cert.pem", top / "key.pem"

    @contextlib.contextmanager
    def impostor(self, statements):
        """Runs a server that has the address and another key, and answers every request with these statements."""
        certificate, key = self.certificate()
        body = json.dumps({"statements": statements}).encode()
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, dict(self.headers)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.world.port), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def test_clients_follow_a_renewed_key_that_the_log_key_signed_and_no_other(self):
        world = self.world
        before = self.pin("lead")
        self.assertIn("stop it first", world.daemon("cert", "renew", world.vault, *self.seal, check=CONFLICT).err)
        late = world.data("local-authority", "person", "invite", "--agency", world.agency["local-authority"], "--role",
                          "reviewer", "--name", "Test late")["invitation"]
        with world.stopped():
            renewed = world.daemon("cert", "renew", world.vault, *self.seal, "--json").json()["tls_pin"]
        self.assertNotEqual(renewed, before)
        outcome = world.run("lead", "whoami")
        self.assertIn("renewed", outcome.err)
        self.assertEqual(self.pin("lead"), renewed)
        self.assertNotIn("renewed", world.run("lead", "whoami").err)
        world.enrol("late", late)  # an invitation that pins the old key

        # The key changes twice more, once to a key of the operator's: a client that was away follows all changes at
        # once.
        certificate, key = self.certificate()
        with world.stopped():
            world.daemon("cert", "renew", world.vault, *self.seal)
            own = world.daemon("cert", "renew", world.vault, *self.seal, "--tls-cert", certificate, "--tls-key", key,
                               "--json").json()["tls_pin"]
            world.daemon("cert", "renew", world.vault, *self.seal, "--tls-cert", certificate, "--tls-key",
                         self.certificate()[1], check=USAGE)  # not the certificate's key
        self.assertNotEqual(self.pin("teacher"), own)
        world.run("teacher", "whoami")
        self.assertEqual(self.pin("teacher"), own)
        self.assertEqual(world.data("lead", "trust")["tls_pin"], own)
        invited = world.invite("local-authority", "later", "local-authority", "reviewer")
        self.assertTrue(invited)

        # An impostor answers without a statement, with the true ones, and with one that another key signed.
        statements = json.loads(next((world.vault / "tls").glob("successions.json")).read_text())["statements"]
        self.assertGreaterEqual(len(statements), 3)  # other tests of this world add more
        forged = statements[-1].replace(own, "ab" * 32)
        self.assertNotEqual(forged, statements[-1])
        with world.stopped():
            for said in ([], statements, [*statements[:-1], forged]):
                with self.impostor(said) as seen:
                    outcome = world.run("lead", "whoami", check=INTEGRITY)
                    self.assertIn("Nothing was sent", outcome.err)
                    self.assertIn("operator", outcome.err)
                    self.assertEqual([path for path, _ in seen], ["/v1/log/tls-successions"])
                    self.assertNotIn("signature", {name.lower() for _, fields in seen for name in fields})
                self.assertEqual(self.pin("lead"), own)
        world.run("lead", "whoami")

    def test_a_key_that_was_put_in_place_in_another_way_is_not_served(self):
        world = self.world
        with world.stopped():
            certificate, _ = self.certificate()
            kept = (world.vault / "tls" / "certificate.pem").read_bytes()
            (world.vault / "tls" / "certificate.pem").write_bytes(certificate.read_bytes())
            outcome = world.daemon("serve", world.vault, "--listen", "127.0.0.1:0", *self.seal, check=INTEGRITY)
            self.assertIn("cert renew", outcome.err)
            (world.vault / "tls" / "certificate.pem").write_bytes(kept)

    def test_a_renewal_that_was_killed_is_done_or_not(self):
        world = self.world
        for call in ("fsync:2", "fsync:4", "renameat2:1", "unlinkat:1"):
            with self.subTest(call), world.stopped():
                self.assertTrue(self.killed_at(call, "cert", "renew", world.vault, *self.seal))
            world.run("lead", "whoami")
        with world.stopped():
            world.daemon("cert", "renew", world.vault, *self.seal)
        world.run("lead", "whoami")
        self.assertFalse((world.vault / "tls.new").exists())


class Sandbox(OperationsTest):
    def status(self, pid):
        return dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())

    def test_the_service_gives_up_privileges_core_dumps_and_files_for_others(self):
        world = self.world
        status = self.status(world.server.pid)
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        self.assertEqual(status["Umask"].strip(), "0077")
        limits = pathlib.Path(f"/proc/{world.server.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0\s")

    @unittest.skipIf(os.environ.get("STRONGROOM_SANITIZE"), "a sanitizer's memory cannot be locked")
    def test_the_service_has_its_secrets_in_locked_memory(self):
        locked = int(self.status(self.world.server.pid)["VmLck"].split()[0])
        self.assertGreater(locked, 0)

    @unittest.skipUnless(os.geteuid() == 0, "another user is needed")
    def test_its_own_user_can_neither_trace_nor_dump_it(self):
        world = self.world
        world.stop()
        try:
            for path in (world.top, world.keyfile, world.vault, *world.vault.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            served = subprocess.Popen([STRONGROOMD, "serve", world.vault, "--listen", f"127.0.0.1:{world.port}", *self.seal],
                                      stdout=subprocess.PIPE, user=NOBODY, group=NOBODY, env=world.environment())
            try:
                self.assertTrue(served.stdout.readline())
                # In /proc, root owns the files of a process that is not dumpable, no matter who runs it.
                self.assertEqual(os.stat(f"/proc/{served.pid}/mem").st_uid, 0)
            finally:
                served.terminate()
                served.wait()
                served.stdout.close()
        finally:
            for path in (world.top, world.keyfile, world.vault, *world.vault.rglob("*")):
                os.chown(path, 0, 0)
            world.serve()

    def test_a_directory_that_others_may_enter_is_refused_with_the_remedy(self):
        world = self.world
        with world.stopped():
            for path in (world.vault, world.vault / "db", world.vault / "payload", world.vault / "tls"):
                for mode in (0o750, 0o701):
                    path.chmod(mode)
                    outcome = world.daemon("serve", world.vault, "--listen", "127.0.0.1:0", *self.seal, check=USAGE)
                    self.assertIn(f"chmod -R go= {world.vault}", outcome.err)
                    path.chmod(0o700)
            world.keyfile.chmod(0o640)
            world.daemon("check", world.vault, *self.seal, check=USAGE)
            world.keyfile.chmod(0o600)

    def test_a_systemd_credential_is_taken_though_its_group_shows_a_bit(self):
        world = self.world
        folder = self.new("credentials")
        folder.mkdir(mode=0o700)
        shutil.copy(world.keyfile, folder / "seal.key")
        (folder / "seal.key").chmod(0o440)
        arguments = [STRONGROOMD, "check", world.vault, "--seal-keyfile", folder / "seal.key"]
        with world.stopped():
            for environment, code in (({}, USAGE), ({"CREDENTIALS_DIRECTORY": str(folder)}, DONE)):
                done = subprocess.run(arguments, capture_output=True, env={**world.environment(), **environment})
                self.assertEqual(done.returncode, code, done.stderr)

    def test_nothing_that_the_vault_makes_is_for_others(self):
        world = self.world
        target = self.new("backup")
        self.backup(target)
        for top in (world.vault, target):
            for path in (top, *top.rglob("*")):
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)


class Help(unittest.TestCase):
    def test_every_command_explains_itself_with_an_example(self):
        def helped(*words):
            done = subprocess.run([STRONGROOMD, *words, "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, words)
            return done.stdout

        def below(text):
            listed = re.search(r"\n(?:Subcommands|SUBCOMMANDS):\n(.*?)(\n\n|\Z)", text, re.S)
            return re.findall(r"^  ([a-z-]+)\s", listed.group(1), re.M) if listed else []

        names = below(helped())
        for name in ("init", "serve", "check", "rebuild", "policy", "seal", "rotate", "backup", "restore", "scrub", "cert"):
            self.assertIn(name, names)
        for name in names:
            for words in ((name,), *((name, sub) for sub in below(helped(name)))):
                self.assertIn("strongroomd " + " ".join(words), helped(*words), words)
                self.assertIn("Example:", helped(*words))


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not there")
class Units(unittest.TestCase):
    def exposure(self, unit):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True,
                              text=True)
        return float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout).group(1)), done.stdout

    def test_the_units_are_exposed_less_than_2(self):
        for unit in sorted((SOURCE / "packaging").glob("*.service")):
            level, table = self.exposure(unit)
            self.assertLess(level, 2.0, table)

    def test_the_measure_tells_a_bare_unit_from_ours(self):
        bare = SOURCE / "packaging" / "strongroomd.service"
        with contextlib.ExitStack() as stack:
            top = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            kept = ("[", "Exec", "Description", "Type")
            (top / "strongroomd.service").write_text(
                "\n".join(line for line in bare.read_text().splitlines() if line.startswith(kept)) + "\n")
            self.assertGreater(self.exposure(top / "strongroomd.service")[0], 2.0)


# --- docs/operations.md ----------------------------------------------------------------------------------------------

# Replaces the machine's own programs while the page is run in a folder, where there is no service manager and no other
# user.
SHIM = r'''#!/usr/bin/env python3
import os, pathlib, re, shutil, signal, subprocess, sys, time
ROOT, NAME, ARGUMENTS = pathlib.Path(os.environ["PAGE_ROOT"]), pathlib.Path(sys.argv[0]).name, sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent

def translated(word):
    for path in ("/var/lib/strongroom", "/var/backups/strongroom", "/etc/strongroom", "/usr/"):
        if word.startswith(path):
            return str(ROOT) + word
    return word

def execute(unit, wait):
    text = (ROOT / "usr/lib/systemd/system" / (unit + ".service")).read_text()
    words = re.search(r"^ExecStart=(.*)$", text, re.M).group(1).split()
    words = [translated(w.replace("%d", str(HERE / "credentials"))).replace("0.0.0.0:8443", "127.0.0.1:" + os.environ["PAGE_PORT"])
             for w in words]
    (HERE / "credentials").mkdir(mode=0o700, exist_ok=True)
    for name, source in re.findall(r"^LoadCredential=([^:]+):(.*)$", text, re.M):
        shutil.copy(translated(source), HERE / "credentials" / name)
        (HERE / "credentials" / name).chmod(0o440)  # as systemd's access lists show
    environment = dict(os.environ, CREDENTIALS_DIRECTORY=str(HERE / "credentials"))
    if wait:
        sys.exit(subprocess.run(words, env=environment).returncode)
    log = open(HERE / (unit + ".log"), "ab")
    ready, out = os.pipe()
    child = subprocess.Popen(words, env=environment, stdout=out, stderr=log, start_new_session=True)
    os.close(out)
    if not os.read(ready, 1):
        sys.exit(1)
    (HERE / (unit + ".pid")).write_text(str(child.pid))
    # Keeps the pipe open for as long as the service writes to it.
    if os.fork() == 0:
        os.setsid(); os.close(0); os.close(1); os.close(2)
        while os.read(ready, 4096): pass
        os._exit(0)

if NAME == "systemctl":
    verb, unit = ARGUMENTS[0], ARGUMENTS[-1].removesuffix(".service")
    if verb == "daemon-reload" or unit.endswith(".timer"):
        sys.exit(0 if verb == "daemon-reload" or (ROOT / "usr/lib/systemd/system" / unit).exists() else 1)
    if verb in ("start", "enable"):
        execute(unit, unit != "strongroomd")
    elif verb == "stop":
        if not (HERE / (unit + ".pid")).exists():
            sys.exit(0)  # it does not run
        pid = int((HERE / (unit + ".pid")).read_text())
        os.kill(pid, signal.SIGTERM)
        status = pathlib.Path(f"/proc/{pid}/status")
        while status.exists() and not re.search(r"^State:\s+Z", status.read_text(), re.M):
            time.sleep(0.05)
    else:
        sys.exit(2)
elif NAME == "systemd-sysusers":
    sys.exit(0 if "strongroom" in pathlib.Path(ARGUMENTS[0]).read_text() else 1)
elif NAME == "chown":
    sys.exit(0 if all(pathlib.Path(p).exists() for p in ARGUMENTS[2:]) else 1)
elif NAME == "install":
    words = list(ARGUMENTS)
    for option in ("-o", "-g"):
        if option in words:
            at = words.index(option)
            assert words[at + 1] == "strongroom"
            del words[at:at + 2]
    os.execv("/usr/bin/install", ["install", *words])
'''


def blocks(page):
    """Returns the page's indented blocks, each as one shell script."""
    found, current = [], []
    for line in [*page.splitlines(), "end"]:
        if line.startswith("    "):
            current.append(line[4:])
        elif current and line:
            found.append("\n".join(current))
            current = []
    return found


class Page(unittest.TestCase):
    def test_every_step_of_the_page_runs_in_its_order(self):
        with contextlib.ExitStack() as stack:
            root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="strongroom-page-")))
            held, port = harness.take_port()
            stack.callback(held.close)
            shims = root / "shims"
            for folder in ("shims", "var/lib", "var/backups", "var/tmp", "etc", "root", "usr"):
                (root / folder).mkdir(parents=True)
            for name in ("systemctl", "systemd-sysusers", "chown", "install"):
                (shims / name).write_text(SHIM)
                (shims / name).chmod(0o755)
            environment = dict(os.environ, PATH=f"{shims}:{root}/usr/bin:{os.environ['PATH']}", PAGE_ROOT=str(root),
                               PAGE_PORT=str(port), LC_ALL="C.UTF-8")
            environment.pop("STRONGROOM_PASSPHRASE_FILE", None)

            def stop():
                pid = shims / "strongroomd.pid"
                if pid.exists():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid.read_text()), signal.SIGKILL)

            stack.callback(stop)

            steps = blocks(PAGE.read_text())
            self.assertGreaterEqual(len(steps), 9)
            for step in steps:
                script = step.replace("build/release", str(BUILD)).replace("vault.example:8443", f"127.0.0.1:{port}")
                script = re.sub(r"(?<=[ ])/(?=(?:var|etc|root|usr)\b)", f"{root}/", script)
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True,
                                      env=environment, timeout=harness.COMMAND_TIMEOUT, cwd=root)
                log = shims / "strongroomd.log"
                self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}\n{done.stderr}\n" +
                                 (log.read_text() if log.exists() else ""))
            self.assertEqual(len(list((root / "root/invitations").iterdir())), 4)


if __name__ == "__main__":
    unittest.main()
