"""Tests how a vault is founded: invitations come in files, and nobody is invited before the three roots have confirmed
each other's fingerprints."""
import pathlib
import unittest

import harness
from harness import CONFLICT, INTEGRITY, REFUSED, USAGE


class Roots(unittest.TestCase):
    def setUp(self):
        self.world = harness.World(people=False)
        self.addCleanup(self.world.close)

    def enrol(self, *people):
        for who in people:
            self.world.enrol(who, self.world.init["invitations"][who])

    def invite(self, check):
        return self.world.run("local-authority", "person", "invite", "--agency", "local-authority", "--role", "reviewer",
                              "--name", "Test reviewer", check=check)

    def test_an_invitation_is_taken_from_a_file_from_standard_input_and_as_text(self):
        world = self.world
        self.enrol("local-authority")
        text = pathlib.Path(world.init["invitations"]["icb"]).read_text()
        world.run("icb", "enrol", "-", "--name", "Test icb", "--work-factor", harness.WORK_FACTOR, stdin=text.encode())
        world.enrol("police", pathlib.Path(world.init["invitations"]["police"]).read_text().strip())
        outcome = world.enrol("nobody", world.top / "no-such-file", check=USAGE)
        self.assertIn("neither", outcome.err)
        world.confirm_roots()

    def test_the_fingerprint_at_the_enrolment_is_the_one_of_later(self):
        world = self.world
        outcome = world.run("icb", "enrol", world.init["invitations"]["icb"], "--work-factor", harness.WORK_FACTOR,
                            "--json")
        self.assertEqual(outcome.json()["fingerprint"], world.fingerprints("icb")[0])

    def test_a_root_confirms_only_once_all_three_have_enrolled(self):
        self.enrol("local-authority", "icb", "administrator")
        outcome = self.world.run("icb", "trust", "--confirm", "0" * 40, "0" * 40, check=CONFLICT)
        self.assertIn("police", outcome.err)
        self.world.run("administrator", "trust", "--confirm", "0" * 40, "0" * 40, check=REFUSED)

    def test_nobody_is_invited_before_three_roots_have_confirmed(self):
        world = self.world
        self.enrol(*harness.PARTNERS)
        icb, police = world.fingerprints("icb", "police")
        refused = self.invite(CONFLICT).err
        for words in ("Test icb", "police", "trust --confirm"):
            self.assertIn(words, refused)

        for given in ((icb, icb), (icb, police[:-1] + ("0" if police[-1] != "0" else "1"))):
            outcome = world.run("local-authority", "trust", "--confirm", *given, check=INTEGRITY)
            self.assertIn("Nothing was signed", outcome.err)
        world.run("local-authority", "trust", "--confirm", icb, check=USAGE)
        world.run("local-authority", "trust", "--confirm", check=USAGE)
        world.run("local-authority", "trust", icb, police, check=USAGE)  # without --confirm
        self.assertEqual([root["confirmed"] for root in world.data("icb", "trust")["roots"]], [False] * 3)

        done = world.data("local-authority", "trust", "--confirm", police.upper().replace(" ", ":"), icb)
        self.assertTrue(done["statement"].startswith("strongroom/roots/v1\ntest.example/strongroom\n"))
        self.assertEqual((len(done["confirmed"]), len(done["missing"])), (1, 2))
        world.run("local-authority", "trust", "--confirm", icb, police, check=CONFLICT)  # once is enough

        mine = world.fingerprints("local-authority")[0]
        world.run("icb", "trust", "--confirm", stdin=f"{mine}\n{police}\n".encode())
        refused = self.invite(CONFLICT).err
        self.assertIn("Test police", refused)
        self.assertNotIn("Test icb", refused)
        shown = world.at_terminal("police", "trust", "--confirm", answers=(
            ("as they read it to you:", mine), ("as they read it to you:", icb)))
        self.assertIn("All three roots have confirmed", shown)
        self.invite(harness.DONE)
        self.assertEqual([root["confirmed"] for root in world.data("icb", "trust")["roots"]], [True] * 3)
        self.assertEqual(world.run("icb", "trust").out.count("  yes"), 3)
        with world.stopped():
            world.daemon("check", world.vault, "--seal-keyfile", world.keyfile)


if __name__ == "__main__":
    unittest.main()
