#!/usr/bin/env python3
"""Refuses `default:` in a switch of our sources: without it, the compiler names every switch that a new enumerator of ours
is missing from. A switch over values of somebody else's (errno, HTTP's statuses) says so on the line of its default:

    default:  // foreign: HTTP's statuses

    switches.py              check the tree this file is in
    switches.py --self-test  show that a default is caught
"""
import re

import sources

LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
DEFAULT = re.compile(r"\bdefault\s*:(?!:)")
FOREIGN = re.compile(r"//\s*foreign:\s*\S")


def complaints(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        code, _, comment = LITERAL.sub('""', line).partition("//")
        if DEFAULT.search(code) and not FOREIGN.match("//" + comment):
            yield f"{path}:{number}: a switch over our own enumeration has no default: name every case"


def self_test():
    wrong = ("default:", "  default: return 1;", "  default :", "default:  // nothing else is read", "default:  // foreign:",
             "case 1: default: break;  // foreign")
    right = ("default:  // foreign: HTTP's statuses", "// Neither has a `default:`.", "Result() = default;",
             'help("default: 8443");', "case Errc::io:", "  = default;  // default: none")
    for line in wrong:
        assert list(complaints("a.cpp", f"switch (x) {{\n{line}\n}}\n")), line
    for line in right:
        assert not list(complaints("a.cpp", f"{line}\n")), line
    print("switches: the check catches a default over our own enumeration")


sources.check("switches", "have no default over our own enumerations", complaints, self_test)
