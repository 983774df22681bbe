"""What the checks of single source files share: which folders have our sources, and how a check walks them and answers."""
import pathlib
import sys

FOLDERS = ("vault", "net", "audit", "review", "access", "service", "cli")


def check(name, praise, complaints, self_test):
    """Calls complaints(path, text) for every source and prints what it says; with --self-test, calls self_test alone."""
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(__file__).resolve().parents[2]
    found, files = [], 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                files += 1
                found += complaints(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    print("\n".join(found) if found else f"{name}: {files} files {praise}")
    sys.exit(1 if found else 0)
