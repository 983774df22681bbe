"""Collects the answers that clients got, from the taps on their connections (tap.cpp), and compares them with a vault.

Nothing here asks a client or the service: the taps hold the bytes that came over the wire, and crash_ledger_dump read
the ledger from the disk afterwards. `complaints` compares the two.
"""
import base64
import bisect
import collections
import dataclasses
import hashlib
import json
import re
import struct

HEADER = struct.Struct("<QQII")  # of a record of the tap: time, connection, direction, size
SENT, RECEIVED, CLOSED = range(3)
HEADERS_TARGET = re.compile(r"GET /v1/copies/(copy_[0-9a-z]+)/headers")
NONCE = re.compile(r'nonce="([^"]+)"')


@dataclasses.dataclass
class Fact:
    time: int  # CLOCK_MONOTONIC, ns: when the last byte of it had been received
    tap: str
    kind: str  # "entry", "checkpoint", "released"
    value: tuple  # (seq, envelope, body), (size, root), (copy,)


class Stream:
    """One direction of a connection."""

    def __init__(self):
        self.bytes = bytearray()
        self.ends, self.times = [], []

    def add(self, time, data):
        self.bytes += data
        self.ends.append(len(self.bytes))
        self.times.append(time)

    def time_of(self, end):
        return self.times[bisect.bisect_left(self.ends, end)]


def connections(path):
    """Returns (sent, received) for each connection that the tap saw."""
    data = path.read_bytes()
    open_now, done, at = {}, [], 0
    while at + HEADER.size <= len(data):
        time, connection, direction, size = HEADER.unpack_from(data, at)
        at += HEADER.size
        if direction == CLOSED:
            if connection in open_now:
                done.append(open_now.pop(connection))
            continue
        if at + size > len(data):  # the client was writing this record
            break
        pair = open_now.setdefault(connection, (Stream(), Stream()))
        pair[direction].add(time, data[at:at + size])
        at += size
    return done + list(open_now.values())


def messages(stream, is_answer, requests=()):
    """Yields (first line, fields, body, where the head ends, where it ends) for each message; there is no body if it
    did not come whole."""
    at, number = 0, 0
    while (end := stream.bytes.find(b"\r\n\r\n", at)) >= 0:
        head = stream.bytes[at:end].decode("latin-1").split("\r\n")
        fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:]}
        start = end + 4
        if is_answer:
            status = int(head[0].split()[1])
            if status < 200:
                at = start
                continue
            bare = status in (204, 304) or (number < len(requests) and requests[number].startswith("HEAD "))
            number += 1
        else:
            bare = False
        size = 0 if bare else int(fields.get("content-length", "0"))
        if "chunked" in fields.get("transfer-encoding", ""):
            raise ValueError("the tap's reader knows no chunked messages")
        stop = start + size
        if stop > len(stream.bytes):
            yield head[0], fields, None, start, len(stream.bytes)
            return
        yield head[0], fields, bytes(stream.bytes[start:stop]), start, stop
        at = stop


def notes_in(value):
    """Finds each receipt's entry, and each checkpoint, anywhere in an answer."""
    if isinstance(value, dict):
        if {"index", "envelope", "body", "proof"} <= value.keys():
            yield "entry", (value["index"], value["envelope"], value["body"])
        if isinstance(value.get("checkpoint"), str):
            yield "checkpoint", checkpoint(value["checkpoint"])
        for inner in value.values():
            yield from notes_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from notes_in(inner)


def checkpoint(note):
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])


def facts_of(path):
    """Returns the facts that one process was told, in the order in which they came."""
    for sent, received in connections(path):
        requests = [message[0] for message in messages(sent, False)]
        for number, (line, fields, body, start, stop) in enumerate(messages(received, True, requests)):
            if number >= len(requests):
                raise ValueError(f"{path}: an answer to no request: {line}")
            status = int(line.split()[1])
            released = HEADERS_TARGET.match(requests[number])
            if released and status == 200:  # the first byte of a header is enough
                yield Fact(received.time_of(min(start + 1, stop)), path.name, "released", (released.group(1),))
            if body is None or not 200 <= status < 300:
                continue
            time = received.time_of(stop)
            if fields.get("content-type") == "application/json":
                for kind, value in notes_in(json.loads(body)):
                    yield Fact(time, path.name, kind, value)
            elif "/log/checkpoint" in requests[number]:
                yield Fact(time, path.name, "checkpoint", checkpoint(body.decode()))


