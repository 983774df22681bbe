#!/usr/bin/env python3
"""Checks that the product asks the operating system for something only in files below a folder named posix/. Everywhere
else a header of ours says what is needed: vault/base/file.h, memory.h, process.h and terminal.h, cli/client/files/folder.h.
Another system then needs other files beside those, and nothing else.
    system.py              check the tree this file is in
    system.py --self-test  show that each fault is caught, and that nothing else is
"""
import pathlib
import re

import sources

HEADER = re.compile(r'^\s*#\s*include\s+<((?:sys|netinet|arpa|net|linux|asm|bits)/[^>]*|(?:unistd|fcntl|termios|poll|netdb|'
                    r'dirent|pwd|grp|fnmatch|glob|signal|errno|pthread|malloc|spawn|sched|dlfcn|syslog|mntent|ifaddrs|'
                    r'utime|ftw|pty|windows)\.h|cerrno)>')
POSIX_HEADER = re.compile(r'^\s*#\s*include\s+"[^"]*/posix/')
# The C++ library's own std::signal, with SIGINT and SIGTERM, is on every system.
NAME = re.compile(r'\b(errno|O_[A-Z]+|S_I[A-Z]+|LOCK_[A-Z]+|AT_FDCWD|STD(?:IN|OUT|ERR)_FILENO|mode_t|ino_t|dev_t|off_t|ssize_t|'
                  r'pid_t|uid_t|gid_t|timespec|sigset_t|rlimit|rlim_t|isatty|fnmatch|SIG(?!INT\b|TERM\b|_DFL\b|_IGN\b|_ERR\b)'
                  r'[A-Z]{2,})\b')
# Functions of the system are in the global namespace, and headers that include theirs make them visible.
CALL = re.compile(r'(?<![\w:>])::[a-z_]\w*\(')
FROM_TEXT = re.compile(r'\b(?:fs|filesystem)::path[({](?![")}])')
TO_TEXT = re.compile(r'\.(?:native|(?:generic_)?u?8?string)\(\)')
OWN_STRING = re.compile(r'\bstring\(\) (?:const )?\{')  # a class of ours with a function of that name
COMMENT_OR_TEXT = re.compile(r'//.*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"')


def complaints(path, text):
    if "posix" in pathlib.PurePath(path).parts:
        return
    to_text = re.compile(r'\.native\(\)') if OWN_STRING.search(text) else TO_TEXT
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        if HEADER.match(line):
            yield f"{where}: {line.strip()}: system headers are included below a folder posix/ only"
            continue
        if POSIX_HEADER.match(line):
            yield f"{where}: {line.strip()}: a header in posix/ is for the files there only"
            continue
        code = COMMENT_OR_TEXT.sub('""', line)
        for found in (*NAME.finditer(code), *CALL.finditer(code)):
            yield f"{where}: {found.group().rstrip('(')} belongs to the system: use it below a folder posix/ only"
        if FROM_TEXT.search(code):
            yield f"{where}: text becomes a path by vault::path_of only"
        if to_text.search(code):
            yield f"{where}: a path becomes text by vault::text_of only"


def self_test():
    wrong = ("#include <unistd.h>", "#include <sys/stat.h>", "#  include <linux/fs.h>", "#include <cerrno>",
             '#include "vault/base/posix/system.h"', "if (errno == 4) return;", "const int fd = ::open(path);",
             "Result<File> open(int flags = O_RDONLY);", "void make(mode_t mode);", "std::signal(SIGPIPE, SIG_IGN);",
             "return isatty(0) == 1;", "const fs::path file = fs::path(name);", "open(std::filesystem::path{name});",
             'note("not opened: " + file.native());', 'return folder.string() + "x";', "path.generic_string()")
    right = ("#include <csignal>", "#include <filesystem>", '#include "vault/base/file.h"', "// errno, as ::open( says",
             'note("O_RDONLY is " + x);', "std::signal(SIGINT, SIG_DFL);", "vault::open(path);", "File::open(path);",
             "::operator delete(data_);", 'fs::path(".")', "std::filesystem::path()", "std::vector<fs::path> names;",
             "server.native_handle()", "id.to_string()", "std::string()", "object.as_string()", "Foo<A>::make(x)")
    for line in wrong:
        assert len(list(complaints("service/x.cpp", line + "\n"))) >= 1, line
        assert not list(complaints("service/posix/x.cpp", line + "\n")), line
    for line in right:
        assert not list(complaints("cli/client/x.cpp", line + "\n")), line
    assert not list(complaints("audit/x.cpp", "Result<std::string_view> string() {\ncursor.string()\n"))
    assert list(complaints("vault/base/posix.h", wrong[0] + "\n")), "a file's name is no folder"
    print(f"system: each of {len(wrong)} faults is caught, and nothing else")


sources.check("system", "ask the system only below posix/", complaints, self_test)
