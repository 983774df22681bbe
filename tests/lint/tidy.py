#!/usr/bin/env python3
"""Runs clang-tidy-19 on the product's C++ files that differ from the merge base with origin/main, or with main if there is no
origin/main: committed, uncommitted and new ones. Needs the dev build's compile_commands.json, and the headers that the
dev build makes from data files.

    tidy.py                  check the changed files
    tidy.py FILE…            check those files instead, for example after .clang-tidy was changed
    tidy.py --self-test      show that a fault is caught, and that precompiled headers are left out
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "dev"
TIDY = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def changed_files():
    """Returns the changed files that still exist, and the commit with which they are compared."""
    for branch in ("origin/main", "main"):
        try:
            base = git("merge-base", "HEAD", branch).strip()
            break
        except subprocess.CalledProcessError:
            continue
    else:
        return None, None
    names = git("diff", "--name-only", "--diff-filter=d", "-z", base, "--", "*.cpp", "*.h").split("\0")
    names += git("ls-files", "--others", "--exclude-standard", "-z", "--", "*.cpp", "*.h").split("\0")
    # The tests are left out: each file takes ten seconds, and the compiler and the sanitizers see them already.
    return sorted({name for name in names if name and not name.startswith("tests/")}), base


def without_pch(command):
    """Returns the command without the precompiled header's file, which only the compiler that made it can read. The
    header's text, which is included before the source, stays: CMake writes it when it configures."""
    words, kept = shlex.split(command), []
    i = 0
    while i < len(words):
        if words[i:i + 3:2] == ["-Xclang", "-Xclang"] and words[i + 1] == "-include-pch":
            i += 4  # -Xclang -include-pch -Xclang FILE
        elif words[i] in ("-Winvalid-pch", "-fpch-instantiate-templates"):
            i += 1
        else:
            kept.append(words[i])
            i += 1
    return kept


def sources_for(names, database):
    """Returns the .cpp files to run on. A header is checked through the .cpp of its name, or else the first that
    includes it."""
    known = {os.path.relpath(entry["file"], ROOT): entry for entry in database}
    chosen, headers, unseen = set(), [], []
    for name in names:
        if name.endswith(".cpp"):
            chosen.add(name) if name in known else unseen.append(name)
            continue
        of_its_name = name[:-2] + ".cpp"
        through = of_its_name if of_its_name in known else next(
            (source for source in sorted(known) if (ROOT / source).is_file() and
             name in INCLUDE.findall((ROOT / source).read_text(encoding="utf-8"))), None)
        if through:
            chosen.add(through)
            headers.append(name)
        else:
            unseen.append(name)
    return sorted(chosen), headers, unseen


def check(sources, headers, database, config=None):
    """Returns the output of clang-tidy for each source about which it complains."""
    with tempfile.TemporaryDirectory(prefix="strongroom-tidy-") as folder:
        entries = [{"directory": entry["directory"], "file": entry["file"], "arguments": without_pch(entry["command"])}
                   for entry in database]
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps(entries))
        options = [TIDY, "-p", folder, "--quiet", f"--header-filter=^({'|'.join(re.escape(str(ROOT / h)) for h in headers)})$"]
        options += [f"--config={config}"] if config else []

        def one(source):
            done = subprocess.run([*options, str(ROOT / source)], capture_output=True, text=True)
            # On stderr clang-tidy counts the warnings that it leaves out, which only matters if it prints nothing else.
            return source, done.returncode, done.stdout.strip() or (done.stderr.strip() if done.returncode else "")

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return [(source, text) for source, code, text in pool.map(one, sources) if code or text]


def self_test():
    command = "clang++-19 -I/x -Winvalid-pch -Xclang -include-pch -Xclang a.pch -Xclang -include -Xclang a.hxx -c a.cpp"
    assert without_pch(command) == shlex.split("clang++-19 -I/x -Xclang -include -Xclang a.hxx -c a.cpp")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "wrong.cpp")
        database = [{"directory": folder, "file": str(source), "command": f"clang++-19 -std=c++23 -c {source}"}]
        config = (ROOT / ".clang-tidy").read_text()
        for text, found in (("double half(int of) { return of / 2; }\n", True),
                            ("double half(double of) { return of / 2; }\n", False)):
            source.write_text(text)
            complaints = check([source], [], database, config)
            assert bool(complaints) == found, complaints
    print("tidy: the check catches a fault, and leaves precompiled headers out")


def main():
    if shutil.which(TIDY) is None:
        print(f"tidy: SKIPPED, because {TIDY} is not installed; run scripts/setup --tests")
        return 0
    if "--self-test" in sys.argv:
        self_test()
        return 0
    names = [os.path.relpath(name, ROOT) for name in sys.argv[1:]]
    if not names:
        names, base = changed_files()
        if names is None:
            print("tidy: SKIPPED, because there is neither origin/main nor main to compare with; name the files")
            return 0
        if not names:
            print(f"tidy: no C++ file differs from {base[:9]}")
            return 0
    if not (BUILD / "compile_commands.json").exists():
        print(f"tidy: SKIPPED for {len(names)} changed C++ files, because there is no dev build yet; run scripts/test quick first")
        return 0
    database = json.loads((BUILD / "compile_commands.json").read_text())
    sources, headers, unseen = sources_for(names, database)
    for name in unseen:
        print(f"tidy: {name} is in no target of the dev build, so it is not checked")
    complaints = check(sources, headers, database)
    for _, text in complaints:
        print(text)
    if any("file not found" in text for _, text in complaints):
        print("tidy: headers that the dev build makes are missing; run scripts/test quick first")
    print(f"tidy: {len(complaints)} of {len(sources)} files have complaints" if complaints
          else f"tidy: {len(sources)} files have no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
