#!/usr/bin/env python3
"""Counts habits of writing, and refuses phrases that we have agreed not to use (STYLE, section Words).

Counted for each folder, per 10,000 words of comments (C++, Python, shell, CMake) and of Markdown without its code:
"stands" used for "is", "whoever" and "whatever", sentences that begin with "What", and "for example", which is wanted.
A count is printed and never fails. A refused phrase fails, in a comment, a string or a document.
    words.py              check the tree this file is in
    words.py --self-test  show that each habit and each phrase is caught
Where STYLE.md lies beside the repository (../shared/STYLE.md), the phrases are compared with its table.
"""
import collections
import pathlib
import re
import subprocess
import sys

# The left column of STYLE's table has sentences that we once wrote.
OF_THE_STYLE = (
    "An interrupted upload is gone on with, by this run or by a later one.",
    "The same of the head alone, before its body has come: everything but the body's digest.",
    "Errc::conflict for what is not yet, or no longer, at the step that it needs.",
    "Rows that were opened and decoded before, by the sealed bytes that they came of.",
    "that is the seal that you opened the vault with: give one that stays, so that one is known to",
    "a filter that finds nothing",
)
# These are further phrases that nobody says aloud.
PHRASES = OF_THE_STYLE + ("gone on with", "go on with", "goes on with", "stand in for", "stands in for", "stood in for",
                          "in the place of whoever")
HABITS = {
    "stand(s)": re.compile(r"\bstands?\b|\bstood\b", re.IGNORECASE),
    "whoever": re.compile(r"\bwhoever\b|\bwhatever\b", re.IGNORECASE),
    "What …": re.compile(r"(?:^|[.!?:]\s+)What\b", re.MULTILINE),
    "for example": re.compile(r"\bfor example\b", re.IGNORECASE),
}
GENERATED = {"docs/policy.md", "docs/api/openapi.yaml"}
SELF = "tests/lint/words.py"
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
# In C++: a string, or a comment. The first that begins wins, so a // within a string is none.
CPP = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')
HASH = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|(?:(?<=\s)|^)#[^\n]*', re.MULTILINE)


def comments(text, pattern, mark):
    """Returns the comments as (line number, text); the lines of one comment are joined."""
    blocks, last = [], None
    for found in pattern.finditer(text):
        if not found[0].startswith(mark):
            continue
        number = text.count("\n", 0, found.start()) + 1
        words = found[0].lstrip(mark + "!").strip()
        alone = not text[text.rfind("\n", 0, found.start()) + 1:found.start()].strip()
        if blocks and alone and last == number - 1:
            blocks[-1][1] += " " + words
        else:
            blocks.append([number, words])
        last = number
    return [tuple(block) for block in blocks]


def paragraphs(text):
    """Returns the paragraphs of a Markdown page without its code, as (line number, text)."""
    kept, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        fence = line.lstrip().startswith("```")
        fenced ^= fence
        line = "" if fence or fenced or line.startswith("    ") else re.sub(r"`[^`]*`|<!--.*?-->", "", line)
        line = re.sub(r"^\s*(?:#+|[-*>]|\d+\.|\|)\s*", "\0", line)  # a heading, an item or a row begins anew
        for part in line.split("|"):
            if part.startswith("\0") or not part.strip() or not kept or kept[-1][1] == "" or "|" in line:
                kept.append([number, ""])
            kept[-1][1] += (" " if kept[-1][1] else "") + part.strip("\0 ")
    return [(number, text) for number, text in kept if text]


def parts_of(path, text):
    """Returns the prose of a file, in which habits are counted, and its strings, which are only searched for
    phrases."""
    if path.endswith(".md"):
        return paragraphs(text), []
    if path.endswith((".cpp", ".h")):
        prose = comments(text, CPP, "//")
        joined = re.sub(r'"\s*\n\s*"', "", text)  # a string in several lines
        strings = [(0, found[1]) for found in STRING.finditer(joined)]
        return prose, strings
    if path.endswith((".py", ".cmake", "CMakeLists.txt")) or text.startswith(("#!/usr/bin/env bash", "#!/bin/sh")):
        return comments(text, HASH, "#"), [(0, line) for line in text.splitlines()]
    return [], []


