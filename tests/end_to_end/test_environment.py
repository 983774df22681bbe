"""Tests a machine that gives less than it is asked for: output that takes nothing, closed descriptors, limits, no name
service. Each program ends with a message and an exit code, never with a signal, and the service continues."""
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

import harness
from harness import CONFLICT, DONE, FAILURE, Outcome

LOST = "standard output could not be written"
NAMELESS = "https://vault.invalid:8443"  # RFC 6761: no name ends in .invalid


def commands_of(program, path=()):
    """Returns every command of a program, groups included, as its own help lists them."""
    yield path
    shown = subprocess.run([program, *path, "--help"], capture_output=True, text=True, check=True).stdout
    listed = shown.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([a-z][a-z0-9-]*)", listed, re.MULTILINE):
        yield from commands_of(program, (*path, name))


class Alone(unittest.TestCase):
    """Tests that need no vault that is served."""

    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.environment = dict(os.environ, LC_ALL="C.UTF-8", STRONGROOM_HOME=str(cls.top / "home"))
        cls.commands = {program: list(commands_of(program)) for program in (harness.STRONGROOM, harness.STRONGROOMD)}

    def start(self, *arguments, out=subprocess.PIPE, **options):
        environment = {**self.environment, **options.pop("environment", {})}
        arguments = [str(argument) for argument in arguments]
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=environment,
                              timeout=harness.COMMAND_TIMEOUT, **options)
        done.stdout = done.stdout or b""
        return Outcome(arguments, done)

    def into_full(self, *arguments, **options):
        with open("/dev/full", "wb") as full:
            return self.start(*arguments, out=full, **options)

    def init(self, name, out=subprocess.PIPE, url=NAMELESS, more=()):
        return self.start(harness.STRONGROOMD, "init", self.top / name, "--origin", "test.example/" + name, "--url", url,
                          "--seal-keyfile", self.top / "seal.key", *more, out=out)

    def test_the_commands_were_found(self):
        self.assertIn(("audit", "trail"), self.commands[harness.STRONGROOM])
        self.assertIn(("seal", "add"), self.commands[harness.STRONGROOMD])
        self.assertGreater(len(self.commands[harness.STRONGROOM]), 60)

    def test_every_command_says_that_its_output_was_not_written(self):
        for program, paths in self.commands.items():
            for arguments in [*((*path, "--help") for path in paths), ("--version",)]:
                with self.subTest(program=program.name, arguments=arguments):
                    outcome = self.into_full(program, *arguments)
                    self.assertEqual(outcome.code, FAILURE, outcome)
                    self.assertIn(LOST, outcome.err)
        for arguments in ((harness.STRONGROOM, "completion", "bash"), (harness.STRONGROOM, "document", "blank", "1"),
                          (harness.STRONGROOM, "document", "blank", "1", "--json"), (harness.STRONGROOMD, "policy")):
            with self.subTest(arguments=arguments[1:]):
                outcome = self.into_full(*arguments)
                self.assertEqual(outcome.code, FAILURE, outcome)
                self.assertIn(LOST, outcome.err)

    def test_a_command_without_its_arguments_ends_with_an_exit_code(self):
        for program, paths in self.commands.items():
            for path in paths:
                with self.subTest(program=program.name, path=path):
                    outcome = self.start(program, *path)
                    self.assertGreaterEqual(outcome.code, DONE, outcome)
                    self.assertNotIn("invariant", outcome.err)

    def test_init_writes_its_invitations_for_nobody_else(self):
        invitations = self.init("private").json()["invitations"]
        self.assertEqual(set(invitations), {"administrator", "local-authority", "icb", "police"})
        for path in map(pathlib.Path, invitations.values()):
            self.assertEqual(path.parent, self.top / "private.invitations")
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertTrue(path.read_text().startswith("strongroom-invitation-v1."))

    def test_init_writes_its_invitations_where_it_is_told_and_over_nothing(self):
        folder = self.top / "elsewhere"
        self.assertEqual(self.init("told", more=("--invitations", folder, "--json")).code, DONE)
        self.assertEqual(len(list(folder.iterdir())), 4)
        before = {path: path.read_bytes() for path in folder.iterdir()}
        outcome = self.init("told-again", more=("--invitations", folder))
        self.assertEqual(outcome.code, CONFLICT, outcome)
        self.assertIn(str(folder), outcome.err)
        self.assertFalse((self.top / "told-again").exists())
        self.assertEqual({path: path.read_bytes() for path in folder.iterdir()}, before)

    def test_init_that_cannot_write_its_invitations_makes_no_vault(self):
        outcome = self.init("unwritten", more=("--invitations", self.top / "nowhere" / "folder"))
        self.assertNotEqual(outcome.code, DONE, outcome)
        self.assertFalse((self.top / "unwritten").exists())

    def test_init_says_where_its_invitations_are_if_it_cannot_print(self):
        with open("/dev/full", "wb") as full:
            outcome = self.init("unprinted", out=full)
        self.assertEqual(outcome.code, FAILURE, outcome)
        for words in ("invitations", str(self.top / "unprinted.invitations")):
            self.assertIn(words, outcome.err)
        self.assertEqual(len(list((self.top / "unprinted.invitations").iterdir())), 4)

    def test_init_says_so_when_its_reader_is_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        outcome = self.init("unread", out=writer)
        os.close(writer)
        self.assertEqual(outcome.code, FAILURE, outcome)
        self.assertIn("invitations", outcome.err)

    def test_other_commands_end_in_silence_when_their_reader_is_gone(self):
        for arguments in ((harness.STRONGROOM, "document", "blank", "1"), (harness.STRONGROOM, "completion", "bash"),
                          (harness.STRONGROOMD, "policy")):
            reader, writer = os.pipe()
            os.close(reader)
            outcome = self.start(*arguments, out=writer)
            os.close(writer)
            self.assertEqual((outcome.code, outcome.err), (-signal.SIGPIPE, ""))

    def test_nothing_is_printed_into_a_file_when_standard_output_is_closed(self):
        self.assertEqual(self.init("closed").code, DONE)
        database = self.top / "closed" / "db" / "data.mdb"
        before = database.read_bytes()
        for arguments in (("check", self.top / "closed"), ("seal", "list", self.top / "closed")):
            seal = () if arguments[0] == "seal" else ("--seal-keyfile", self.top / "seal.key")
            outcome = self.start(harness.STRONGROOMD, *arguments, *seal, out=None, preexec_fn=lambda: os.close(1))
            self.assertEqual(outcome.code, FAILURE, outcome)
            self.assertIn(LOST, outcome.err)
        self.assertEqual(database.read_bytes(), before)
        self.assertEqual(self.start(harness.STRONGROOMD, "check", self.top / "closed", "--seal-keyfile",
                                    self.top / "seal.key").code, DONE)

    def test_a_service_that_cannot_say_that_it_is_ready_ends(self):
        self.assertEqual(self.init("mute").code, DONE)
        outcome = self.into_full(harness.STRONGROOMD, "serve", self.top / "mute", "--listen", "127.0.0.1:0",
                                 "--seal-keyfile", self.top / "seal.key")
        self.assertEqual(outcome.code, FAILURE, outcome)
        self.assertIn("ready", outcome.err)

    def test_a_name_that_nothing_knows_is_named(self):
        invitation = self.init("nameless").json()["invitations"]["administrator"]
        passphrase = self.top / "passphrase"
        passphrase.write_text("a passphrase of a test\n")
        passphrase.chmod(0o600)
        outcome = self.start(harness.STRONGROOM, "enrol", invitation, "--name", "Test", "--work-factor", "10",
                             "--passphrase-file", passphrase, environment={"STRONGROOM_HOME": str(self.top / "nobody")})
        self.assertEqual(outcome.code, FAILURE, outcome)
        self.assertIn(NAMELESS, outcome.err)
        self.assertIn("network", outcome.err)

    def test_a_file_that_may_not_become_so_large_is_named(self):
        key = self.top / "key"
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
        recipient = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["age", "-r", recipient, "-o", self.top / "large.age"], check=True, input=bytes(3_000_000))
        for limit in (0, 500 << 10, 2_999_999):
            opened = self.top / "opened"
            outcome = self.start(harness.STRONGROOM, "open", self.top / "large.age", "-i", key, "-o", opened,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            self.assertEqual(outcome.code, FAILURE, outcome)
            self.assertIn(str(opened), outcome.err)
            self.assertIn("ulimit -f", outcome.err)
            self.assertFalse(opened.exists())

    def test_an_openssl_without_our_algorithms_is_said_to_be_one(self):
        configuration = self.top / "openssl.cnf"
        configuration.write_text("openssl_conf = all\n[all]\nalg_section = algorithms\n[algorithms]\n"
                                 "default_properties = fips=yes\n")
        for arguments in ((harness.STRONGROOM, "whoami"), (harness.STRONGROOMD, "policy")):
            outcome = self.start(*arguments, environment={"OPENSSL_CONF": str(configuration)})
            self.assertEqual(outcome.code, FAILURE, outcome)
            self.assertIn("OPENSSL_CONF", outcome.err)


class Served(harness.WorldTest):
    def limit(self, files):
        """Limits the size of the files that the running service writes."""
        resource.prlimit(self.world.server.pid, resource.RLIMIT_FSIZE, (files, resource.RLIM_INFINITY))

    def setUp(self):
        self.addCleanup(self.limit, resource.RLIM_INFINITY)

    def assert_lives(self):
        self.assertIsNone(self.world.server.poll(), "the service has ended")
        self.world.run("lead", "whoami")

    def into_full(self, who, *arguments):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.STRONGROOM, *arguments], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, env=self.world.environment(who), timeout=60)
        self.assertEqual((done.returncode, LOST in done.stderr.decode()), (FAILURE, True), (arguments, done))

    def test_what_is_listed_or_done_over_the_network_needs_its_output_too(self):
        agency = self.world.agency["local-authority"]
        for arguments in (("whoami",), ("whoami", "--json"), ("agency", "list"), ("audit", "trail"),
                          ("audit", "trail", "--json"), ("audit", "trail", "--follow"),
                          ("audit", "trail", "--follow", "--json"),
                          ("person", "invite", "--agency", agency, "--role", "reviewer", "--name", "Test lost")):
            with self.subTest(arguments=arguments):
                self.into_full("local-authority", *arguments)

    def test_a_payload_beyond_the_limit_of_a_files_size_is_refused_and_the_service_lives(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"before.txt": b"before"})
        segment = max(path.stat().st_size for path in (world.vault / "payload").glob("*.seg"))
        # The file meets its limit in turn beyond the allocated space, at its end, and at the start; then a batch of
        # small files does.
        for size, limit in ((70 << 20, segment), (20 << 20, 16 << 20), (20 << 20, 1 << 10), (1000, 1 << 10)):
            folder = world.folder({"refused.bin": os.urandom(size)})
            self.limit(limit)
            outcome = world.run("depositor", "secure", safe, folder, "--class", "case-notes", check=FAILURE)
            self.assertIn("no room", outcome.err)
            if size > 1000:  # small files go together
                self.assertIn("refused.bin", outcome.err)
            self.assert_lives()
        self.limit(resource.RLIM_INFINITY)
        world.run("depositor", "secure", safe, folder, "--class", "case-notes")
        with world.stopped():
            world.check()

    def test_a_database_at_the_limit_of_a_files_size_refuses_changes_and_the_service_lives(self):
        world = self.world
        database = world.vault / "db" / "data.mdb"
        for beyond in (0, 100, 4096, 3 * 4096 + 1):
            self.limit(database.stat().st_size + beyond)
            refused = None
            for number in range(200):  # it first uses the pages that it has freed
                outcome = world.run("local-authority", "agency", "add", f"Fictional School {beyond} {number}", "--kind",
                                    "school", check=None)
                if outcome.code != DONE:
                    refused = outcome
                    break
            self.assertIsNotNone(refused, "the limit was never reached")
            self.assertEqual(refused.code, FAILURE, refused)
            self.assertIn("no room", refused.err)
            self.assert_lives()
            self.limit(resource.RLIM_INFINITY)
            world.run("local-authority", "agency", "add", f"Fictional School {beyond}", "--kind", "school")
        with world.stopped():
            world.check()


if __name__ == "__main__":
    unittest.main()
