"""Takes a case from its referral to its end, for each decision that section 4 of the guidance knows, through the real
programs. Each test is named after the paragraph that it shows."""
import base64
import json
import subprocess
import unittest

import guide
import harness
import review_walk
from harness import CONFLICT, DONE, NOT_FOUND, REFUSED, USAGE
from review_walk import CHILD, ONE_DAY, WORDS, Walk, document_1, document_4, working_day

SECURING_TARGET = 3  # working days: a local one
DAYS_AGO = -250  # the day on which the first walk begins; each takes about four weeks


class ReviewTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = harness.World(days=DAYS_AGO, serve_options=("--securing-target", str(SECURING_TARGET)))
        world.invite("local-authority", "chair", "local-authority", "chair")
        world.invite("local-authority", "police-lead", "police", "agency-lead")

    @classmethod
    def tearDownClass(cls):
        try:
            traces = review_walk.traces(cls.world)
        finally:
            cls.world.close()
        assert not traces, traces

    def assert_clock(self, clock, state, due, working_days):
        self.assertEqual((clock["state"], clock["due"], clock["working_days"]), (state, due.isoformat(), working_days))


@harness.needs_another_date
class EachDecision(ReviewTest):
    """Walks from referral to closed, once for each decision."""

    def permitted(self, walk, stage, over=False):
        """Tests what each role may do at this stage. It changes nothing except that records are secured."""
        world = self.world
        self.assertEqual(walk.stage(), stage)
        for who in ("spoc", "reviewer", "chair", "local-authority", "icb", "police", "lead", "school-lead", "teacher"):
            world.run(who, "review", "status", walk.case)
        world.run("icb-custodian-1", "review", "status", walk.case, check=NOT_FOUND)
        self.assertFalse(walk.status("school-lead")["whole"])
        self.assertTrue(walk.status("reviewer")["whole"])
        # Only the SPOC runs the review.
        why = ("--reason-file", world.text("to try whether it is permitted"))
        for who in ("lead", "reviewer", "police"):
            for act in (("not-pursued", *why), ("close", *why), ("step-back", "--to", "scoping", *why),
                        ("meeting", "--date", world.today(7), "--kind", "standing")):
                walk.review(who, *act, check=REFUSED)
        # 4.3.5: the records stay closed to all but their representatives, at every stage.
        for who in ("practitioner", "administrator", "spoc", "lead", "local-authority"):
            world.run(who, "checkout", self.record, "--purpose", "case-work", "--due", world.today(1), "-o",
                      world.top / "no", check=REFUSED)
        world.checkout(self.record)
        late = world.run("depositor", "secure", self.agency_safe, world.folder({f"{stage}.txt": stage.encode()}),
                         check=REFUSED if over else DONE)
        if over:
            self.assertIn("review is over", late.err)
        lock = world.data("spoc", "lock", "show", walk.case)
        self.assertEqual((lock["lock"], lock["stage"]), ("engaged", stage))
        self.assertEqual("deposit" in lock["permitted"], not over)

    def begin(self):
        world = self.world
        walk = Walk(world).refer()
        _, self.agency_safe = world.open_safe(walk.case)
        self.record = world.secure(self.agency_safe, {"note.txt": b"a note"})[0]["record"]
        return walk

    def test_a_practice_review_from_referral_to_closed(self):
        world = self.world
        walk = self.begin()
        day0 = walk.day0
        self.permitted(walk, "referred")
        self.assert_clock(walk.clock("templates", "school"), "running", working_day(day0, 2), 2)
        self.assert_clock(walk.clock("meeting"), "running", working_day(day0, 13), 13)
        self.assertEqual(walk.clock("meeting")["earliest"], working_day(day0, 7).isoformat())
        self.assert_clock(walk.clock("rapid-review"), "running", working_day(day0, 15), 15)
        self.assertEqual([one["clock"] for one in walk.status()["clocks"] if one["binding"]][0], "templates")
        counted = [day for day in walk.clock("rapid-review")["working"] if day["working"]]
        self.assertEqual(len(counted), 15)

        duties = {one["duty"]: one for one in walk.notify()}
        self.assertTrue(duties["panel"]["applies"] and duties["document-1"]["applies"])
        self.assertFalse(any(one["applies"] and "done" not in one for one in walk.status()["duties"]))

        world.advance(working_day(day0, 1))
        sent = walk.send_templates()
        self.assertEqual(len([one for one in sent if "copy" in one]), 3)
        self.permitted(walk, "scoping")
        self.assert_clock(walk.clock("templates", "school"), "met", working_day(day0, 2), 2)
        self.assert_clock(walk.clock("return", "school"), "running", working_day(world.date(), 5), 5)
        html = world.top / "document-3.html"
        world.run("lead", "document", "print", walk.case, 3, "--html", html)
        self.assertIn(walk.reference, html.read_text())
        self.assertIn(WORDS["outline"], html.read_text())

        dates = walk.set_meeting()
        self.assertEqual([one["working_day"] for one in dates], list(range(7, 14)))
        self.assertEqual([one["date"] for one in dates],
                         [working_day(day0, number).isoformat() for number in range(7, 14)])
        self.permitted(walk, "meeting-set")

        world.advance(working_day(day0, 4))
        received = walk.received_2("lead", sent, "local-authority")
        self.assertEqual(received["subjects"][0]["name"], CHILD["name"])
        walk.return_all(sent)
        states = {one["agency"]: one for one in world.data("spoc", "review", "status", "--agencies", walk.case)}
        self.assertEqual(states[world.agency["local-authority"]]["scoping"], "returned")
        self.assertEqual(states[world.agency["school"]]["scoping"], "nil")
        self.assertTrue(states[world.agency["police"]]["on_behalf"])
        self.assertEqual(states[world.agency["icb"]]["securing"], "not-asked")

        pack = walk.share_pack()
        self.assertTrue(pack["complete"])
        self.assertEqual((len(pack["document_1"]), len(pack["notifications"]), len(pack["returns"])), (1, 1, 2))
        mine = next(one["copy"] for one in pack["shared"] if one["person"] == world.person["icb"])
        world.run("icb", "collect", mine, "-o", world.top / "icb-pack")
        world.run("icb", "open", world.top / "icb-pack" / mine, "-o", world.top / "icb-pack-open")
        self.assertIn(CHILD["name"], "".join(p.read_text() for p in (world.top / "icb-pack-open").rglob("*.json")))

        world.advance(walk.meeting)
        self.assertTrue(walk.attend(*harness.PARTNERS)["quorate"])
        decided = walk.decide("practice-review")
        self.assertEqual((decided["decision"], decided["actions"]), ("practice-review", 1))
        self.permitted(walk, "decided")
        self.assertTrue(walk.answer_all()["frozen"])
        walk.review("chair", "endorse", "--note-file", world.text(WORDS["remark"]))
        page = world.run("spoc", "document", "print", walk.case, 4).out
        self.assertIn(WORDS["dissent"], " ".join(page.split()))

        world.advance(working_day(walk.meeting, 1))
        unsure = world.run("spoc", "review", "send-outcome", walk.case, "--to", "panel", "-o", world.top / "unsure",
                           check=USAGE)
        self.assertIn("--yes", unsure.err)
        self.assertFalse((world.top / "unsure").exists())
        outcome = walk.send_outcome()
        subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=outcome["folder"], check=True, capture_output=True)
        self.assertEqual(outcome["manifest"], subprocess.run(
            ["sha256sum", "manifest.sha256"], cwd=outcome["folder"], check=True, capture_output=True,
            text=True).stdout.split()[0])
        letter = (walk.panel / "document-5-letter.txt").read_text()
        self.assertIn(WORDS["rationale"], letter)
        self.assertIn("Mailbox.NationalReviewPanel@education.gov.uk", letter)
        self.permitted(walk, "outcome-sent")
        for clock in ("outcome", "rapid-review", "meeting"):
            self.assertEqual(walk.clock(clock)["state"], "met", clock)

        walk.inform()
        self.world.run("school-lead", "review", "inspectorate", walk.case, "--body", "ofsted")
        walk.review("spoc", "panel-answer", "--answer", "agreed")
        self.assertIn("--yes", world.run("spoc", "review", "close", walk.case, check=USAGE).err)
        self.assertEqual(walk.stage(), "outcome-sent")
        walk.review("spoc", "close")
        self.permitted(walk, "practice-review")
        self.carried(walk)
        walk.review("spoc", "close")
        self.permitted(walk, "closed", over=True)
        chart = world.run("spoc", "review", "chart", walk.case).out
        self.assertIn(walk.reference, chart)
        svg = world.top / "chart.svg"
        world.run("spoc", "review", "chart", walk.case, "--svg", svg)
        self.assertIn("<svg", svg.read_text())

        kinds = walk.kinds()
        for kind in ("case.referred", "agencies.asked", "duties.answered", "duty.recorded", "templates.sent",
                     "scoping.returned", "meeting.scheduled", "pack.shared", "attendance.recorded", "review.decided",
                     "decision.answered", "decision.endorsed", "outcome.sent", "panel.answered", "outcome.informed",
                     "outcome.acknowledged", "inspectorate.recorded", "review.closed", "access.refused"):
            self.assertIn(kind, kinds)
        self.assertEqual((kinds.count("templates.sent"), kinds.count("decision.answered")), (3, 3))
        self.say_nothing(walk)
        with world.stopped():
            world.check()

    def carried(self, walk):
        """Tests 4.3.2: the practice review receives the gathered records."""
        world = self.world
        chair = world.person["chair"]
        pack = world.data("spoc", "review", "pack", walk.case, "--share", chair)
        copy = pack["shared"][0]["copy"]
        folder = world.top / "carried"
        world.run("chair", "collect", copy, "-o", folder)
        world.run("chair", "open", folder / copy, "-o", world.top / "carried-open")
        text = "".join(path.read_text() for path in (world.top / "carried-open").rglob("*.json"))
        for words in (CHILD["name"], WORDS["summary"], WORDS["rationale"]):
            self.assertIn(words, text)
        mine = next(one for one in world.data("chair", "copies", "--mine") if one["number"] == copy)
        self.assertEqual(mine["purpose"], "practice-review")

    def say_nothing(self, walk):
        """Asserts that no name, date of birth or free text of the walk is in the vault, in the trail that readers see,
        or in a log."""
        self.assertEqual(review_walk.traces(self.world), [])
        # The search finds a word that is really there.
        found = review_walk.traces(self.world, more=(walk.reference,))
        self.assertIn((walk.reference, "the ledger"), found)
        self.assertIn((walk.reference, "the trail of spoc"), found)

    def test_the_search_for_names_finds_them_in_every_guise(self):
        for secret in ("Zephyrine", CHILD["date_of_birth"]):
            for prefix in (b"", b"x", b"xy", b"xyz"):
                text = prefix + secret.encode() + b" and more"
                for form in (text.upper(), text.hex().encode(), base64.b64encode(text)):
                    self.assertTrue(any(guise in form.lower() for guise in review_walk.guises(secret)), form)
            self.assertFalse(any(guise in b"zephyr 2019-04-18 " * 9 for guise in review_walk.guises(secret)))

    def in_time(self, walk):
        """Asserts that every clock is met when the outcome is at the Panel, and that each step has its entries."""
        for clock in walk.status()["clocks"]:
            self.assertEqual(clock["state"], "met", clock["clock"])
        kinds = walk.kinds()
        for kind in ("case.referred", "agencies.asked", "duties.answered", "meeting.scheduled", "attendance.recorded",
                     "review.decided", "outcome.sent"):
            self.assertEqual(kinds.count(kind), 1, kind)
        for kind in ("templates.sent", "scoping.returned", "pack.shared", "decision.answered"):
            self.assertEqual(kinds.count(kind), 3, kind)

    def test_an_alternative_review_from_referral_to_closed(self):
        walk = self.begin().to_outcome("alternative-review", at=self.permitted)
        self.assertEqual(walk.status()["decision"]["decision"], "alternative-review")
        self.in_time(walk)
        walk.inform()
        walk.review("spoc", "close")
        self.permitted(walk, "alternative-review")
        walk.review("spoc", "close")
        self.permitted(walk, "closed", over=True)
        self.assertEqual(walk.kinds().count("review.closed"), 2)
        self.say_nothing(walk)

    def test_neither_from_referral_to_closed(self):
        walk = self.begin().to_outcome("neither", at=self.permitted)
        self.in_time(walk)
        walk.inform()
        walk.review("spoc", "close")
        self.permitted(walk, "closed", over=True)
        self.assertEqual(walk.kinds().count("review.closed"), 1)
        outcome = walk.review("spoc", "close", check=CONFLICT)
        self.assertTrue(outcome.err.strip())
        self.say_nothing(walk)

    def test_learning_that_was_acted_upon_ends_without_another_review(self):
        walk = Walk(self.world).to_outcome("learning-acted-upon")
        self.assertEqual(walk.status()["decision"]["decision"], "learning-acted-upon")
        self.in_time(walk)
        late = walk.review("spoc", "close", check=CONFLICT)
        self.assertIn("4.7.2", late.err)  # nobody is informed yet, so a reason is required
        walk.review("spoc", "close", "--reason-file", self.world.text(WORDS["late"]))
        self.assertEqual(walk.stage(), "closed")
        self.say_nothing(walk)

    def test_a_referral_that_is_not_pursued(self):
        world = self.world
        walk = self.begin()
        why = world.text(WORDS["dropped"])
        unsure = world.run("spoc", "review", "not-pursued", walk.case, "--reason-file", why, check=USAGE)
        self.assertIn("--yes", unsure.err)  # there is no terminal, so nobody could be asked
        self.assertEqual(walk.stage(), "referred")
        walk.review("spoc", "not-pursued", check=USAGE)  # a reason is required
        walk.review("spoc", "not-pursued", "--reason-file", world.text(WORDS["dropped"]))
        self.permitted(walk, "not-pursued", over=True)
        self.assertIn("review.dropped", walk.kinds())
        for clock in walk.status()["clocks"]:
            self.assertIn(clock["state"], ("stopped", "waiting"))
        for act in (("send-templates",), ("close",), ("step-back", "--to", "scoping", "--reason-file", world.text("no"))):
            walk.review("spoc", *act, check=CONFLICT)
        self.say_nothing(walk)


