"""Tests 4.3.5: only a nominated representative has access, also while one is away and when one takes over from
another."""
import unittest

import harness
from harness import CONFLICT, DONE, NOT_FOUND, REFUSED, USAGE


class Handover(harness.WorldTest):
    def state_of(self, safe, who):
        return {one["person"]: one["state"] for one in self.world.data("lead", "nominate", "list", safe)}[
            self.world.person[who]]

    def test_4_3_5_a_representative_who_is_away_opens_nothing_until_resumed(self):
        world = self.world
        case, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"a"})
        world.run("lead", "nominate", "pause", safe, world.person["representative"], "--reason-file",
                  world.text("on leave"))
        self.assertEqual(self.state_of(safe, "representative"), "paused")
        world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due", world.today(1),
                  check=REFUSED)
        self.assertNotIn("a.txt", world.run("representative", "records", safe).out)  # numbers, not names
        world.run("representative", "nominate", "resume", safe, world.person["representative"], check=REFUSED)

        world.run("lead", "nominate", "resume", safe, world.person["representative"])
        self.assertEqual(self.state_of(safe, "representative"), "pending")
        world.run("representative-2", "sync", "--yes")  # a keyholder's client wraps the key again
        world.run("representative", "sync", "--yes")
        self.assertEqual(self.state_of(safe, "representative"), "active")
        world.checkout(safe, "representative", "--all")
        kinds = [entry["kind"] for entry in world.trail(case)]
        self.assertIn("nomination.paused", kinds)
        self.assertIn("nomination.resumed", kinds)

    def test_a_key_made_meanwhile_is_given_to_whoever_is_resumed(self):
        world = self.world
        _, safe = world.open_safe(representatives=("representative", "representative-2", "practitioner"))
        world.run("lead", "nominate", "pause", safe, world.person["representative"])
        world.run("lead", "nominate", "end", safe, world.person["practitioner"])
        world.run("representative-2", "sync", "--yes")
        self.assertEqual(world.data("lead", "safe", "show", safe)["epoch"], 1)
        world.secure(safe, {"later.txt": b"later"})
        world.run("lead", "nominate", "resume", safe, world.person["representative"])
        world.run("representative-2", "sync", "--yes")
        world.run("representative", "sync", "--yes")
        self.assertEqual([one["name"] for one in world.data("representative", "records", safe)], ["later.txt"])

    def test_a_reason_is_asked_for_at_a_terminal_and_may_be_nothing(self):
        world = self.world
        case, safe = world.open_safe(representatives=("representative", "representative-2", "practitioner"))
        asked = "The reason (one line, or nothing; do not name the child or the family):"
        away, leaving, staying = (world.person[who] for who in ("representative", "practitioner", "representative-2"))
        world.at_terminal("lead", "nominate", "pause", safe, away, answers=[(asked, "on leave")])
        world.at_terminal("lead", "nominate", "end", safe, leaving, answers=[(asked, "")])
        gone = world.invite("lead", "leaver", "local-authority", "practitioner")
        world.at_terminal("lead", "person", "revoke", gone,
                          answers=[("This cannot be undone. [y/N]", "y"), (asked, "left")])
        given = world.at_terminal("lead", "nominate", "resume", safe, away)
        self.assertNotIn(asked, given)
        detail = {one["kind"]: one["detail"] for one in world.trail(case)}
        self.assertIn("reason", detail["nomination.paused"])
        self.assertNotIn("reason", detail["nomination.ended"])
        world.run("representative-2", "sync", "--yes")
        handover = ("nominate", "handover", safe, "--from", staying, "--to", leaving)
        # This one waits for the key.
        world.at_terminal("lead", *handover, answers=[(asked, "takes over")], check=CONFLICT)
        self.assertNotIn(asked, world.at_terminal("lead", *handover, check=CONFLICT))  # this one has it already

    def test_the_last_keyholder_is_not_paused(self):
        world = self.world
        _, safe = world.open_safe(representatives=("representative",))
        outcome = world.run("lead", "nominate", "pause", safe, world.person["representative"], check=CONFLICT)
        self.assertIn("nobody else holds this safe's key", outcome.err)
        self.assertEqual(self.state_of(safe, "representative"), "active")

    def test_4_3_5_one_representative_takes_over_with_open_copies(self):
        world = self.world
        case, safe = world.open_safe(representatives=("representative",))
        world.secure(safe, {"a.txt": b"a", "b.txt": b"b"})
        own = world.checkout(safe, "representative", "--all")
        theirs = world.data("representative", "checkout", safe, "--all", "--for", world.person["practitioner"],
                            "--purpose", "case-work", "--due", world.today(3))
        handover = ("nominate", "handover", safe, "--from", world.person["representative"], "--to",
                    world.person["representative-2"])
        outcome = world.run("lead", *handover, check=CONFLICT)  # the nomination has begun, but the key has not come yet
        self.assertIn("run this again", outcome.err)
        world.run("lead", *handover, check=CONFLICT)  # nothing is nominated twice
        world.run("representative", "sync", "--yes")
        outcome = world.run("lead", *handover, check=CONFLICT)
        self.assertIn("not confirmed", outcome.err)
        world.run("representative-2", "sync", "--yes")
        done = world.data("lead", *handover)
        self.assertEqual((done["state"], done["copies"]), ("done", 2))
        self.assertEqual(self.state_of(safe, "representative"), "ended")
        again = world.data("lead", *handover, check=DONE)
        self.assertEqual(again["copies"], 0)

        copies = {copy["number"]: copy for copy in world.data("representative-2", "copies", "--mine")}
        for number in (own["number"], theirs["number"]):
            self.assertEqual(copies[number]["responsible"], world.person["representative-2"])
            self.assertEqual(copies[number]["issuer"], world.person["representative"])
        world.run("representative", "checkout", safe, "--all", "--purpose", "case-work", "--due", world.today(1),
                  check=REFUSED)
        world.run("representative-2", "sync", "--yes")  # the new key
        self.assertEqual(world.data("lead", "safe", "show", safe)["epoch"], 1)
        world.run("practitioner", "collect", theirs["number"], "-o", world.top / f"held-{world.next()}")
        for number in (own["number"], theirs["number"]):
            world.run("representative-2", "return", number, "--how", "returned")
        world.run("reviewer", "audit", "verify")
        kinds = [entry["kind"] for entry in world.trail(case)]
        self.assertEqual(kinds.count("copy.reassigned"), 2)

    def test_a_colleagues_copy_is_still_collected_after_its_issuer_handed_over(self):
        world = self.world
        _, safe = world.open_safe()
        world.secure(safe, {"a.txt": b"the content"})
        copy = world.data("representative", "checkout", safe, "--all", "--for", world.person["practitioner"],
                          "--purpose", "case-work", "--due", world.today(3))
        world.run("lead", "nominate", "handover", safe, "--from", world.person["representative"], "--to",
                  world.person["representative-2"])
        out = world.top / f"held-{world.next()}"
        world.run("practitioner", "collect", copy["number"], "-o", out)
        opened = world.top / f"opened-{world.next()}"
        world.run("practitioner", "open", out / copy["number"], "-o", opened)
        self.assertEqual([p.read_bytes() for p in opened.rglob("a.txt")], [b"the content"])

    def test_bad_handovers_are_clear_errors(self):
        world = self.world
        _, safe = world.open_safe()
        one, two, other = (world.person[who] for who in ("representative", "representative-2", "depositor"))
        world.run("lead", "nominate", "handover", safe, "--from", one, "--to", one, check=USAGE)
        world.run("lead", "nominate", "handover", safe, "--from", other, "--to", two, check=NOT_FOUND)
        world.run("lead", "nominate", "handover", safe, "--from", one, "--to", other, check=USAGE)  # no practitioner
        world.run("practitioner", "nominate", "handover", safe, "--from", one, "--to", world.person["practitioner"],
                  check=REFUSED)
        world.run("lead", "nominate", "resume", safe, one, check=CONFLICT)
        self.assertEqual(self.state_of(safe, "representative"), "active")


if __name__ == "__main__":
    unittest.main()
