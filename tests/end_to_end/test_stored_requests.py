"""Tests a lying operator, who has the vault's key and stores a signature that a person made beside another body
(promises 2 and 4).

Both attacks worked once: docs/mistakes.md.
"""
import subprocess
import unittest

import harness
from harness import FAILURE, INTEGRITY

WITHHELD_REQUEST = harness.BUILD / "tests" / "end_to_end" / "withheld_request"
FORGING_OPERATOR = harness.BUILD / "tests" / "end_to_end" / "forging_operator"


class AStoredRequestIsWhatWasSigned(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.caught = self.world.top / "caught.json"

    def withhold(self, who, *arguments):
        """Has an honest client sign a command, which the service keeps and does not enter."""
        subprocess.run([WITHHELD_REQUEST, self.caught, *arguments], check=True, env=self.world.environment(who),
                       timeout=harness.COMMAND_TIMEOUT)

    def forge(self, *arguments):
        with self.world.stopped():
            made = subprocess.run([FORGING_OPERATOR, self.world.vault, self.world.keyfile, self.caught, *arguments],
                                  check=True, capture_output=True, timeout=harness.COMMAND_TIMEOUT)
        return made.stdout.decode().strip()

    def everybody_is_warned(self, who):
        """Asserts that both the vault's own check and a client that verifies the trail detect the forged entry."""
        world = self.world
        with world.stopped():
            world.check(code=INTEGRITY)
        # The honest service does not even serve it. If a service does, the client detects it (StoredRequests).
        self.assertIn(world.run(who, "audit", "verify", check=None).code, (INTEGRITY, FAILURE))

    def test_promise_4_an_invitation_of_a_practitioner_invites_no_stranger_as_partner(self):
        world = self.world
        self.withhold("local-authority", "invite", world.agency["local-authority"])
        invitation = self.forge("invitation")
        # The stranger's own client would do anything; every honest one refuses the directory with the forged entry.
        world.enrol("stranger", invitation, check=None)
        for who in ("local-authority", "icb", "spoc"):
            world.run(who, "person", "list", check=INTEGRITY)
        self.everybody_is_warned("icb")

    def test_promise_2_a_copy_of_a_harmless_record_becomes_no_copy_of_a_secret_one(self):
        world = self.world
        case, safe = world.open_safe()
        harmless = world.secure(safe, {"harmless.txt": b"harmless"})[0]["record"]
        secret = world.secure(safe, {"secret.txt": b"secret words"})[0]["record"]
        self.withhold("representative", "copy", safe, harmless)
        copy = self.forge("copy", world.person["practitioner"], secret)
        # The representative's next command prepares nothing, and says why.
        outcome = world.run("representative", "case", "list")
        self.assertIn(copy, outcome.err)
        self.assertIn("not done", outcome.err)
        world.run("practitioner", "collect", copy, "-o", world.top / "stolen", check=INTEGRITY)
        self.assertFalse((world.top / "stolen").exists())
        self.everybody_is_warned("reviewer")


if __name__ == "__main__":
    unittest.main()