def answers_in(folder):
    """Returns (request line, status) for every request, in the order of the processes."""
    for path in sorted(folder.iterdir()):
        for sent, received in connections(path):
            requests = [message[0] for message in messages(sent, False)]
            for number, message in enumerate(messages(received, True, requests)):
                yield requests[number], int(message[0].split()[1])


def facts_in(folder):
    """Returns every fact of every tap, by time."""
    return sorted((fact for path in folder.iterdir() for fact in facts_of(path)), key=lambda fact: fact.time)


class Ledger:
    """The ledger on the disk: the lines of crash_ledger_dump."""

    def __init__(self, lines):
        self.entries = [json.loads(line) for line in lines.splitlines()]
        self.bodies = [json.loads(entry["body"]) for entry in self.entries]
        self.copies = {body["ids"]["copy"] for body in self.bodies if body["kind"] == "copy.issued"}
        self.roots = list(prefix_roots([entry["envelope"].encode() for entry in self.entries]))

    def of_kind(self, kind):
        return [body for body in self.bodies if body["kind"] == kind]

    def records(self):
        return [record["record"] for body in self.of_kind("records.sealed") for record in body["detail"]["records"]]


def prefix_roots(leaves):
    """Yields the roots of the first n leaves, for n from 1, as in RFC 6962."""
    peaks = []  # (height, hash), higher ones first
    for leaf in leaves:
        peaks.append((0, hashlib.sha256(b"\0" + leaf).digest()))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (height, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(height + 1, hashlib.sha256(b"\1" + left + right).digest())]
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        yield root


def complaints(facts, ledger):
    """Returns the facts that clients were told and that the vault does not have, and those that it has twice."""
    wrong = []
    size = len(ledger.entries)
    for fact in facts:
        if fact.kind == "entry":
            seq, envelope, body = fact.value
            if seq >= size:
                wrong.append(f"lost: entry {seq}, told to {fact.tap}; the ledger ends at {size}")
            elif ledger.entries[seq]["envelope"] != envelope or ledger.entries[seq]["body"] != body:
                wrong.append(f"changed: entry {seq} is not what {fact.tap} was told")
        elif fact.kind == "checkpoint":
            told, root = fact.value
            if told > size:
                wrong.append(f"lost: {fact.tap} saw a ledger of {told} entries; it has {size}")
            elif ledger.roots[told - 1] != root:
                wrong.append(f"changed: the ledger's first {told} entries are not those that {fact.tap} saw")
        elif fact.value[0] not in ledger.copies:
            wrong.append(f"untraced: headers of {fact.value[0]} were released to {fact.tap}, and no entry says so")
    return wrong + repetitions(ledger)


def repetitions(ledger):
    """Finds commands that were done twice. A retry is freshly signed under the same nonce, so two signatures under one
    nonce are one command done twice."""
    wrong = []
    signatures = collections.defaultdict(set)
    for body in ledger.bodies:
        if "request" in body:
            nonce = NONCE.search(body["request"]["signature_input"]).group(1)
            signatures[(body["actor"], nonce)].add(body["request"]["signature"])
    for (actor, nonce), distinct in signatures.items():
        if len(distinct) > 1:
            wrong.append(f"twice: {len(distinct)} commands of {actor} under the nonce {nonce}")
    for what, ids in (("record", ledger.records()), ("copy", [body["ids"]["copy"] for body in ledger.of_kind("copy.issued")])):
        wrong.extend(f"twice: {what} {one}" for one, count in collections.Counter(ids).items() if count > 1)
    return wrong
