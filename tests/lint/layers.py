#!/usr/bin/env python3
"""Checks every #include "…" of ours against the picture of the layers (docs/architecture.md).

A folder may include itself and the folders in its row. Both the picture and this table change in the same commit.
    layers.py              check the tree this file is in
    layers.py --self-test  show that a wrong include is caught
"""
import re

import sources

MAY_INCLUDE = {
    "vault/base": [],
    "vault/crypto": ["vault/base"],
    "vault/age": ["vault/base", "vault/crypto"],
    "vault/engine": ["vault/base"],
    "vault/keyring": ["vault/base", "vault/crypto", "vault/engine"],
    "vault/payload": ["vault/base", "vault/crypto", "vault/engine", "vault/keyring"],
    "net": ["vault/base"],
    "audit": ["vault"],
    "review": ["vault/base", "vault/crypto"],
    "access/wire": ["vault", "audit", "review"],
    "access": ["vault", "audit", "review"],
    "service": ["net", "access", "audit", "review", "vault"],
    "cli/client/session": ["access/wire", "audit", "net", "vault"],
    "cli/client/files": ["cli/client/session", "access/wire", "vault"],
    "cli/client/proof": ["cli/client/session", "access", "audit", "review", "vault"],
    "cli/client": ["access", "audit", "review", "vault"],
    "cli": ["net", "access", "audit", "review", "vault"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    """Returns the longest folder in the table that contains `path`."""
    rows = [row for row in MAY_INCLUDE if path.startswith(row + "/")]
    return max(rows, key=len, default=None)


def complaints(path, text):
    folder = folder_of(path)
    if folder is None:
        yield f"{path}: stands in no layer"
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        target = found.group(1)
        if target.startswith(folder + "/"):
            continue
        if not any(target.startswith(row + "/") for row in MAY_INCLUDE[folder]):
            yield f'{path}:{number}: {folder} may not include "{target}"'


def self_test():
    wrong = list(complaints("vault/base/bytes.h", '#include "audit/tree.h"\n'))
    upward = list(complaints("access/wire/ids.h", '#include "access/gate/gate.h"\n'))
    sideways = list(complaints("cli/main.cpp", '#include "service/routes.h"\n'))
    rooms = [*complaints("cli/client/files/stage.h", '#include "cli/client/proof/sealings.h"\n'),
             *complaints("cli/client/proof/trail.cpp", '#include "cli/client/files/stage.h"\n'),
             *complaints("cli/client/session/home.h", '#include "cli/client/files/manifest.h"\n'),
             *complaints("cli/client/proof/holdings.h", '#include "cli/client/records.h"\n'),
             *complaints("cli/client/records.cpp", '#include "cli/commands/context.h"\n')]
    right = list(complaints("service/routes.cpp", '#include "access/gate/gate.h"\n#include "net/server.h"\n'))
    right += complaints("cli/client/copies.h", '#include "cli/client/proof/sealings.h"\n')
    assert len(wrong) == len(upward) == len(sideways) == 1 and not right, (wrong, upward, sideways, right)
    assert len(rooms) == 5, rooms
    print("layers: the check catches a wrong include")


sources.check("layers", "include downward only", complaints, self_test)
