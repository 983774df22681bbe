"""Walks a review of a fictional case step by step through the real programs. Everybody in it is invented. `SECRETS`
lists the words that name them, so that a search can show that none of these words is where it must not be.
"""
import base64
import datetime
import json
import pathlib

import harness

CHILD = {"label": "child-1", "name": "Quillon Zephyrine Underwater", "date_of_birth": "2019-04-17",
         "looked_after": False, "address": "17 Nonesuch Crescent, Nowhereville"}
PARENT = {"label": "parent-1", "name": "Marigold Underwater-Thistlewick", "relation": "mother",
          "date_of_birth": "1991-08-23"}
WORDS = {"account": "the stairgate at the lighthouse was unlatched", "outline": "a fall in the lighthouse",
         "safety": "the younger cousin stays with an aunt", "reasons": "three lighthouse visits went unrecorded",
         "facts": "the lighthouse log disagrees with the diary", "improvements": "lighthouse checks by two people",
         "rationale": "the lighthouse findings are local", "summary": "weekly lighthouse storytelling",
         "action": "latch the lighthouse stairgate", "dissent": "the lighthouse evidence is too thin",
         "remark": "the lighthouse chapter reads fairly", "late": "the lighthouse ferry was cancelled",
         "notification": "formal words about the lighthouse", "attendee": "Ptolemy Overwater-Larkspur",
         "dropped": "the lighthouse fall was no incident"}
SECRETS = [CHILD["name"], CHILD["date_of_birth"], CHILD["address"], PARENT["name"], PARENT["date_of_birth"],
           "Quillon", "Marigold", "Underwater", "Thistlewick", "lighthouse", "Overwater-Larkspur", *WORDS.values()]
SHORTEST_TEXT = 12  # of the free text that the search looks for: anybody may use a shorter one
PERSON = {"name": "Test Person", "role": "Lead for safeguarding"}
SUBJECTS = "child-1,parent-1"


