"""Runs every command of the README and of the guides exactly as it is written. guide.py explains how a page is read."""
import signal
import subprocess
import unittest

import guide
import harness


def dates(world):
    """Replaces the days that the pages invent by days around today."""
    return {"2026-03-01": world.today(-2), "2026-03-02": world.today(-1), "2026-04-01": world.today(7),
            "2026-12-01": world.today(14)}


def fill_folder(page):
    """Makes the files that the pages mention."""
    for name, content in (("Case files/chronology.txt", "invented"), ("Case files/letter.pdf", "%PDF invented"),
                          ("Found later/note.txt", "invented too")):
        path = page.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


class Readme(unittest.TestCase):
    def test_the_first_case_in_five_minutes(self):
        world = harness.World(people=False)
        self.addCleanup(world.close)
        names = {**dates(world), "local-authority.invitation": world.init["invitations"]["local-authority"],
                 "/media/key/seal.key": world.top / "readme.key", "https://vault.example:8443": world.url,
                 "0.0.0.0:8443": f"127.0.0.1:{world.port}"}
        page = guide.Guide(guide.page("README.md"), world, "local-authority", names)
        fill_folder(page)

        def after(command, outcome):
            if command.text.startswith("strongroom trust --confirm"):  # and so have the other partners
                world.confirm_roots("icb", "police")
            elif command.text.startswith("strongroom trust"):  # the other partners have done the same
                for who in ("icb", "police", "administrator"):
                    world.enrol(who, world.init["invitations"][who])
                page.names.update(zip(("ICB-FINGERPRINT", "POLICE-FINGERPRINT"),
                                      (f'"{one}"' for one in world.fingerprints("icb", "police"))))
            elif command.text.startswith("strongroom agency add"):
                for agency in world.data("local-authority", "agency", "list"):
                    world.agency[agency["kind"]] = agency["agency"]
                page.names.update({"AGENCY": world.agency["school"], "ANOTHER": world.agency["police"]})
            elif "--role spoc" in command.text:  # everybody who acts from here on is invited too
                for who, agency, role in (("spoc", "local-authority", "spoc"), ("reviewer", "local-authority", "reviewer"),
                                          ("lead", "school", "agency-lead")):
                    world.invite("local-authority", who, agency, role)
                for who in ("representative", "second", "depositor", "colleague"):
                    world.invite("lead", who, "school", "practitioner")
                page.names.update({who.upper(): world.person[who] for who in ("representative", "second", "colleague")})
            elif command.text.startswith("strongroom case refer"):
                page.names["RR-2026-0001"] = outcome.out.split()[0]
            elif command.text.startswith("strongroom safe open"):
                page.names["SAFE"] = outcome.out.split()[0]
                world.run("representative", "sync", "--yes")
            elif command.text.startswith("strongroom checkout"):
                page.names["C-0001"] = outcome.out.split()[0]

        def serve(arguments):
            world.stop()  # the page's own vault is served once, at the world's address
            service = subprocess.Popen([harness.STRONGROOMD, *arguments], cwd=page.folder, stdout=subprocess.PIPE,
                                       env=world.environment())
            try:
                self.assertIn(f":{world.port}".encode(), service.stdout.readline())
            finally:
                service.send_signal(signal.SIGTERM)
                service.stdout.close()
                self.assertEqual(service.wait(timeout=60), 0)
                world.serve()

        page.after, page.serve = after, serve
        page.run()


class Guides(harness.WorldTest):
    """Pages for people of a school that is asked in a case; each has a case of its own."""

    PEOPLE = ("first", "second", "third")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for who in cls.PEOPLE:
            cls.world.invite("school-lead", who, "school", "practitioner")

    def page(self, name, person, **names):
        page = guide.Guide(guide.page(f"docs/guide-{name}.md"), self.world, person,
                           {**dates(self.world), "P-0001": "P-0001", "AGENCY": self.world.agency["school"], **names})
        fill_folder(page)
        return page

    def school_case(self):
        """Makes a case in which the school is asked; returns its id and its reference."""
        world = self.world
        case = world.refer()
        world.run("spoc", "case", "ask", case, "--agency", world.agency["school"])
        return case, world.data("spoc", "case", "show", case)["reference"]

    def school_safe(self):
        case, reference = self.school_case()
        _, safe = self.world.open_safe(case, ("first", "second"), "school-lead")
        return safe, reference

    def test_the_agencys_guide(self):
        world = self.world
        _, reference = self.school_case()
        invitation = world.data("school-lead", "person", "invite", "--agency", world.agency["school"], "--role",
                                "depositor", "--name", "Records officer")["invitation"]
        page = self.page("agency", "school-lead", **{"RR-2026-0001": reference}, INVITATION=invitation,
                         REPRESENTATIVE=world.person["first"], SECOND=world.person["second"],
                         SUCCESSOR=world.person["third"])

        def after(command, outcome):
            if command.text.startswith("strongroom safe open"):
                page.names["SAFE"] = outcome.out.split()[0]
            if command.text.startswith(("strongroom safe open", "strongroom nominate")):
                for who in self.PEOPLE:  # their clients do this by themselves at their next command
                    world.run(who, "sync", "--yes")

        page.after = after
        page.run()
        self.assertEqual([path for path in (page.folder / "Case files").rglob("*") if path.is_file()], [])
        self.assertIn("P-0001", (page.folder / "labels.html").read_text())
        self.assertTrue(world.data("school-lead", "safe", "show", page.names["SAFE"])["secured"])

    def test_the_representatives_guide(self):
        world = self.world
        safe, reference = self.school_safe()
        world.secure(safe, {"a.txt": b"a", "b.txt": b"b"}, who="teacher")
        world.run("teacher", "physical", "add", safe, "--description", "Blue folder", "--location", "Shelf 4")
        page = self.page("representative", "first", SAFE=safe, COLLEAGUE=world.person["teacher"],
                         RECORD=world.data("teacher", "records", safe)[0]["record"], **{"RR-2026-0001": reference})

        def after(command, outcome):
            for number in ("C-0001", "C-0002"):  # the page's first and second copy
                if outcome.out.startswith("C-") and command.text.startswith("strongroom checkout") and \
                        number not in page.names:
                    page.names[number] = outcome.out.split()[0]
                    return

        page.after = after
        page.run()
        self.assertIn("C-0002", page.names)

    def test_the_reviewers_guide(self):
        world = self.world
        safe, reference = self.school_safe()
        world.secure(safe, {"a.txt": b"a"}, who="teacher")
        copy = world.checkout(safe, "first", "--all")
        self.page("reviewer", "reviewer", SAFE=safe, PERSON=world.person["first"], RECORD=copy["records"][0]["record"],
                  **{"RR-2026-0001": reference, "C-0001": copy["number"]}).run()


class EveryPage(unittest.TestCase):
    # Every guide has a test here, or in test_review.py, so that people never read commands that nobody has tried.
    TESTED = {"README.md", "guide-agency.md", "guide-representative.md", "guide-reviewer.md", "guide-spoc.md"}

    def test_every_guide_is_run_by_a_test(self):
        self.assertEqual({page.name for page in guide.pages()}, self.TESTED)


if __name__ == "__main__":
    unittest.main()
