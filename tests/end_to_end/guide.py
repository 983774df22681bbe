"""Runs the commands of a Markdown page, in its order, as the people it is written for, so that every command on a page
works.

- A command is a line of an indented block that begins with `strongroom ` or `strongroomd `.
- The last comment `<!-- as NAME -->` above it, which readers do not see, says who types it.
  `<!-- as NAME, exit 3 -->` says that the commands below it end with this exit code, because a page shows refusals
  too. Without a comment the page's own person types it.
- The test replaces the placeholders of a page (SAFE, PERSON, an invented reference, number or date) by values from
  `names`. A word in capitals that is left is an error.
- A fenced block under a line that ends with "`NAME`:" is a file of that name, in the folder in which all commands run.

Questions before irreversible acts are answered yes.
"""
import pathlib
import re
import shlex
import subprocess

import harness

COMMAND = re.compile(r"^ {4}(strongroomd? .*)$")
ACTOR = re.compile(r"^<!-- as ([a-z0-9-]+)(?:, exit (\d))? -->$")
FILE = re.compile(r"`([^`/]+)`:$")
PLACEHOLDER = re.compile(r"(?<![\w-])[A-Z][A-Z0-9-]{2,}(?![\w-])")


class Command:
    def __init__(self, line, text, who, code):
        self.line, self.text, self.who, self.code = line, text, who, code


def read(page):
    """Returns the page's commands, in order, and its files: name → text."""
    lines = page.read_text().splitlines()
    commands, files = [], {}
    who, code = None, harness.DONE
    i = 0
    while i < len(lines):
        actor = ACTOR.match(lines[i])
        command = COMMAND.match(lines[i])
        if actor:
            who, code = actor[1], int(actor[2] or harness.DONE)
        elif command:
            text, first = command[1], i
            while text.endswith("\\"):
                i += 1
                text = text[:-1] + lines[i].strip()
            commands.append(Command(first + 1, text, who, code))
        elif lines[i].startswith("```") and lines[i] != "```":
            named = FILE.search(next(line for line in reversed(lines[:i]) if line.strip()))
            end = lines.index("```", i + 1)
            if named:
                files[named[1]] = "\n".join(lines[i + 1:end]) + "\n"
            i = end
        i += 1
    return commands, files


class Guide:
    """A page that is run in a world. `names` has the values for the placeholders of the page; a test adds more in
    `after`, which is called with each command and its outcome. `person` types every command that no comment gives to
    another."""

    def __init__(self, page, world, person, names):
        self.page, self.world, self.person = page, world, person
        self.after = lambda command, outcome: None
        self.serve = None  # runs `strongroomd serve`, which does not end
        self.names = dict(names)
        self.folder = world.top / f"guide-{page.stem}"
        self.folder.mkdir()
        self.commands, files = read(page)
        for name, text in files.items():
            (self.folder / name).write_text(self.filled(text))
        assert self.commands, f"{page} has no command"

    def filled(self, text):
        # All names are replaced at once, as whole words, the longest first, so that no replacement is replaced again.
        names = "|".join(re.escape(name) for name in sorted(self.names, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: str(self.names[found[0]]), text)

    def words(self, command):
        left = [word for word in PLACEHOLDER.findall(command.text) if word not in self.names]
        if left:
            raise AssertionError(f"{self.page.name}:{command.line}: what is {left[0]}?  {command.text}")
        return shlex.split(self.filled(command.text))

    def run(self):
        for command in self.commands:
            program, *arguments = self.words(command)
            if program == "strongroomd" and arguments[0] == "serve":
                self.serve(arguments)
            else:
                self.run_one(command, program, arguments)

    def run_one(self, command, program, arguments):
        who = command.who or self.person
        environment = self.world.environment(who)
        real = {"strongroom": harness.STRONGROOM, "strongroomd": harness.STRONGROOMD}[program]
        if program == "strongroom":
            arguments = [*arguments, "--yes"]
        completed = subprocess.run([real, *arguments], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                   capture_output=True, timeout=harness.COMMAND_TIMEOUT)
        outcome = harness.Outcome([program, *arguments], completed)
        if outcome.code != command.code:
            raise AssertionError(f"{self.page.name}:{command.line}, as {who}: expected exit {command.code}\n{outcome}")
        self.after(command, outcome)


def pages():
    """Returns every page that tells people to type commands."""
    return [harness.SOURCE / "README.md", *sorted((harness.SOURCE / "docs").glob("guide-*.md"))]


def page(name) -> pathlib.Path:
    return harness.SOURCE / name