@harness.needs_another_date
class Guidance(ReviewTest):
    """Tests the "must" and "should" of section 4, paragraph by paragraph."""

    def at_meeting(self):
        world = self.world
        walk = Walk(world).refer()
        sent = walk.send_templates()
        walk.set_meeting(7)
        walk.sent = sent
        world.advance(walk.meeting)
        return walk

    def test_4_1_1_a_referral_with_document_1_opens_the_case_and_gives_a_receipt(self):
        world = self.world
        walk = Walk(world)
        made = world.data("lead", "case", "refer", "--agency", world.agency["local-authority"], "--incident-date",
                          walk.incident, "--aware-date", walk.day0, "--form",
                          walk.form(document_1(walk.day0, walk.incident)))
        self.assertRegex(made["reference"], r"^RR-\d{4}-\d{4}$")
        walk.case, walk.safe = made["case"], made["review_safe"]
        self.assertEqual(walk.stage(), "referred")
        self.assertEqual(world.data("spoc", "case", "show", made["case"])["subjects"], ["child-1", "parent-1"])
        world.run("spoc", "sync", "--yes")
        self.assertEqual([one["class"] for one in world.data("spoc", "records", walk.safe)], ["document-1"])
        page = world.run("spoc", "document", "print", walk.case, 1).out
        self.assertIn(CHILD["name"], page)

    def test_4_1_2_the_local_authoritys_duties_apply_by_the_answers_and_stay_open_until_done(self):
        world = self.world
        walk = Walk(world).refer()
        answers = {"died": True, "seriously_harmed": False, "in_area": False, "outside_england": True,
                   "normally_resident": True, "looked_after": True, "abuse_or_neglect": False}
        duties = {one["duty"]: one for one in
                  world.data("spoc", "review", "duties", walk.case, "--answers", walk.form(answers))}
        for duty in ("panel", "secretary-of-state", "ofsted", "share-with-partners", "document-1"):
            self.assertTrue(duties[duty]["applies"], duty)
            self.assertTrue(duties[duty]["because"], duty)
            self.assertNotIn("done", duties[duty])
        walk.review("spoc", "duties", "--done", "ofsted")
        walk.review("spoc", "duties", "--done", "ofsted", check=CONFLICT)
        owed = [one.get("duty") for one in walk.status()["owed"] if one["task"] == "duty"]
        self.assertIn("panel", owed)
        self.assertNotIn("ofsted", owed)
        for wrong in ({**answers, "died": "perhaps"}, {"died": True}, {**answers, "colour": True}):
            walk.review("spoc", "duties", "--answers", walk.form(wrong), check=USAGE)

    def test_4_2_1_a_case_shows_what_comes_next_and_who_owes_it(self):
        walk = Walk(self.world).refer()
        status = walk.status()
        self.assertTrue(status["next"] and status["next_by"])
        mine = self.world.data("spoc", "review", "status", "--mine")
        self.assertIn("send-templates", [one["task"] for one in mine if one["case"] == walk.case])

    def test_4_2_2_the_whole_takes_15_working_days_from_becoming_aware_and_lateness_needs_a_reason(self):
        world = self.world
        walk = self.at_meeting()
        walk.attend(*harness.PARTNERS)
        walk.decide("neither")
        walk.answer_all()
        world.advance(working_day(walk.day0, 16))
        late = walk.review("spoc", "send-outcome", "--to", "panel", "-o", world.top / "late", check=CONFLICT)
        self.assertIn("4.2.2", late.err)
        self.assertFalse((world.top / "late").exists())
        walk.review("spoc", "send-outcome", "--to", "panel", "-o", world.top / "late", "--reason-file",
                    world.text(WORDS["late"]))
        self.assertEqual(walk.clock("rapid-review")["state"], "met-late")
        self.assertTrue(walk.status()["outcome"]["review_late"])
        said = " ".join(world.run("spoc", "review", "status", walk.case).out.split())
        self.assertIn(f"the whole Rapid Review late (4.2.2) ({WORDS['late']})", said)
        self.assertIn(f"dissents, recorded by the SPOC ({WORDS['dissent']})", said)
        self.assertIn(WORDS["late"], " ".join((world.top / "late" / "document-5-letter.txt").read_text().split()))

    def test_4_3_1_every_agency_that_was_asked_contributes_and_one_found_late_has_its_own_clock(self):
        world = self.world
        walk = Walk(world).refer()
        walk.send_templates()
        world.advance(working_day(walk.day0, 4))
        world.run("spoc", "case", "ask", walk.case, "--agency", world.agency["icb"])
        clock = walk.clock("templates", "icb")
        self.assert_clock(clock, "running", working_day(world.date(), 2), 2)
        walk.send_templates()
        self.assert_clock(walk.clock("return", "icb"), "running", working_day(world.date(), 5), 5)
        self.assert_clock(walk.clock("return", "school"), "running", working_day(walk.day0, 5), 5)
        again = world.run("spoc", "case", "ask", walk.case, "--agency", world.agency["icb"], check=CONFLICT)  # once
        self.assertIn("icb has been asked already", again.err)

    def test_4_3_3_templates_go_out_within_2_working_days_with_the_letter(self):
        world = self.world
        walk = Walk(world).refer()
        self.assert_clock(walk.clock("templates", "school"), "running", working_day(walk.day0, 2), 2)
        world.advance(working_day(walk.day0, 3))
        late = walk.review("spoc", "send-templates", check=CONFLICT)
        self.assertIn("4.3.3", late.err)
        self.assertEqual(walk.stage(), "referred")
        walk.review("spoc", "send-templates", "--reason-file", world.text(WORDS["late"]))
        letter = world.run("spoc", "document", "print", walk.case, 3, "--agency", world.agency["school"]).out
        self.assertIn(WORDS["outline"], letter)
        school = next(one for one in walk.status()["agencies"] if one["agency"] == world.agency["school"])
        self.assertTrue(school["templates_late"])
        walk.review("spoc", "send-templates", check=CONFLICT)  # nobody is left

    def test_4_3_4_document_2_is_returned_within_5_working_days_or_with_a_reason(self):
        world = self.world
        walk = Walk(world).refer()
        walk.send_templates()
        world.advance(working_day(walk.day0, 6))
        self.assertEqual(walk.clock("return", "school")["state"], "overdue")
        owed = [one for one in walk.status()["owed"] if one["task"] == "return-scoping"]
        self.assertTrue(owed and all(one["overdue"] for one in owed))
        self.assertIn("4.3.4", walk.review("school-lead", "return", "--nil", check=CONFLICT).err)
        walk.review("school-lead", "return", "--nil", "--reason-file", world.text(WORDS["late"]))
        self.assertEqual(walk.clock("return", "school")["state"], "met-late")
        walk.review("school-lead", "return", "--nil")  # a second version is not late
        walk.review("teacher", "return", "--nil", "--agency", world.agency["school"], check=REFUSED)

    def test_4_3_5_the_letter_asks_for_all_records_to_be_secured_and_progress_is_seen(self):
        world = self.world
        walk = Walk(world).refer()
        walk.send_templates()
        letter = " ".join(world.run("spoc", "document", "print", walk.case, 3, "--agency",
                                    world.agency["school"]).out.split())
        for words in ("on paper and electronic", "nominated representative", "copy made", "Destruction suspended",
                      "Nothing altered"):
            self.assertIn(words, letter)
        own = next(one for one in walk.status()["agencies"] if one["agency"] == world.agency["local-authority"])
        self.assertEqual(own["securing_target"], working_day(walk.day0, SECURING_TARGET).isoformat())
        shown = world.run("spoc", "review", "status", "--agencies", walk.case)
        self.assertIn("not from the guidance", shown.err + shown.out)
        for days in ("0", "61", "soon"):
            world.daemon("serve", world.vault, "--seal-keyfile", world.keyfile, "--securing-target", days, check=USAGE)
        _, safe = world.open_safe(walk.case)
        own = next(one for one in walk.status()["agencies"] if one["agency"] == world.agency["local-authority"])
        self.assertEqual(own["securing"], "nominated")
        world.secure(safe, {"a.txt": b"a"})
        own = next(one for one in walk.status()["agencies"] if one["agency"] == world.agency["local-authority"])
        self.assertEqual((own["securing"], own["records"]), ("securing", 1))

    def test_4_4_1_the_meeting_is_of_the_standing_group_or_extraordinary(self):
        walk = Walk(self.world).refer()
        walk.send_templates()
        date = working_day(walk.day0, 8)
        walk.review("spoc", "meeting", "--date", date, "--kind", "sitting", check=USAGE)
        walk.review("spoc", "meeting", "--date", date, "--kind", "extraordinary")
        self.assertEqual(walk.status()["meeting"]["kind"], "extraordinary")

    def test_4_4_2_the_meeting_is_between_7_and_13_working_days_once_the_templates_are_out(self):
        world = self.world
        walk = Walk(world).refer()
        inside, outside = working_day(walk.day0, 10), working_day(walk.day0, 14)
        walk.review("spoc", "meeting", "--date", inside, "--kind", "standing", check=CONFLICT)  # not sent out yet
        walk.send_templates()
        for date in (outside, working_day(walk.day0, 6)):
            self.assertIn("4.4.2", walk.review("spoc", "meeting", "--date", date, "--kind", "standing", check=CONFLICT).err)
        walk.review("spoc", "meeting", "--date", inside, "--kind", "standing", "--mode", "teleconference", "--reason-file",
                    world.text("no"), check=USAGE)
        walk.review("spoc", "meeting", "--date", inside, "--kind", "extraordinary", "--mode", "teleconference",
                    check=CONFLICT)
        walk.review("spoc", "meeting", "--date", inside, "--kind", "standing")
        walk.review("spoc", "meeting", "--date", outside, "--kind", "extraordinary", "--mode", "teleconference",
                    "--reason-file", world.text(WORDS["late"]))
        meeting = walk.status()["meeting"]
        self.assertEqual((meeting["number"], meeting["outside_window"]), (2, True))

    def test_4_4_2_day_13_and_2_more_may_break_the_15_and_that_is_said_before(self):
        world = self.world
        walk = Walk(world)
        aware = walk.day0 - ONE_DAY * 3
        incident = min(aware, walk.incident)
        form = document_1(walk.day0, incident, aware_date=aware.isoformat())
        walk.case = world.data("spoc", "case", "refer", "--agency", world.agency["local-authority"], "--incident-date",
                               incident, "--aware-date", aware, "--form", walk.form(form))["case"]
        walk.send_templates()
        dates = world.data("spoc", "review", "dates", walk.case)
        self.assertTrue(dates[-1]["breaks_the_whole"])
        self.assertFalse(dates[0]["breaks_the_whole"])
        said = walk.review("spoc", "meeting", "--date", dates[-1]["date"], "--kind", "standing")
        self.assertIn("4.2.2", said.err)
        self.assertTrue(walk.status()["meeting"]["breaks_the_whole"])

    def test_4_5_1_the_pack_says_what_is_missing_and_4_5_2_who_was_given_it_and_how(self):
        world = self.world
        walk = self.at_meeting()
        pack = world.data("spoc", "review", "pack", walk.case)
        self.assertFalse(pack["complete"])
        self.assertEqual(len(pack["missing"]), 3)
        self.assertTrue(all("Document 2" in one for one in pack["missing"]))
        walk.review("spoc", "duties", "--answers", walk.form({
            "died": False, "seriously_harmed": True, "in_area": True, "outside_england": False, "normally_resident": True,
            "looked_after": False, "abuse_or_neglect": True}))
        # The duty is marked as done, but the notification is not there.
        walk.review("spoc", "duties", "--done", "panel")
        self.assertIn("notification", " ".join(world.data("spoc", "review", "pack", walk.case)["missing"]))
        shared = world.data("spoc", "review", "pack", walk.case, "--tabled", "--share", world.person["police"])["shared"]
        self.assertEqual(len(shared), 1)
        packs = walk.status()["packs"]
        self.assertEqual((packs[0]["how"], packs[0]["lacking"], packs[0]["state"]), ("tabled", 3, "prepared"))
        world.run("police", "collect", shared[0]["copy"], "-o", world.top / f"pack-{world.next()}")
        self.assertEqual(walk.status()["packs"][0]["state"], "delivered")
        world.run("spoc", "review", "pack", walk.case, "-o", world.top / f"pack-{world.next()}")
        walk.review("spoc", "pack", "--share", world.person["school-lead"])  # another relevant individual

    def test_4_6_1_without_each_partner_there_is_no_quorum_and_no_decision(self):
        world = self.world
        walk = self.at_meeting()
        self.assertFalse(world.data("spoc", "review", "quorum", walk.case)["quorate"])
        attended = walk.attend("local-authority", "icb")
        self.assertFalse(attended["quorate"])
        self.assertEqual(attended["absent"], [world.agency["police"]])
        form = walk.form(document_4(walk, "neither"))
        self.assertIn("4.6.1", walk.review("spoc", "decide", "--form", form, check=CONFLICT).err)
        # One person is no quorum for two partners.
        icb = world.person["icb"]
        walk.review("spoc", "attend", "--person", f"{icb}=icb", "--person", f"{icb}=police", check=USAGE)
        walk.review("spoc", "attend", "--person", f"{icb}=police", check=USAGE)
        self.assertTrue(walk.attend(*harness.PARTNERS)["quorate"])
        self.assertEqual(world.data("spoc", "review", "quorum", walk.case)["others"][0]["name"], WORDS["attendee"])

    def test_4_6_2_the_decision_has_its_facts_actions_improvements_and_reasons(self):
        walk = self.at_meeting()
        walk.attend(*harness.PARTNERS)
        for field in ("facts", "improvements", "rationale", "actions", "decision"):
            form = document_4(walk, "neither")
            del form[field]
            self.assertIn(field, walk.review("spoc", "decide", "--form", walk.form(form), check=USAGE).err)
        self.assertEqual(walk.stage(), "meeting-set")
        self.assertEqual(walk.decide("neither")["version"], 1)

    def test_4_6_3_document_4_is_answered_by_all_three_then_frozen(self):
        world = self.world
        walk = self.at_meeting()
        walk.attend(*harness.PARTNERS)
        given = walk.decide("neither")["copies"]
        self.assertEqual({one["person"] for one in given}, {world.person[partner] for partner in harness.PARTNERS})
        page = " ".join(world.run("icb", "document", "print", walk.case, 4).out.split())
        self.assertIn(WORDS["facts"], page)
        self.assertEqual(world.data("icb", "review", "agree", walk.case)["record"],
                         walk.status()["decision"]["record"])
        walk.review("icb", "agree", check=CONFLICT)  # twice
        walk.review("police", "agree", "--dissent", check=USAGE)  # without reasons
        self.assertIn("4.6.3", walk.review("spoc", "send-outcome", "--to", "panel", "-o", world.top / "early",
                                           check=CONFLICT).err)
        self.assertEqual(walk.decide("alternative-review")["version"], 2)  # voids the answers
        self.assertEqual(walk.status()["decision"]["answers"], [])
        self.assertIn("version 2", walk.review("icb", "agree", check=CONFLICT).err)  # she has read the first
        world.run("icb", "document", "print", walk.case, 4)
        walk.review("reviewer", "agree", "--partner", "police", check=REFUSED)
        self.assertTrue(walk.answer_all()["frozen"])
        by_spoc = {one["partner"]: one["by_spoc"] for one in walk.status()["decision"]["answers"]}
        self.assertEqual(by_spoc[world.agency["police"]], True)
        self.assertEqual(by_spoc[world.agency["icb"]], False)
        form = walk.form(document_4(walk, "neither"))
        walk.review("spoc", "decide", "--form", form, check=CONFLICT)
        walk.review("lead", "endorse", check=REFUSED)
        walk.review("chair", "endorse")
        walk.review("chair", "endorse", check=CONFLICT)

    def test_4_7_1_the_outcome_goes_to_the_panel_within_2_working_days(self):
        world = self.world
        walk = self.at_meeting()
        walk.attend(*harness.PARTNERS)
        walk.decide("neither")
        walk.answer_all()
        self.assert_clock(walk.clock("outcome"), "running", working_day(walk.meeting, 2), 2)
        world.advance(working_day(walk.meeting, 3))
        self.assertIn("4.7.1", walk.review("spoc", "send-outcome", "--to", "panel", "-o", world.top / "p", check=CONFLICT).err)
        folder = world.top / f"p-{world.next()}"
        sent = walk.review("spoc", "send-outcome", "--to", "panel", "-o", folder, "--reason-file",
                           world.text(WORDS["late"]), environment={"STRONGROOM_PANEL_ADDRESS": "panel@example.test"})
        self.assertIn("panel@example.test", sent.err)
        self.assertIn("panel@example.test", (folder / "document-5-letter.txt").read_text())
        self.assertTrue(walk.status()["outcome"]["outcome_late"])
        walk.review("spoc", "send-outcome", "--to", "panel", "-o", world.top / f"p-{world.next()}", check=CONFLICT)

    def test_4_7_2_agencies_and_referrer_are_told_and_acknowledge(self):
        world = self.world
        walk = self.at_meeting()
        walk.attend(*harness.PARTNERS)
        walk.decide("neither")
        walk.answer_all()
        walk.review("spoc", "send-outcome", "--to", "agencies", check=CONFLICT)  # after the Panel
        walk.send_outcome()
        walk.review("lead", "acknowledge", check=CONFLICT)  # nobody has told it
        walk.review("spoc", "send-outcome", "--to", "referrer")
        told = world.data("spoc", "review", "send-outcome", walk.case, "--to", "agencies")
        self.assertEqual({one["agency"] for one in told}, {world.agency["school"], world.agency["police"]})
        printed = world.run("school-lead", "document", "print", walk.case, 5)
        self.assertIn(WORDS["rationale"], " ".join(printed.out.split()))  # it is the letter itself, not a draft
        self.assertNotIn("draft", printed.err)
        world.run("school-lead", "document", "print", walk.case, 4, check=NOT_FOUND)  # it was given only the letter
        walk.review("spoc", "send-outcome", "--to", "agencies", check=CONFLICT)
        walk.review("school-lead", "acknowledge")
        walk.review("school-lead", "acknowledge", check=CONFLICT)
        rows = {one["agency"]: one for one in walk.status()["agencies"]}
        self.assertTrue(rows[world.agency["school"]]["acknowledged"])
        self.assertTrue(rows[world.agency["local-authority"]]["referrer"])

    def test_4_7_3_each_agency_records_which_inspectorates_it_notified(self):
        world = self.world
        walk = Walk(world).refer()
        walk.review("school-lead", "inspectorate", "--body", "ofsted")
        walk.review("school-lead", "inspectorate", "--body", "ofsted", check=CONFLICT)
        walk.review("lead", "inspectorate", "--body", "none-required")
        walk.review("teacher", "inspectorate", "--body", "ofsted", check=REFUSED)
        rows = {one["agency"]: one for one in walk.status()["agencies"]}
        self.assertEqual(rows[world.agency["school"]]["inspectorates"],
                         [{"body": "ofsted", "on": world.date().isoformat()}])
        text = world.run("spoc", "review", "status", "--agencies", walk.case).out
        self.assertIn(f"ofsted {world.date()}", text)
        self.assertIn(f"none-required {world.date()}", text)



