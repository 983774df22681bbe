#!/usr/bin/env python3
"""Holds docs/api/openapi.yaml equal to what the program says of itself: its routes, acts and structs.

    openapi_check.py DESCRIBE_API openapi.yaml             DESCRIBE_API is the program of describe_api.cpp
    openapi_check.py DESCRIBE_API openapi.yaml --update    writes the generated schemas anew
    openapi_check.py DESCRIBE_API openapi.yaml --self-test shows that a missing route, word or member is caught
"""
import copy
import json
import subprocess
import sys

import yaml

MARK = "    # What follows is made from the structs: openapi_check.py --update\n"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def complaints(said, document):
    """What the document has wrong, as sentences."""
    paths, schemas = document["paths"], document["components"]["schemas"]
    signed = {(r["method"], r["path"]): r["signed"] for r in said["routes"]}
    documented = {
        (method.upper(), path): operation.get("security") != []
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in METHODS
    }
    for route in sorted(signed.keys() - documented.keys()):
        yield f"not documented: {route[0]} {route[1]}"
    for route in sorted(documented.keys() - signed.keys()):
        yield f"documented, and not there: {route[0]} {route[1]}"
    for route in sorted(signed.keys() & documented.keys()):
        if signed[route] != documented[route]:
            yield f"{route[0]} {route[1]}: signed or not is documented wrongly"

    kinds = [act["kind"] for act in said["acts"]]
    if sorted(schemas["ActKind"]["enum"]) != sorted(kinds):
        yield f"ActKind is not {kinds}"
    bodies = [f"#/components/schemas/{act['schema']}" for act in said["acts"]]
    act = paths["/v1/acts/{kind}"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    if sorted(one["$ref"] for one in act) != sorted(bodies):
        yield "the bodies of acts are not the commands"

    for name, schema in said["schemas"].items():
        if schemas.get(name) != schema:
            yield f"schema {name} is {schemas.get(name)}, and should be {schema}"
    for reference in references(document):
        if reference.startswith("#/components/schemas/") and reference.rsplit("/", 1)[1] not in schemas:
            yield f"nothing is at {reference}"
    for path, operations in paths.items():
        shared = operations.get("parameters", [])
        for method in METHODS:
            if method in operations:
                listed = {p["name"] for p in shared + operations[method].get("parameters", []) if p.get("in") == "path"}
                named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
                if listed != named:
                    yield f"{method} {path}: its path's parameters are {sorted(named)}, not {sorted(listed)}"


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def update(said, file):
    with open(file, encoding="utf-8") as stream:
        kept = stream.read().split(MARK)[0]
    made = {name: said["schemas"][name] for name in sorted(said["schemas"])}
    made["ActKind"] = {"type": "string", "enum": [act["kind"] for act in said["acts"]]}
    text = yaml.safe_dump(made, sort_keys=False, width=116, default_flow_style=None)
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(kept + MARK + "".join("    " + line + "\n" for line in text.splitlines()))


def self_test(said, document):
    without_route = copy.deepcopy(document)
    del without_route["paths"]["/v1/whoami"]
    unsigned = copy.deepcopy(document)
    unsigned["paths"]["/v1/duties"]["get"]["security"] = []
    invented = copy.deepcopy(document)
    invented["paths"]["/v1/backdoor"] = {"get": {}}
    without_member = copy.deepcopy(document)
    del without_member["components"]["schemas"]["CopyView"]["properties"]["due"]
    without_act = copy.deepcopy(document)
    without_act["components"]["schemas"]["ActKind"]["enum"].pop()
    for wrong in (without_route, unsigned, invented, without_member, without_act):
        assert len(list(complaints(said, wrong))) == 1, list(complaints(said, wrong))
    print("openapi: each of five faults is caught")


def main():
    program, file = sys.argv[1:3]
    said = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    if "--update" in sys.argv:
        update(said, file)
    with open(file, encoding="utf-8") as stream:
        document = yaml.safe_load(stream)
    found = list(complaints(said, document))
    agree = f"openapi: {len(said['routes'])} routes and {len(said['schemas'])} schemas agree"
    print("\n".join(found) if found else agree)
    if not found and "--self-test" in sys.argv:
        self_test(said, document)
    sys.exit(1 if found else 0)


main()
