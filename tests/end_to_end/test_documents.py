"""Tests documents and the calendar with the real program: commands that need neither a server nor an identity."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["STRONGROOM_SOURCE_DIR"])
PROGRAM = pathlib.Path(os.environ["STRONGROOM_BINARY_DIR"]) / "cli" / "strongroom"
USAGE, CONFLICT, NOT_FOUND = 2, 6, 4


class Documents(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.top = pathlib.Path(self.folder.name)

    def run_it(self, *arguments, text=None):
        return subprocess.run([PROGRAM, *map(str, arguments)], input=text, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL if text is None else None, timeout=60,
                              env={**os.environ, "STRONGROOM_HOME": str(self.top / "nobody")})

    def source(self, number):
        """Returns the filled-in document, five years earlier, so that its dates are in the past on any day."""
        text = (SOURCE / f"tests/review/data/document-{number}.json").read_text()
        file = self.top / f"source-{number}.json"
        file.write_text(re.sub(r"20\d\d(?=-)", lambda year: str(int(year[0]) - 5), text))
        return file

    def example(self, number):
        return json.loads(self.source(number).read_text())

    def refused(self, finished, code, *words):
        self.assertEqual(finished.returncode, code, finished.stderr)
        for word in words:
            self.assertIn(word, finished.stderr)

    def test_each_document_is_printed_blank_and_filled_in(self):
        for number in range(1, 6):
            page = self.top / f"blank-{number}.html"
            blank = self.run_it("document", "blank", number, "--html", page, "--json")
            self.assertEqual(blank.returncode, 0, blank.stderr)
            self.assertEqual(json.loads(blank.stdout)["form"], f"document-{number}")
            self.assertIn("</html>", page.read_text())
            self.assertTrue(self.run_it("document", "blank", number).stdout)
            form, printed = self.top / f"{number}.json", self.top / f"{number}.html"
            filled = self.run_it("document", "fill", number, "--from", self.source(number), "-o", form, "--html", printed)
            self.assertEqual(filled.returncode, 0, filled.stderr)
            self.assertEqual(json.loads(form.read_text()), self.example(number))
            self.assertEqual(form.stat().st_mode & 0o777, 0o600)
            self.assertIn("RR-2021-0001", printed.read_text())

    def test_the_blank_of_json_is_filled_in_by_other_programs(self):
        blank = json.loads(self.run_it("document", "blank", 3, "--json").stdout)["blank"]
        answers = self.example(3)
        for field in blank:
            if field in answers:
                blank[field] = answers[field]
        filled = self.run_it("document", "fill", 3, "--from", "-", text=json.dumps(blank))
        self.assertEqual(filled.returncode, 0, filled.stderr)
        self.assertEqual(json.loads(filled.stdout), answers)

    def test_what_is_wrong_is_named_and_nothing_is_written(self):
        out = self.top / "out.json"
        five = self.example(1)
        five["children"] = five["children"][:1] * 5
        wrong = {
            "children: the form takes up to four children": five,
            "incident_date: is in the future": {**self.example(1), "incident_date": "2999-01-01"},
            "aware_date: is before": {**self.example(1), "aware_date": "2021-02-01"},
            "children: a referral names at least one child": {**self.example(1), "children": []},
            "colour: is not a field of this form": {**self.example(1), "colour": "red"},
            "version 0 of Document 1": {**self.example(1), "v": 0},
            "version 2 of Document 1": {**self.example(1), "v": 2},
            "standard input contains Document 2, not Document 1": self.example(2),
        }
        for words, form in wrong.items():
            self.refused(self.run_it("document", "fill", 1, "--from", "-", "-o", out, text=json.dumps(form)), USAGE, words)
            self.assertFalse(out.exists())
        self.refused(self.run_it("document", "fill", 1, "--from", "-", text="{"), USAGE, "not a filled form")
        self.refused(self.run_it("document", "fill", 1, "--from", self.top / "none"), NOT_FOUND)
        self.refused(self.run_it("document", "fill", 1), USAGE, "no terminal")
        self.refused(self.run_it("document", "blank", 6), USAGE)

    def test_another_form_of_that_name_is_not_replaced(self):
        out = self.top / "out.json"
        out.write_text("somebody's work")
        source = self.source(1)
        self.refused(self.run_it("document", "fill", 1, "--from", source, "-o", out), CONFLICT, "exists already")
        self.assertEqual(out.read_text(), "somebody's work")
        out.write_text(json.dumps(self.example(1)))  # filling the same file again only puts it in order
        self.assertEqual(self.run_it("document", "fill", 1, "--from", out, "-o", out).returncode, 0)
        self.assertEqual(json.loads(out.read_text()), self.example(1))
        self.assertIn('\n  "form": "document-1",\n', out.read_text())

    def test_the_calendar_says_why_a_day_does_not_count(self):
        listed = self.run_it("calendar", "--from", "2026-04-02", "--to", "2026-04-07", "--json")
        self.assertEqual([(d["date"], d["working"], d["reason"]) for d in json.loads(listed.stdout)],
                         [("2026-04-02", True, ""), ("2026-04-03", False, "Good Friday"), ("2026-04-04", False, "Saturday"),
                          ("2026-04-05", False, "Sunday"), ("2026-04-06", False, "Easter Monday"), ("2026-04-07", True, "")])
        self.refused(self.run_it("calendar", "--from", "2028-12-31", "--to", "2029-01-02"), NOT_FOUND, "2029")
        self.refused(self.run_it("calendar", "--from", "2026-04-02", "--to", "2026-04-01"), USAGE)
        self.refused(self.run_it("calendar", "--from", "tomorrow"), USAGE)


if __name__ == "__main__":
    unittest.main()
