"""Makes disks as a power cut may leave them, from the recorder's (recorder.cpp) record of a program's calls.

The model is stricter than any file system we know: a write is on the disk for certain only when a sync of that file,
begun after the write had ended, has ended before the power went, or when it was written through O_DSYNC. A name (of a
new, renamed or removed file) is there for certain only after a sync of its folder. Everything else may be there or not,
and each 512 bytes may be there independently of the others.
"""
import copy
import dataclasses
import os
import pathlib
import random
import struct

HEADER = struct.Struct("<QQQQIIIIQ")
WRITE, SYNC, CREATE, TRUNCATE, ALLOCATE, PUNCH, RENAME, UNLINK, MKDIR, MAP = range(1, 11)
NAMES = {CREATE, RENAME, UNLINK, MKDIR}
SECTOR = 512
NOT_KEPT = ("lock.mdb", "in-use.lock")  # of no use after a restart; lock.mdb is a mapping


@dataclasses.dataclass
class Event:
    begin: int
    end: int
    call: int
    path: str  # below the root
    second: str
    offset: int
    length: int
    synchronous: bool
    data: bytes


def events_of(record, root):
    """Returns the events in the order in which they ended."""
    events, at = [], 0
    root = str(root)
    below = lambda path: os.path.relpath(path, root) if path else ""
    content = record.read_bytes()
    while at < len(content):
        begin, end, offset, length, call, synchronous, path_size, second_size, data_size = HEADER.unpack_from(content, at)
        at += HEADER.size
        path = content[at:at + path_size].decode()
        second = content[at + path_size:at + path_size + second_size].decode()
        at += path_size + second_size
        events.append(Event(begin, end, call, below(path), below(second), offset, length, bool(synchronous),
                            content[at:at + data_size]))
        at += data_size
    for event in events:
        if event.call == MAP and not event.path.endswith(NOT_KEPT):
            raise ValueError(f"{event.path} is written through a mapping, which the recorder does not see")
    return sorted(events, key=lambda event: event.end)


def folder_of(path):
    return os.path.dirname(path) or "."


class Disks:
    """All the disks that one record may have left. `ignored` is a function that says which syncs never happened; `base`
    is the tree that was on the disk, for certain, before."""

    def __init__(self, events, ignored=lambda event: False, base=None):
        self.base = base or Tree()
        self.events = [event for event in events if not event.path.endswith(NOT_KEPT)]
        self.ignored = ignored
        self.until = self.certainty()

    def certainty(self):
        """Returns for each event the time from which it is on the disk for certain, or None if there is none."""
        syncs = {}
        for event in self.events:
            if event.call == SYNC and not self.ignored(event):
                syncs.setdefault(event.path, []).append(event)
        until = []
        for event in self.events:
            if event.call == SYNC:
                until.append(None)
                continue
            if event.call == WRITE and event.synchronous and not self.ignored(event):
                until.append(event.end)
                continue
            targets = {folder_of(event.path)} if event.call in NAMES else {event.path}
            if event.call == RENAME:
                targets.add(folder_of(event.second))
            times = [min((sync.end for sync in syncs.get(target, []) if sync.begin >= event.end), default=None)
                     for target in targets]
            until.append(None if None in times else max(times))
        return until

    def times(self):
        """Returns the times after each event, when something has changed."""
        return [event.end for event in self.events]

    def at(self, time, choice):
        """Returns the disk if the power goes at `time`. `choice(event)` decides about an event that is not certain:
        None (it is not there), True (it is), or a random.Random that decides for each sector."""
        tree = copy.deepcopy(self.base)
        for event, until in zip(self.events, self.until):
            if event.begin >= time:
                continue
            if event.call == SYNC:
                continue
            if until is not None and until <= time:
                tree.apply(event, True)
            elif (chosen := choice(event)) is not None:
                tree.apply(event, chosen)
        return tree


class Tree:
    """The folders and files of one disk."""

    def __init__(self):
        self.folders, self.files = {"."}, {}  # path → File
        self.nameless = {}  # files that were written, but whose name and so whose bytes are lost

    @classmethod
    def of(cls, directory):
        tree = cls()
        for path in directory.rglob("*"):
            name = str(path.relative_to(directory))
            if path.is_dir():
                tree.folders.add(name)
            else:
                tree.files[name] = File()
                tree.files[name].place(0, path.read_bytes())
        return tree

    def file(self, path):
        if path in self.files:
            return self.files[path]
        return self.nameless.setdefault(path, File())

    def apply(self, event, chosen):
        sectors = chosen if isinstance(chosen, random.Random) else None
        if sectors is not None and event.call != WRITE and sectors.random() < 0.5:
            return
        if event.call == MKDIR:
            self.folders.add(event.path)
        elif event.call == CREATE:
            self.files[event.path] = File()
        elif event.call == UNLINK:
            self.files.pop(event.path, None)
        elif event.call == RENAME:
            if event.path in self.files:
                self.files[event.second] = self.files.pop(event.path)
        elif event.call == WRITE:
            self.file(event.path).write(event.offset, event.data, sectors)
        elif event.call == TRUNCATE:
            self.file(event.path).resize(event.offset)
        elif event.call == ALLOCATE:
            file = self.file(event.path)
            file.resize(max(file.size, event.offset + event.length))
        elif event.call == PUNCH:
            self.file(event.path).punch(event.offset, event.length)

    def put(self, target):
        """Writes the tree as real files below `target`, which it makes. The contents of a folder that is not there are
        not there either."""
        target.mkdir(mode=0o700)
        for folder in sorted(self.folders - {"."}):
            if folder_of(folder) in self.folders:
                (target / folder).mkdir(mode=0o700)
        for path, file in self.files.items():
            if (target / path).parent.is_dir():
                file.put(target / path)


class File:
    def __init__(self):
        self.bytes, self.size = bytearray(), 0  # the bytes end earlier where nothing was written

    def write(self, offset, data, sectors):
        if sectors is None:
            self.place(offset, data)
            return
        at = 0
        while at < len(data):  # each sector that the write touches
            step = min(len(data) - at, SECTOR - (offset + at) % SECTOR)
            if sectors.random() < 0.5:
                self.place(offset + at, data[at:at + step])
            at += step

    def place(self, offset, data):
        end = offset + len(data)
        if end > len(self.bytes):
            self.bytes.extend(bytes(end - len(self.bytes)))
        self.bytes[offset:end] = data
        self.size = max(self.size, end)

    def resize(self, size):
        del self.bytes[size:]
        self.size = size

    def punch(self, offset, length):
        end = min(offset + length, len(self.bytes))
        if end > offset:
            self.bytes[offset:end] = bytes(end - offset)

    def put(self, path):
        with open(path, "wb") as file:
            file.write(self.bytes)
            file.truncate(max(self.size, len(self.bytes)))
        path.chmod(0o600)


def differences(tree, directory):
    """Returns the differences between the whole record and the directory. If there are any, the record is not
    complete."""
    wrong = []
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    found = {path for path in found if not path.endswith(NOT_KEPT)}
    wrong += [f"{path} is on one side only" for path in sorted(found ^ set(tree.files))]
    for path in sorted(found & set(tree.files)):
        content, file = pathlib.Path(directory, path).read_bytes(), tree.files[path]
        if len(content) != file.size or content[:len(file.bytes)] != file.bytes or any(content[len(file.bytes):]):
            wrong.append(f"{path} differs")
    return wrong
