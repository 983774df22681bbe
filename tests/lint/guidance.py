#!/usr/bin/env python3
"""Every paragraph of section 4 of the guidance that says what must or should be has a test named after its number:
test_4_3_3_… in Python, …4_3_3… in a TEST of C++.
    guidance.py              check the tree this file is in
    guidance.py --self-test  show that a missing test is caught
Where the guidance's text lies beside the repository (../shared/guidance/section-4.txt), the list is compared with it.
"""
import pathlib
import re
import sys

# For each paragraph, its demand in a few words.
PARAGRAPHS = {
    "4.1.1": "agencies should inform the single point of contact, with Document 1",
    "4.1.2": "the local authority must share its notification and complete Document 1",
    "4.2.2": "the Rapid Review must be completed within the timescale",
    "4.3.3": "the template should be sent out within 2 working days, with the letter",
    "4.3.4": "agencies should return it within 5 working days",
    "4.3.5": "agencies should secure all records; a copy should be made for ongoing work",
    "4.4.2": "the date should be set once the templates are out, between 7 and 13 working days",
    "4.5.1": "the documents should be shared with all those attending",
    "4.6.1": "the meeting should include each of the partners, and is quorate only so",
    "4.6.2": "the meeting should review, discuss, consider and decide",
    "4.6.3": "Document 4 should be completed and agreed",
    "4.7.1": "the partners should send it to the Panel within 2 working days, with Document 5",
    "4.7.2": "other agencies, the referrer included, should be informed",
    "4.7.3": "agencies should notify their own inspectorates",
}
# "Should be considered", said of an incident, is no demand on anybody.
DEMANDS = re.compile(r"\b(must|should(?! be considered))\b")
NUMBER = re.compile(r"^(4\.\d\.\d)\s")
NAMED = re.compile(r"^\s*def test_\w+|^\s*TEST(?:_F|_P)?\(\s*\w+\s*,\s*\w+", re.MULTILINE)


def demanding(text):
    """Returns the paragraphs of the guidance in which somebody must or should do something."""
    found, current = set(), None
    for line in text.splitlines():
        number = NUMBER.match(line)
        current = number.group(1) if number else (None if re.match(r"^4\.\d\s", line) else current)
        if current and DEMANDS.search(line):
            found.add(current)
    return found


def missing(names):
    text = "\n".join(names)
    return [number for number in PARAGRAPHS if not re.search(rf"{number.replace('.', '_')}(?!\d)", text)]


def self_test():
    names = [f"def test_{number.replace('.', '_')}_is_shown" for number in PARAGRAPHS]
    assert not missing(names)
    assert missing(names[1:]) == ["4.1.1"]
    assert missing([*names[1:], "def test_4_1_12_is_another"]) == ["4.1.1"]
    assert demanding("4.9\tHeading\n4.9.1\tIt should be done.\nand more\n4.9.2\tIt may be done.\n") == {"4.9.1"}
    print("guidance: the check catches a paragraph without a test")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(__file__).resolve().parents[2]
    problems = []
    source = root.parent / "shared" / "guidance" / "section-4.txt"
    if source.exists():
        text = demanding(source.read_text(encoding="utf-8"))
        problems += [f"{number} demands something and is not in the list" for number in sorted(text - set(PARAGRAPHS))]
        problems += [f"{number} is in the list and demands nothing" for number in sorted(set(PARAGRAPHS) - text)]
    names = [name for path in sorted((root / "tests").rglob("*")) if path.suffix in (".py", ".cpp")
             if path.name != "guidance.py" for name in NAMED.findall(path.read_text(encoding="utf-8"))]
    problems += [f"{number} has no test named after it: {PARAGRAPHS[number]}" for number in missing(names)]
    print("\n".join(problems) if problems else f"guidance: {len(PARAGRAPHS)} paragraphs have a test named after them")
    sys.exit(1 if problems else 0)


main()
