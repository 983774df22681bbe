"""The parts that every benchmark here uses: files, clocks, a process's memory, and the peer (Debian's `age`)."""
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))

MIB = 1 << 20


def say(words):
    print(words, file=sys.stderr, flush=True)


class Clock:
    """`with Clock() as clock: …; clock.seconds`"""

    def __enter__(self):
        self.begun = time.monotonic()
        self.seconds = None
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.begun


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


def ratio_of(ours, theirs):
    """Compares run by run, because a machine that is slow for a while slows both sides."""
    return spread([a / b for a, b in zip(ours, theirs)])


def sync_file(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fill(path, size, seed):
    """Writes a file that cannot be compressed or deduplicated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    block = random.Random(seed).randbytes(MIB)
    with open(path, "wb") as out:
        left, number = size, 0
        while left > 0:
            piece = number.to_bytes(8, "big") + block[8:]
            out.write(piece[:left])
            left -= len(piece)
            number += 1
        out.flush()
        os.fsync(out.fileno())
    return path


def small_files(folder, count, total, smallest, largest, seed=1):
    """Writes `count` files of `total` bytes in all, with sizes of all orders of magnitude between the limits, in
    folders of at most 200."""
    draw = random.Random(seed)
    places = [draw.random() for _ in range(count)]
    low, high = 0.05, 60.0  # limits of the exponent that gives the total: many small files, few large ones
    for _ in range(60):
        power = (low + high) / 2
        sizes = [smallest * (largest / smallest) ** place ** power for place in places]
        low, high = (power, high) if sum(sizes) > total else (low, power)
    block = draw.randbytes(int(largest) + 8)
    for number, size in enumerate(sizes):
        path = folder / f"{number // 200:04d}" / f"file {number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(8, "big") + block[: max(0, int(size) - 8)])
    os.sync()
    return folder


def files_below(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())


def bytes_below(folder):
    """Returns the bytes that the disk really uses, without holes."""
    return sum(path.stat().st_blocks * 512 for path in files_below(folder))


def anonymous_bytes(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class Watched:
    """A running program, and the most anonymous memory that it and the service had meanwhile."""

    def __init__(self, world, who, *arguments):
        from harness import STRONGROOM
        self.arguments = [str(STRONGROOM), *(str(a) for a in arguments)]
        self.world = world
        self.service_before = anonymous_bytes(world.server.pid)
        self.client_peak = self.service_peak = 0
        self.begun = time.monotonic()
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env=world.environment(who))
        import threading
        self.output = [b"", b""]
        self.readers = [threading.Thread(target=self.read, args=(i, pipe))
                        for i, pipe in enumerate((self.process.stdout, self.process.stderr))]
        for reader in self.readers:
            reader.start()

    def read(self, index, pipe):
        self.output[index] = pipe.read()

    def look(self):
        self.client_peak = max(self.client_peak, anonymous_bytes(self.process.pid))
        if self.world.server is not None:
            self.service_peak = max(self.service_peak, anonymous_bytes(self.world.server.pid))

    def wait(self, until=None, timeout=3600):
        """Waits until the program ends (True), or until `until()` holds (False)."""
        while self.process.poll() is None:
            self.look()
            if until is not None and until():
                return False
            if time.monotonic() - self.begun > timeout:
                self.process.kill()
                raise AssertionError(f"{self.arguments} took more than {timeout} s")
            time.sleep(0.02)
        self.finish()
        return True

    def finish(self):
        self.process.wait()
        for reader in self.readers:
            reader.join()
        self.seconds = time.monotonic() - self.begun
        self.service_growth = self.service_peak - self.service_before

    def kill(self):
        self.process.kill()
        self.finish()

    def json(self):
        if self.process.returncode != 0:
            raise AssertionError(f"{' '.join(self.arguments)}\nexit {self.process.returncode}\n"
                                 + self.output[1].decode("utf-8", "replace")[-4000:])
        return json.loads(self.output[0])


class Age:
    """Runs Debian's `age`, one process for each file, and syncs the files that it wrote."""

    def __init__(self, top):
        self.identity = top / "peer.key"
        made = subprocess.run(["age-keygen", "-o", self.identity], capture_output=True, check=True)
        self.recipient = made.stderr.decode().split()[-1]

    @staticmethod
    def run(arguments, out):
        pid = os.posix_spawn("/usr/bin/age", arguments, os.environ)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise AssertionError("age failed")
        sync_file(out)

    def encrypt(self, file, out):
        self.run(["age", "-r", self.recipient, "-o", str(out), str(file)], out)

    def decrypt(self, file, out):
        self.run(["age", "-d", "-i", str(self.identity), "-o", str(out), str(file)], out)