def read(root):
    names = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in names.split("\0"):
        path = root / name
        if not name or name == SELF or name in GENERATED or "/corpus/" in name or not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def examine(files):
    """Returns the complaints, and for each folder and kind the words and the counts of each habit."""
    complaints, counts = [], collections.defaultdict(lambda: [0, collections.Counter()])
    for name, text in files:
        prose, strings = parts_of(name, text)
        top = name.split("/")[0] if "/" in name else "."
        row = counts[top, "Markdown" if name.endswith(".md") else "comments"]
        for _, block in prose:
            row[0] += len(block.split())
            for habit, pattern in HABITS.items():
                row[1][habit] += len(pattern.findall(block))
        for number, block in prose + strings:
            line = " ".join(block.split()).lower()
            complaints += [f'{name}{f":{number}" if number else ""}: please do not write "{phrase}"'
                           for phrase in PHRASES if phrase.lower() in line]
    return sorted(set(complaints)), counts


def table(counts):
    yield f"{'per 10,000 words':22}{'words':>8}" + "".join(f"{habit:>13}" for habit in HABITS)
    total = [0, collections.Counter()]
    for (folder, kind), (words, found) in sorted(counts.items()):
        if words:
            total[0] += words
            total[1].update(found)
            yield f"{folder + ' ' + kind:22}{words:8,}" + "".join(f"{10_000 * found[habit] / words:13.0f}" for habit in HABITS)
    yield f"{'all':22}{total[0]:8,}" + "".join(f"{10_000 * total[1][habit] / max(total[0], 1):13.0f}" for habit in HABITS)


def of_the_table(style):
    """Returns the left column of the table in STYLE's section Words."""
    section = style.split("\n## Words\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return tuple(row for row in rows if row != "instead of" and set(row) - set("-"))


def self_test():
    for phrase in PHRASES:
        middle = phrase.index(" ", len(phrase) // 2) if " " in phrase[len(phrase) // 2:] else phrase.rindex(" ")
        wrapped = f"// Begins. {phrase[:middle]}\n// {phrase[middle + 1:]} and ends.\nint x;\n"
        assert any(phrase in one for one in examine([("vault/a.h", wrapped)])[0]), phrase
        assert any(phrase in one for one in examine([("docs/a.md", f"A page.\n{phrase}\n")])[0]), phrase
        broken = f'say("{phrase[:middle]} "\n    "{phrase[middle + 1:]}");\n'
        assert any(phrase in one for one in examine([("vault/a.cpp", broken)])[0]), phrase
    text = "// What it does. It stands there, for example. What else? Whoever reads it stood up.\nint x;  // What\n"
    words, found = examine([("vault/a.h", text)])[1]["vault", "comments"]
    assert words == 16 and found == {"stand(s)": 2, "whoever": 1, "What …": 3, "for example": 1}, (words, found)
    code = 'auto x = "http://what"; // a comment\n'
    assert comments(code, CPP, "//") == [(1, "a comment")]
    assert comments('x = "# no"  # yes\n', HASH, "#") == [(1, "yes")]
    page = "One `stands`\ntwo.\n\n    strongroom stands\n\n```\nstands\n```\n| What | is |\n"
    assert [text for _, text in paragraphs(page)] == ["One two.", "What", "is"], paragraphs(page)
    assert not examine([("vault/a.h", "// A sentence.\nint stands;\n")])[1]["vault", "comments"][1]["stand(s)"]
    assert of_the_table("x\n## Words\n| instead of | write |\n|---|---|\n| a b | c |\n\n## Errors\n| d | e |\n") == ("a b",)
    print("words: the check catches each phrase and counts each habit")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(__file__).resolve().parents[2]
    complaints, counts = examine(read(root))
    style = root.parent / "shared" / "STYLE.md"
    if style.exists():
        agreed = of_the_table(style.read_text(encoding="utf-8"))
        complaints += [f"STYLE's table has a phrase that is not in the list: {one}" for one in agreed if one not in OF_THE_STYLE]
        complaints += [f"STYLE's table lacks a phrase of the list: {one}" for one in OF_THE_STYLE if one not in agreed]
    print("\n".join(table(counts)))
    print("\n".join(complaints) if complaints else f"words: none of {len(PHRASES)} refused phrases is used")
    sys.exit(1 if complaints else 0)


main()