@harness.needs_another_date
class BadInput(ReviewTest):
    """Tests that each kind of bad input leads to a clear error, and that nothing is lost."""

    def refer(self, form, incident, aware, *more, check=USAGE, subjects=None):
        world = self.world
        path = world.top / f"form-{world.next()}.json"
        path.write_text(json.dumps(form))
        subjects = ("--subjects", subjects) if subjects else ()
        return world.run("spoc", "case", "refer", "--agency", world.agency["local-authority"], "--incident-date", incident,
                         "--aware-date", aware, *subjects, *(("--form", path) if form else ()), *more, check=check)

    def test_a_referral_that_cannot_be_right_opens_no_case(self):
        world = self.world
        before = len(world.data("spoc", "case", "list"))
        day = Walk(world).day0
        ahead, ago = day + ONE_DAY, day - ONE_DAY
        self.assertIn("incident", self.refer(None, ahead, ahead).err)
        self.assertIn('--aware-date: "yesterday"', self.refer(None, day, "yesterday").err)
        self.assertIn("aware", self.refer(None, day, ago).err)
        self.assertIn("incident_date", self.refer(document_1(ahead), ahead, ahead).err)
        early = document_1(day, aware_date=ago.isoformat())
        self.assertIn("aware_date", self.refer(early, day, ago).err)
        self.assertIn("child", self.refer(None, day, day, subjects="parent-1").err)
        self.assertIn("children", self.refer(document_1(day, children=[]), day, day).err)
        five = [{**CHILD, "label": f"child-{number}"} for number in range(1, 6)]
        self.assertIn("four children", self.refer(document_1(day, children=five), day, day).err)
        self.assertIn("four children", self.refer(None, day, day, subjects=",".join(f"child-{n}" for n in range(1, 6))).err)
        old = self.refer({**document_1(day), "v": 0}, day, day)
        self.assertIn("version", old.err)
        self.assertIn("incident_date", self.refer(document_1(day, ago), day, day).err)  # the form says otherwise
        self.assertIn("--subjects", self.refer(document_1(day), day, day, subjects="child-1,child-2").err)
        self.assertEqual(len(world.data("spoc", "case", "list")), before)

    def test_a_second_referral_of_an_incident_is_linked_and_not_made_twice(self):
        world = self.world
        walk = Walk(world).refer()
        form = document_1(walk.day0, walk.incident)
        again = self.refer(form, walk.incident, walk.day0, check=CONFLICT)
        for words in (walk.reference, f"strongroom secure {walk.safe} FILE --class document-1", f"--link {walk.reference}"):
            self.assertIn(words, again.err)
        # Nothing is lost: the second Document 1 goes into the first case, and so into the pack.
        second = world.top / "second-document-1.json"
        second.write_text(json.dumps(form))
        world.run("spoc", "secure", walk.safe, second, "--class", "document-1")
        self.assertEqual(len(world.data("spoc", "review", "pack", walk.case)["document_1"]), 2)
        made = json.loads(self.refer(form, walk.incident, walk.day0, "--link", walk.reference, "--json", check=DONE).out)
        self.assertEqual(world.data("spoc", "review", "status", made["case"])["linked_to"], walk.case)

    def test_deciding_before_the_meeting_is_answered_in_the_guidances_words(self):
        world = self.world
        walk = Walk(world).refer()
        form = walk.form(document_4(walk, "neither", walk.day0))
        self.assertTrue(walk.review("spoc", "decide", "--form", form, check=CONFLICT).err.strip())
        walk.send_templates()
        walk.set_meeting(7)
        self.assertIn("4.6", walk.review("spoc", "decide", "--form", form, check=CONFLICT).err)
        self.assertEqual([one["class"] for one in world.data("spoc", "records", walk.safe) if one["class"] == "document-4"], [])

    def test_a_form_of_another_case_or_document_is_refused_by_name(self):
        world = self.world
        walk = Walk(world).refer()
        walk.send_templates()
        walk.review("school-lead", "return", "--form", walk.form(document_1(walk.day0)), check=USAGE)
        walk.review("school-lead", "return", "--form", world.text("not a form"), check=USAGE)
        walk.review("school-lead", "return", "--form", "/nowhere", check=NOT_FOUND)
        walk.review("school-lead", "return", check=USAGE)

    def test_a_meeting_in_a_year_without_holidays_names_the_year(self):
        walk = Walk(self.world).refer()
        walk.send_templates()
        said = walk.review("spoc", "meeting", "--date", "2035-03-01", "--kind", "standing", "--reason-file",
                           self.world.text("far away"), check=NOT_FOUND)
        self.assertRegex(said.err, r"20(29|3[0-5])")

    def test_going_back_and_moving_a_clock_need_a_reason_and_are_recorded(self):
        world = self.world
        walk = Walk(world).refer()
        walk.send_templates()
        walk.set_meeting(7)
        walk.review("spoc", "step-back", "--to", "scoping", check=USAGE)
        walk.review("spoc", "step-back", "--to", "scoping", "--reason-file", world.text("set anew"))
        self.assertEqual(walk.stage(), "scoping")
        due = working_day(walk.day0, 9)
        walk.review("spoc", "move-clock", "--clock", "return", "--agency", world.agency["school"], "--due", due, check=USAGE)
        walk.review("spoc", "move-clock", "--clock", "return", "--agency", world.agency["school"], "--due", due,
                    "--reason-file", world.text("half term"))
        clock = walk.clock("return", "school")
        self.assertEqual((clock["due"], clock["moved"]), (due.isoformat(), True))
        self.assertFalse(walk.clock("return", "police")["moved"])
        self.assertIn("clock.moved", walk.kinds())
        self.assertIn("review.stepped-back", walk.kinds())

    def test_bank_holidays_are_merged_never_replaced(self):
        world = self.world
        ahead = (world.date() + 40 * ONE_DAY)
        while not review_walk.is_working(ahead):
            ahead += ONE_DAY
        path = world.top / "bank-holidays.json"
        path.write_text(json.dumps({"england-and-wales": {"division": "england-and-wales", "events": [
            {"title": "An invented day", "date": ahead.isoformat(), "notes": "", "bunting": False}]}}))
        self.assertEqual(world.data("spoc", "calendar", "import", path)["added"], [ahead.isoformat()])
        self.assertEqual(world.data("spoc", "calendar", "import", path)["added"], [])
        world.run("lead", "calendar", "import", path)  # nothing to add, so nothing to refuse
        path.write_text("{}")
        world.run("spoc", "calendar", "import", path, check=USAGE)
        self.assertIn("calendar.imported", [one["kind"] for one in world.data("reviewer", "audit", "trail")])


