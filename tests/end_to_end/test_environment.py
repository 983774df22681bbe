"""The machine gives less than is asked of it: limits, no name service, an OpenSSL that lacks something.
Each ends with a message and an exit code, never with a signal, and the service goes on."""
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import DONE, FAILURE, Outcome

NAMELESS = "https://vault.invalid:8443"  # RFC 6761: no name ends in .invalid


class Alone(unittest.TestCase):
    """What needs no vault that is served."""

    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.environment = dict(os.environ, LC_ALL="C.UTF-8", STRONGROOM_HOME=str(cls.top / "home"))

    def start(self, *arguments, out=subprocess.PIPE, **options):
        environment = {**self.environment, **options.pop("environment", {})}
        arguments = [str(argument) for argument in arguments]
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=environment,
                              timeout=harness.COMMAND_TIMEOUT, **options)
        done.stdout = done.stdout or b""
        return Outcome(arguments, done)

    def init(self, name, out=subprocess.PIPE, url=NAMELESS):
        return self.start(harness.STRONGROOMD, "init", self.top / name, "--origin", "test.example/" + name, "--url", url,
                          "--seal-keyfile", self.top / "seal.key", out=out)

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
        """Of the size of the files that the running service writes."""
        resource.prlimit(self.world.server.pid, resource.RLIMIT_FSIZE, (files, resource.RLIM_INFINITY))

    def setUp(self):
        self.addCleanup(self.limit, resource.RLIM_INFINITY)

    def assert_lives(self):
        self.assertIsNone(self.world.server.poll(), "the service has ended")
        self.world.run("lead", "whoami")

    def test_a_payload_beyond_the_limit_of_a_files_size_is_refused_and_the_service_lives(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"before.txt": b"before"})
        segment = max(path.stat().st_size for path in (world.vault / "payload").glob("*.seg"))
        # More than is allocated so far; the end of what is allocated; all of it; a batch of small files.
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
            for number in range(200):  # it uses the pages that it has let go first
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