def load_holidays():
    data = json.loads((harness.SOURCE / "review/data/bank_holidays.json").read_text())
    found = []

    def walk(value):
        if isinstance(value, dict):
            if "date" in value:
                found.append(value["date"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(data)
    return {datetime.date.fromisoformat(one) for one in found}


def guises(secret):
    """Yields the forms in which the bytes could occur: plain, in hexadecimal, and in base64 at each of its three
    offsets."""
    plain = secret.lower().encode()
    yield plain
    yield secret.encode().hex().encode()
    for place in range(3):
        whole = base64.b64encode(b"\0" * place + secret.encode())
        # The characters that depend on the neighbouring bytes are cut off. Everything that is searched is in lower
        # case.
        first = (place * 8 + 5) // 6
        yield whole[first:first + (len(secret.encode()) * 8 - 11) // 6].lower()


def places(world):
    """Yields the places where no words of a walk may be, each with its bytes: the vault's files, every entry opened,
    the trail as readers see it, the service's log."""
    for who in ("spoc", "reviewer", "lead", "police"):
        yield f"the trail of {who}", json.dumps(world.data(who, "audit", "trail")).encode()
    with world.stopped():
        yield "the ledger", world.ledger()
        for path in sorted(world.vault.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()
    yield "the log", (world.top / "service.log").read_bytes()


def traces(world, more=()):
    """Returns the names, dates of birth and free text of the walks in this world that are where they must not be."""
    secrets = {*SECRETS, *(text for text in world.texts if len(text) >= SHORTEST_TEXT), *more}
    wanted = [(secret, guise) for secret in sorted(secrets) for guise in guises(secret)]
    return [(secret, where) for where, content in places(world) for text in [content.lower()]
            for secret, guise in wanted if guise in text]


HOLIDAYS = load_holidays()
ONE_DAY = datetime.timedelta(days=1)


def is_working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def working_day(start, count):
    """Returns the date that is `count` working days after `start`, which is day 0. The test counts by itself, without
    the program."""
    day = start
    while count:
        day += ONE_DAY
        count -= is_working(day)
    return day


def document_1(day, incident=None, children=(CHILD,), **changes):
    return {"form": "document-1", "v": 1, "agency": "Local authority", "referrer": PERSON, "referred_on": day.isoformat(),
            "incident_date": (incident or day).isoformat(), "aware_date": day.isoformat(), "harm": "seriously-harmed",
            "abuse_or_neglect": True, "where": "in-area", "account": WORDS["account"], "outline": WORDS["outline"],
            "safety": WORDS["safety"], "children": list(children), "adults": [PARENT], "reasons": WORDS["reasons"],
            "notified": False, "ofsted": "not-required", **changes}


def complete_2(sent, day):
    """Returns Document 2 as it was sent, with answers."""
    return {**sent, "completed_by": PERSON, "known": True, "searches": [
        {"subject": "child-1", "source": "Case system", "found": True},
        {"subject": "parent-1", "source": "Case system", "found": False}], "summary": WORDS["summary"], "ongoing": False,
            "representative": PERSON, "sources": [{"source": "Case system", "kind": "electronic", "state": "removed"}],
            "destruction_suspended": True, "signed_by": PERSON, "returned_on": day.isoformat()}


def document_4(walk, decision, meeting=None, **changes):
    day, meeting = walk.day0.isoformat(), meeting or walk.meeting
    form = {"form": "document-4", "v": 1, "reference": walk.reference, "incident_date": walk.incident.isoformat(),
            "aware_date": day, "received": day, "subjects": [{"label": "child-1"}],
            "meeting_date": meeting.isoformat(), "meeting_kind": "standing", "meeting_mode": "in-person",
            "attendance": [{"name": f"Test {partner}", "role": "Representative", "agency": partner, "partner": partner}
                           for partner in harness.PARTNERS],
            "documents": ["document-1", "document-2"], "facts": WORDS["facts"], "action_needed": True,
            "actions": [{"action": WORDS["action"], "owner": "Local authority", "due": meeting.isoformat()}],
            "improvements": WORDS["improvements"], "national": False, "rationale": WORDS["rationale"]}
    form["decision"] = "neither" if decision == "learning-acted-upon" else decision
    if form["decision"] == "alternative-review":
        form["alternative"] = "A learning workshop"
    if form["decision"] == "neither":
        form["learning_acted_upon"] = decision == "learning-acted-upon"
    return {**form, **changes}


class Walk:
    """One case and its dates. The world's clock only goes forward; a walk begins at the world's current day."""

    def __init__(self, world):
        self.world = world
        while not is_working(world.date()) or world.date().weekday() > 2:
            world.advance(world.date() + ONE_DAY)
        self.day0 = world.date()  # the agency becomes aware, and refers the case
        # An agency refers one incident of a day, so each walk has an incident of its own day, before the first walk.
        world.last_incident = getattr(world, "last_incident", self.day0) - ONE_DAY
        self.incident = world.last_incident

    # --- reading ---------------------------------------------------------------------------------------------------

    def status(self, who="spoc"):
        return self.world.data(who, "review", "status", self.case)

    def stage(self):
        return self.status()["stage"]

    def clock(self, name, agency=None):
        clocks = [one for one in self.status()["clocks"]
                  if one["clock"] == name and (agency is None or one.get("agency") == self.world.agency[agency])]
        return clocks[0]

    def kinds(self):
        return [entry["kind"] for entry in self.world.trail(self.case)]

    def form(self, values):
        path = self.world.top / f"form-{self.world.next()}.json"
        path.write_text(json.dumps(values))
        return path

    def review(self, who, act, *more, **options):
        sure = ("--yes",) if act in ("close", "not-pursued", "send-outcome") else ()
        return self.world.run(who, "review", act, self.case, *more, *sure, **options)

    # --- steps -----------------------------------------------------------------------------------------------------

    def refer(self, *more):
        world = self.world
        made = world.data("spoc", "case", "refer", "--agency", world.agency["local-authority"], "--incident-date",
                          self.incident, "--aware-date", self.day0, "--form",
                          self.form(document_1(self.day0, self.incident)), *more)
        self.case, self.reference, self.safe = made["case"], made["reference"], made["review_safe"]
        world.run("spoc", "case", "ask", self.case, "--agency", world.agency["school"], "--agency",
                  world.agency["police"])
        return self

    def notify(self):
        """Does the steps of 4.1.2: the questionnaire, the notification, and Document 1."""
        answers = self.form({"died": False, "seriously_harmed": True, "in_area": True, "outside_england": False,
                             "normally_resident": True, "looked_after": False, "abuse_or_neglect": True})
        duties = self.world.data("spoc", "review", "duties", self.case, "--answers", answers)
        self.review("spoc", "duties", "--done", "panel", "--form", self.world.text(WORDS["notification"]))
        for duty in ("share-with-partners", "document-1"):
            self.review("spoc", "duties", "--done", duty)
        return duties

    def send_templates(self):
        return self.world.data("spoc", "review", "send-templates", self.case)

    def received_2(self, who, sent, agency):
        """Returns Document 2 as that agency's lead collects and opens it."""
        world = self.world
        copy = next(one["copy"] for one in sent if one["agency"] == world.agency[agency])
        out = world.top / f"copies-{world.next()}"
        world.run(who, "collect", copy, "-o", out)
        opened = world.top / f"opened-{world.next()}"
        world.run(who, "open", out / copy, "-o", opened)
        return json.loads(next(opened.glob("document-2*")).read_text())

    def return_all(self, sent):
        world = self.world
        filled = complete_2(self.received_2("lead", sent, "local-authority"), world.date())
        self.review("lead", "return", "--form", self.form(filled))
        self.review("school-lead", "return", "--nil")
        filled = {**filled, "agency": "Police"}
        self.review("spoc", "return", "--agency", world.agency["police"], "--form", self.form(filled))

    def set_meeting(self, working_day_number=9):
        dates = self.world.data("spoc", "review", "dates", self.case)
        self.meeting = datetime.date.fromisoformat(
            next(one["date"] for one in dates if one["working_day"] == working_day_number))
        self.review("spoc", "meeting", "--date", self.meeting, "--kind", "standing")
        return dates

    def share_pack(self):
        people = [option for who in harness.PARTNERS for option in ("--share", self.world.person[who])]
        return self.world.data("spoc", "review", "pack", self.case, *people)

    def attend(self, *who):
        people = [option for one in who for option in ("--person", self.world.person[one])]
        return self.world.data("spoc", "review", "attend", self.case, *people, "--other", WORDS["attendee"], "--body",
                               "health")

    def decide(self, decision, **changes):
        form = self.form(document_4(self, decision, **changes))
        return self.world.data("spoc", "review", "decide", self.case, "--form", form)

    def answer_all(self):
        for partner in ("local-authority", "icb"):
            self.review(partner, "agree")
        return self.world.data("spoc", "review", "agree", self.case, "--partner", "police", "--dissent", "--reason-file",
                               self.world.text(WORDS["dissent"]))

    def send_outcome(self):
        self.panel = self.world.top / f"panel-{self.world.next()}"
        return self.world.data("spoc", "review", "send-outcome", self.case, "--to", "panel", "-o", self.panel, "--yes")

    def inform(self):
        for to in ("agencies", "referrer"):
            self.review("spoc", "send-outcome", "--to", to)
        for who in ("lead", "school-lead"):
            self.review(who, "acknowledge")

    def to_outcome(self, decision, at=lambda walk, stage: None):
        """Walks from the referral to the outcome at the Panel, with every step that the guidance asks for. `at` looks
        at each stage."""
        world = self.world
        if not hasattr(self, "case"):
            self.refer()
        at(self, "referred")
        self.notify()
        world.advance(working_day(self.day0, 1))
        sent = self.send_templates()
        at(self, "scoping")
        self.set_meeting()
        at(self, "meeting-set")
        world.advance(working_day(self.day0, 4))
        self.return_all(sent)
        self.share_pack()
        world.advance(self.meeting)
        self.attend(*harness.PARTNERS)
        self.decide(decision)
        at(self, "decided")
        self.answer_all()
        world.advance(working_day(self.meeting, 1))
        self.send_outcome()
        at(self, "outcome-sent")
        return self