@harness.needs_another_date
class SpocGuide(unittest.TestCase):
    """Runs the commands of docs/guide-spoc.md exactly as they are written, from the referral on."""

    def test_the_spocs_guide(self):
        world = harness.World(days=-60)
        self.addCleanup(world.close)
        walk = Walk(world)
        page = guide.Guide(guide.page("docs/guide-spoc.md"), world, "spoc", {
            "AGENCY": world.agency["local-authority"], "SCHOOL": world.agency["school"],
            "POLICE": world.agency["police"], "PARTNER": world.person["local-authority"], "ICB": world.person["icb"],
            "OFFICER": world.person["police"], "2026-03-01": walk.incident, "2026-03-02": walk.day0})
        files = {"answers.json": document_1(walk.day0, walk.incident), "notification.txt": "invented", "duties.json": {
            "died": False, "seriously_harmed": True, "in_area": True, "outside_england": False,
            "normally_resident": True, "looked_after": False, "abuse_or_neglect": True},
            "reason.txt": "The evidence is too thin.", "bank-holidays.json": {"england-and-wales": {
                "division": "england-and-wales", "events": [{"title": "An invented day", "date": "2029-05-07"}]}}}

        def write(name, content):
            (page.folder / name).write_text(content if isinstance(content, str) else json.dumps(content))

        def after(command, outcome):
            words = command.text.split()
            if words[1:3] == ["case", "refer"]:
                walk.reference = page.names["RR-2026-0001"] = outcome.out.split()[0]
                walk.case = outcome.out.split()[1]
            elif words[2] == "send-templates":
                sent = world.data("spoc", "document", "print", walk.case, 2, "--agency", world.agency["police"])
                write("document-2.json", review_walk.complete_2(sent, world.date()))
            elif words[2] == "dates":
                walk.meeting = working_day(walk.day0, 9)
                page.names["2026-03-12"] = walk.meeting
                write("document-4.json", document_4(walk, "practice-review"))
            elif "--share" in words:
                world.advance(walk.meeting)

        for name, content in files.items():
            write(name, content)
        page.after = after
        page.run()
        self.assertEqual(walk.stage(), "practice-review")
        subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=page.folder / "panel", check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main()
