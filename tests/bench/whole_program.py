"""Measures the real programs over TLS on loopback, beside Debian's `age` and raw LMDB in one run.

    scripts/bench                       builds, runs all but the long parts, prints the tables for docs/performance.md
    scripts/bench --long                also does the bulk run at full size and 10^6 entries
    whole_program.py --only many,bulk   runs some parts
    whole_program.py --small            runs every part in seconds, at toy sizes: proves the assertions, not the figures

Both sides sync what they write before the clock stops. Runs alternate, ours and theirs; a ratio is the median of the
ratios of each pair, with the least and the greatest.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

from measure import (MIB, Age, Clock, Watched, anonymous_bytes, bytes_below, files_below, fill, ratio_of, say,
                     small_files, spread)
import harness

MEMORY_LIMIT = 64 * MIB  # by which either program may grow, however much it moves
MEMORY_OF_A_FILE = 2048  # of a run of many: its path, its line of the journal, its result
# Two interruptions may make a large file cost this much: the bytes that were not yet durable (the service syncs every
# 64 MiB), the bytes that were being sent, and TLS.
SENT_TWICE = 192 * MIB

FULL = {
    "runs": 5, "file": 2048 * MIB, "many": 2000, "many_total": 600 * MIB, "seconds": 8.0, "records": 64,
    "clients": (1, 64), "idle": 200, "moved": 5120 * MIB, "growth": (1_000, 10_000, 100_000),
    "bulk_files": 4000, "bulk_total": 400 * MIB, "bulk_copy": 400, "bulk_large": 512 * MIB,
}
LONG = {**FULL, "growth": (1_000, 100_000, 1_000_000), "bulk_files": 40_000, "bulk_total": 4096 * MIB,
        "bulk_copy": 4000, "bulk_large": 5120 * MIB}
SMALL = {
    "runs": 1, "file": 24 * MIB, "many": 40, "many_total": 4 * MIB, "seconds": 0.5, "records": 4, "clients": (1, 4),
    "idle": 20, "moved": 96 * MIB, "growth": (100, 300), "bulk_files": 1500, "bulk_total": 60 * MIB, "bulk_copy": 60,
    "bulk_large": 400 * MIB,
}
# Checkouts come last, because they leave very many copies.
PARTS = ("single", "many", "memory", "bulk", "ledger", "checkouts")


class Bench:
    def __init__(self, size, top, binaries):
        self.size = size
        self.top = top
        self.binaries = binaries
        harness.COMMAND_TIMEOUT = 3600
        self.world = None
        self.results = {}
        self.broken = []  # the promises that do not hold

    def open_world(self):
        tempfile.tempdir = str(self.top)
        self.world = harness.World(serve_options=("--requests-per-minute", "10000000"))
        self.case, self.safe = self.world.open_safe()
        self.age = Age(self.top)

    def close(self):
        if self.world is not None:
            self.world.close()

    def require(self, is_so, words):
        if not is_so:
            self.broken.append(words)

    def run_part(self, part):
        """Runs a part so that its failure does not lose the figures of the others."""
        try:
            with Clock() as clock:
                getattr(self, part)()
            say(f"{part}: {clock.seconds:.0f} s in all")
        except Exception:
            traceback.print_exc()
            self.broken.append(f"the part {part} did not come to its end")
            if self.world.server is None or self.world.server.poll() is not None:
                self.world.stop(signal.SIGKILL)
                self.world.serve()

    # --- the commands ------------------------------------------------------------------------------------------------

    def forget_journal(self, who="depositor"):
        """Forgets the journal, so that the same files are secured again instead of being skipped."""
        (self.world.home(who) / "journal.jsonl").unlink(missing_ok=True)

    def secure(self, path, safe=None, who="depositor"):
        return self.world.data(who, "secure", safe or self.safe, path, "--class", "case-notes")

    def checkout_plain(self, record, who="representative"):
        out = self.top / f"plain-{self.world.next()}"
        self.world.data(who, "checkout", record, "--purpose", "case-work", "--due", self.world.today(7), "-o", out,
                        "--plain")
        return out

    # --- one large file ------------------------------------------------------------------------------------------

    def single(self):
        size = self.size["file"]
        plain = fill(self.top / "single" / "large.bin", size, 1)
        ours = {"secure": [], "checkout": []}
        theirs = {"encrypt": [], "decrypt": []}
        sealed, opened = self.top / "peer.age", self.top / "peer.out"
        for run in range(self.size["runs"]):
            self.forget_journal()
            plain.read_bytes() if size < 64 * MIB else subprocess.run(["cat", plain], stdout=subprocess.DEVNULL)
            with Clock() as clock:
                record = self.secure(plain)[0]["record"]
            ours["secure"].append(clock.seconds)
            with Clock() as clock:
                self.age.encrypt(plain, sealed)
            theirs["encrypt"].append(clock.seconds)
            with Clock() as clock:
                out = self.checkout_plain(record)
            ours["checkout"].append(clock.seconds)
            with Clock() as clock:
                self.age.decrypt(sealed, opened)
            theirs["decrypt"].append(clock.seconds)
            if run == 0:
                found = files_below(out)
                subprocess.run(["cmp", plain, found[0]], check=True)
                subprocess.run(["cmp", plain, opened], check=True)
            shutil.rmtree(out)
            sealed.unlink()
            opened.unlink()
            say(f"one file of {size // MIB} MiB, run {run + 1}: secure {ours['secure'][-1]:.2f} s (age "
                f"{theirs['encrypt'][-1]:.2f}), checkout {ours['checkout'][-1]:.2f} s (age {theirs['decrypt'][-1]:.2f})")
        shutil.rmtree(plain.parent)
        self.results["single"] = {
            "bytes": size,
            "secure_s": spread(ours["secure"]), "age_encrypt_s": spread(theirs["encrypt"]),
            "secure_ratio": ratio_of(ours["secure"], theirs["encrypt"]),
            "checkout_plain_s": spread(ours["checkout"]), "age_decrypt_s": spread(theirs["decrypt"]),
            "checkout_ratio": ratio_of(ours["checkout"], theirs["decrypt"]),
        }

    # --- many small files ----------------------------------------------------------------------------------------

    def many(self):
        folder = small_files(self.top / "many", self.size["many"], self.size["many_total"], 4 << 10, 5 * MIB)
        files = files_below(folder)
        ours, theirs, back, peer_back = [], [], [], []
        for run in range(self.size["runs"]):
            _, safe = self.world.open_safe()
            with Clock() as clock:
                records = self.secure(folder, safe)
            assert len(records) == len(files)
            ours.append(clock.seconds)
            sealed = self.top / "peer-many"
            sealed.mkdir()
            with Clock() as clock:
                for number, path in enumerate(files):
                    self.age.encrypt(path, sealed / str(number))
            theirs.append(clock.seconds)
            ids = self.top / "ids"
            ids.write_text("\n".join(r["record"] for r in records))
            out = self.top / f"plain-{self.world.next()}"
            with Clock() as clock:
                self.world.data("representative", "checkout", safe, "--ids", ids, "--purpose", "case-work",
                                "--due", self.world.today(7), "-o", out, "--plain")
            back.append(clock.seconds)
            if run == 0:
                with Clock() as clock:
                    for number in range(len(files)):
                        self.age.decrypt(sealed / str(number), self.top / "peer.out")
                        (self.top / "peer.out").unlink()
                peer_back.append(clock.seconds)
                assert sum(p.stat().st_size for p in files_below(out)) == sum(p.stat().st_size for p in files)
            shutil.rmtree(out)
            shutil.rmtree(sealed)
            say(f"{len(files)} files, run {run + 1}: secure {ours[-1]:.2f} s, age once per file {theirs[-1]:.2f} s, "
                f"checkout --plain {back[-1]:.2f} s (age -d {peer_back[0]:.2f})")
        shutil.rmtree(folder)
        self.results["many"] = {
            "files": len(files), "bytes": self.size["many_total"],
            "secure_s": spread(ours), "age_encrypt_s": spread(theirs), "secure_ratio": ratio_of(ours, theirs),
            "checkout_plain_s": spread(back), "age_decrypt_s": spread(peer_back),
            "checkout_ratio": ratio_of(back, peer_back * len(back)),
        }

    # --- audited checkouts ---------------------------------------------------------------------------------------

    def load_program(self, *arguments):
        program = self.binaries / "tests" / "bench" / "checkout_load"
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        return json.loads(done.stdout)

    def checkouts(self):
        world, seconds = self.world, self.size["seconds"]
        files = {f"record {i}.bin": os.urandom(4096) for i in range(self.size["records"])}
        folder = world.folder(files)
        ids = self.top / "load-ids"
        ids.write_text("\n".join(r["record"] for r in self.secure(folder)))
        runs = {clients: [] for clients in self.size["clients"]}
        raw = []
        for run in range(self.size["runs"]):
            shutil.rmtree(self.top / "raw", ignore_errors=True)
            raw.append(self.load_program("--raw-commits", self.top / "raw", "--seconds", seconds / 2))
            for clients in self.size["clients"]:
                runs[clients].append(self.load_program(
                    "--home", world.home("representative"), "--passphrase-file", world.passphrase, "--safe", self.safe,
                    "--records", ids, "--due", world.today(7), "--clients", clients, "--seconds", seconds / 2))
            say(f"checkouts, run {run + 1}: raw commits {raw[-1]['rate']:.0f}/s; " + "; ".join(
                f"{clients} clients {done[-1]['rate']:.0f}/s, p99 {done[-1]['p99_ms']:.1f} ms"
                for clients, done in runs.items()))
        self.results["checkouts"] = {
            "raw_commits_per_s": spread([one["rate"] for one in raw]),
            "by_clients": {clients: {
                "per_s": spread([one["rate"] for one in done]),
                "p50_ms": spread([one["p50_ms"] for one in done]),
                "p99_ms": spread([one["p99_ms"] for one in done]),
                "ratio": ratio_of([one["rate"] for one in done], [one["rate"] for one in raw]),
            } for clients, done in runs.items()},
        }
        if self.size["seconds"] < 1:  # it verifies every entry, which takes long after a full run
            world.run("reviewer", "audit", "verify")

    # --- the ledger, in one process ------------------------------------------------------------------------------

    def ledger(self):
        program = self.binaries / "tests" / "bench" / "ledger_growth"
        sizes = ",".join(map(str, self.size["growth"]))
        done = subprocess.run([program, sizes], stdout=subprocess.PIPE, check=True,
                              env=dict(os.environ, TMPDIR=str(self.top)))
        self.results["ledger"] = json.loads(done.stdout)

    # --- memory --------------------------------------------------------------------------------------------------

    def memory(self):
        world, size = self.world, self.size["moved"]
        world.stop()
        world.serve()
        world.data("depositor", "whoami")
        plain = fill(self.top / "moved" / "moved.bin", size, 2)
        up = Watched(world, "depositor", "secure", self.safe, plain, "--class", "case-notes", "--json")
        up.wait()
        record = up.json()[0]["record"]
        out = self.top / "moved-out"
        down = Watched(world, "representative", "checkout", record, "--purpose", "case-work", "--due", world.today(7),
                       "-o", out, "--plain", "--json")
        down.wait()
        down.json()
        subprocess.run(["cmp", plain, files_below(out)[0]], check=True)
        shutil.rmtree(plain.parent)
        shutil.rmtree(out)

        world.stop()
        world.serve()
        world.data("depositor", "whoami")
        before = anonymous_bytes(world.server.pid)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        idle = []
        for _ in range(self.size["idle"]):
            connection = context.wrap_socket(socket.create_connection(("127.0.0.1", world.port)))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % world.port)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            idle.append(connection)
        grown = anonymous_bytes(world.server.pid) - before
        for connection in idle:
            connection.close()
        self.results["memory"] = {
            "bytes": size,
            "service_growth_up": up.service_growth, "client_peak_up": up.client_peak,
            "service_growth_down": down.service_growth, "client_peak_down": down.client_peak,
            "idle_connections": len(idle), "service_growth_idle": grown,
        }
        for what, value in self.results["memory"].items():
            if what.startswith(("service", "client")):
                self.require(value < MEMORY_LIMIT, f"{what} is {value / MIB:.1f} MiB")

    # --- bulk ----------------------------------------------------------------------------------------------------

    def step(self, steps, name, watched, **more):
        """Measures one line of the bulk table."""
        world = self.world
        disk = bytes_below(world.vault)
        steps.append({"step": name, "seconds": watched.seconds, "entries": self.entries() - self.entries_before,
                      "client_peak": watched.client_peak, "service_growth": max(0, watched.service_growth),
                      "disk": disk - self.disk_before, **more})
        say(f"bulk: {name}: {watched.seconds:.1f} s, {steps[-1]['entries']} entries, client {watched.client_peak / MIB:.0f} "
            f"MiB, service +{max(0, watched.service_growth) / MIB:.0f} MiB, disk +{(disk - self.disk_before) / MIB:.0f} MiB")
        self.disk_before, self.entries_before = disk, self.entries()

    def entries(self):
        note = self.world.run("reviewer", "sync", check=None)  # this brings the checkpoint up to date
        assert note.code == harness.DONE, note
        return int((self.world.home("reviewer") / "checkpoint").read_text().splitlines()[1])

    def journal(self, who="depositor"):
        path = self.world.home(who) / "journal.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    def watch(self, who, *arguments):
        return Watched(self.world, who, *arguments, "--json")

    def records_of(self, safe, who="representative"):
        return {r["record"] for r in self.world.data(who, "records", safe)}

    def kill_service(self):
        self.world.server.send_signal(signal.SIGKILL)
        self.world.stop(signal.SIGKILL)

    def bulk(self):
        steps = []
        self.bulk_many(steps)
        self.bulk_large(steps)
        self.world.run("reviewer", "audit", "verify")
        with self.world.stopped():
            with Clock() as clock:
                self.world.check()
        say(f"bulk: strongroomd check {clock.seconds:.1f} s")
        self.results["bulk"] = {"steps": steps, "check_s": clock.seconds}
        for step in steps:
            if not step["step"].startswith(("secure", "checkout of it", "collect it", "open it")):
                continue  # commands that list or prove many records hold them in memory
            # The steps of the one large file have no number of files.
            listed = self.size["bulk_files"] if "files" in step else 0
            limits = {"client_peak": MEMORY_LIMIT + listed * MEMORY_OF_A_FILE, "service_growth": MEMORY_LIMIT}
            for what, limit in limits.items():
                self.require(step[what] < limit, f"{step['step']}: {what} is {step[what] / MIB:.1f} MiB")

    def bulk_many(self, steps):
        world, count = self.world, self.size["bulk_files"]
        case, safe = world.open_safe()
        folder = small_files(self.top / "bulk", count, self.size["bulk_total"], 4 << 10, 5 * MIB, seed=3)
        self.forget_journal()
        self.disk_before, self.entries_before = bytes_below(world.vault), self.entries()

        # The client is killed when a third of the files is sealed.
        first = self.watch("depositor", "secure", safe, folder, "--class", "case-notes")
        ended = first.wait(until=lambda: len(self.journal()) >= count // 3)
        assert not ended, "the client was to be killed before it was done"
        first.kill()
        done_first = len(self.journal())
        self.step(steps, "secure, client killed", first, files=done_first)

        # The service is killed when two thirds of the files are sealed.
        second = self.watch("depositor", "secure", safe, folder, "--class", "case-notes")
        ended = second.wait(until=lambda: len(self.journal()) >= count * 2 // 3)
        assert not ended, "the service was to be killed before the client was done"
        self.kill_service()
        world.serve()
        second.wait()
        continued = second.process.returncode == 0
        self.step(steps, "secure again, service killed and started", second, files=len(self.journal()) - done_first)
        done_second = len(self.journal())

        third = self.watch("depositor", "secure", safe, folder, "--class", "case-notes")
        third.wait()
        secured = third.json()
        self.step(steps, "secure again, to its end", third, files=count - done_second)
        assert len(secured) == count, "every file has its record"
        skipped = [one for one in secured if one.get("skipped")]
        assert len(skipped) == (count if continued else done_second), "what was finished is not repeated"
        assert len({one["record"] for one in secured}) == count, "each file has a record of its own"
        assert self.records_of(safe) == {one["record"] for one in secured}, "the safe holds each file once"

        # One act issues a part of the safe for a colleague.
        chosen = [one["record"] for one in secured[:: max(1, count // self.size["bulk_copy"])]][: self.size["bulk_copy"]]
        ids = self.top / "bulk-ids"
        ids.write_text("\n".join(chosen))
        issue = self.watch("representative", "checkout", safe, "--ids", ids, "--for", world.person["practitioner"],
                           "--purpose", "case-work", "--due", world.today(7))
        issue.wait()
        number = issue.json()["number"]
        self.step(steps, f"checkout for a colleague, {len(chosen)} records", issue)
        out, opened = self.top / "bulk-copies", self.top / "bulk-opened"
        collect = self.watch("practitioner", "collect", number, "-o", out)
        collect.wait()
        collect.json()
        self.step(steps, "collect", collect, files=len(chosen))
        read = self.watch("practitioner", "open", out / number, "-o", opened)
        read.wait()
        assert len(read.json()) == len(chosen)
        self.step(steps, "open", read, files=len(chosen))
        wanted = {one["record"]: one for one in secured}
        sizes = sorted(wanted[record]["size"] for record in chosen)
        assert sorted(path.stat().st_size for path in files_below(opened)) == sizes, "what was opened is what was secured"
        back = self.watch("practitioner", "return", number, "--how", "returned")
        back.wait()
        assert back.json()["state"] == "returned"
        self.step(steps, "return", back, files=len(chosen))
        for folder in (folder, out, opened):
            shutil.rmtree(folder)

    def bulk_large(self, steps):
        """Uploads and downloads one large file; each is interrupted when the client dies and when the service dies, and
        resumed."""
        world, size = self.world, self.size["bulk_large"]
        case, safe = world.open_safe()
        plain = fill(self.top / "bulk-large" / "large.bin", size, 4)
        self.forget_journal()  # for the many files: it is read into memory
        self.disk_before, self.entries_before = bytes_below(world.vault), self.entries()
        secure = ("depositor", "secure", safe, plain, "--class", "case-notes")

        start = self.counter("received")
        up = self.watch(*secure)
        assert not up.wait(until=lambda: self.counter("received") - start >= size // 3), "the client was to be killed"
        up.kill()
        moved = self.counter("received") - start
        self.step(steps, f"secure one file of {size // MIB} MiB, client killed", up)

        start = self.counter("received")
        up = self.watch(*secure)
        assert not up.wait(until=lambda: self.counter("received") - start >= size // 3), "the service was to be killed"
        moved += self.counter("received") - start
        self.kill_service()
        world.serve()
        up.wait()
        if up.process.returncode != 0:  # the service took longer to start than the client waits, so it is run again
            up = self.watch(*secure)
            up.wait()
        moved += self.counter("received")
        record = up.json()[0]["record"]
        self.step(steps, "secure one file again, service killed and started, to its end", up)
        self.require(moved < size + SENT_TWICE, f"the upload took {moved / MIB:.0f} MiB for {size / MIB:.0f}")

        out, opened = self.top / "bulk-large-out", self.top / "bulk-large-opened"
        start = self.counter("sent")
        down = self.watch("representative", "checkout", record, "--purpose", "case-work", "--due", world.today(7), "-o",
                          out)
        assert not down.wait(until=lambda: self.counter("sent") - start >= size // 3), "the client was to be killed"
        down.kill()
        moved = self.counter("sent") - start
        self.step(steps, "checkout of it, client killed", down)

        number = next(out.iterdir()).name
        collect = ("representative", "collect", number, "-o", out)
        start = self.counter("sent")
        down = self.watch(*collect)
        assert not down.wait(until=lambda: self.counter("sent") - start >= size // 3), "the service was to be killed"
        moved += self.counter("sent") - start
        self.kill_service()
        world.serve()
        down.wait()
        if down.process.returncode != 0:
            down = self.watch(*collect)
            down.wait()
        moved += self.counter("sent")
        down.json()
        self.require(moved < size + SENT_TWICE, f"the download took {moved / MIB:.0f} MiB for {size / MIB:.0f}")
        self.step(steps, "collect it, service killed and started, to its end", down)
        read = self.watch("representative", "open", out / number, "-o", opened)
        read.wait()
        read.json()
        self.step(steps, "open it", read)
        subprocess.run(["cmp", plain, files_below(opened)[0]], check=True)
        for folder in (plain.parent, out, opened):
            shutil.rmtree(folder)

    def counter(self, which):
        """Returns the bytes that the service has received or sent since its start."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.world.port), timeout=5)) as metrics:
                metrics.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                text = b""
                while piece := metrics.recv(65536):
                    text += piece
        except OSError:
            return 0
        for line in text.decode().splitlines():
            if line.startswith(f"strongroom_{which}_bytes_total "):
                return float(line.split()[1])
        return 0


# --- tables ---------------------------------------------------------------------------------------------------------

def show(value, digits=2):
    return f"{value['median']:.{digits}f} ({value['min']:.{digits}f} to {value['max']:.{digits}f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def tables(results):
    parts = []
    rows = []
    if one := results.get("single"):
        name = f"one file of {one['bytes'] // MIB} MiB"
        rows.append([f"`secure`, {name}", show(one["secure_s"]), show(one["age_encrypt_s"]), show(one["secure_ratio"])])
        rows.append([f"`checkout --plain`, {name}", show(one["checkout_plain_s"]), show(one["age_decrypt_s"]),
                     show(one["checkout_ratio"])])
    if some := results.get("many"):
        name = f"{some['files']} files, {some['bytes'] // MIB} MiB"
        rows.append([f"`secure`, {name}", show(some["secure_s"]), show(some["age_encrypt_s"]),
                     show(some["secure_ratio"], 3)])
        rows.append([f"`checkout --plain`, {name}", show(some["checkout_plain_s"]), show(some["age_decrypt_s"]),
                     show(some["checkout_ratio"], 3)])
    if rows:
        parts.append(table(["", "seconds", "`age`, seconds", "ratio"], rows))
    if load := results.get("checkouts"):
        rows = [["raw LMDB sync commits", show(load["raw_commits_per_s"], 0), "", "", ""]]
        for clients, one in load["by_clients"].items():
            rows.append([f"checkouts, {clients} client{'s' if int(clients) > 1 else ''}", show(one["per_s"], 0),
                         show(one["p50_ms"]), show(one["p99_ms"]), show(one["ratio"])])
        parts.append(table(["", "per second", "p50, ms", "p99, ms", "ratio to raw commits"], rows))
    if ledger := results.get("ledger"):
        group = ledger["group"]
        parts.append(table(["in one process", "entries per second", "bytes an entry"], [
            ["the gate: decided, appended, applied, committed", f"{group['gate_per_s']:.0f}", f"{group['bytes']:.0f}"],
            ["raw LMDB, the same rows in the same groups", f"{group['raw_per_s']:.0f}", f"{group['bytes']:.0f}"],
            ["ratio", f"{group['gate_per_s'] / group['raw_per_s']:.2f}", ""]]))
        rows = [[f"{one['entries']:,}", *(f"{one[key]:.0f}" for key in
                                         ("append_us", "receipt_us", "listing_us", "checkout_us", "headers_us"))]
                for one in ledger["growth"]]
        parts.append(table(["entries", "append with commit, µs", "receipt, µs", "page of the trail, µs",
                            "checkout with commit, µs", "its headers, µs"], rows))
    if memory := results.get("memory"):
        mib = lambda key: f"{memory[key] / MIB:.1f}"
        parts.append(table(["anonymous memory, MiB", "service, grown by", "client, at most"], [
            [f"`secure` of {memory['bytes'] // MIB} MiB", mib("service_growth_up"), mib("client_peak_up")],
            [f"`checkout --plain` of {memory['bytes'] // MIB} MiB", mib("service_growth_down"), mib("client_peak_down")],
            [f"{memory['idle_connections']} idle connections", mib("service_growth_idle"), ""]]))
    if bulk := results.get("bulk"):
        rows = [[one["step"], one.get("files", ""), f"{one['seconds']:.1f}", one["entries"],
                 f"{one['client_peak'] / MIB:.0f}", f"{one['service_growth'] / MIB:.0f}", f"{one['disk'] / MIB:.0f}"]
                for one in bulk["steps"]]
        parts.append(table(["step", "files", "seconds", "entries", "client, MiB", "service, grown by, MiB",
                            "vault's disk, MiB"], rows))
        parts.append(f"`strongroomd check` of all that: {bulk['check_s']:.1f} s.")
    return "\n\n".join(parts) + "\n"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = options.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true")
    size.add_argument("--long", action="store_true")
    options.add_argument("--only", default=",".join(PARTS), help="of: " + ", ".join(PARTS))
    options.add_argument("--runs", type=int)
    options.add_argument("--json", type=pathlib.Path, help="where the figures go too")
    options.add_argument("--work", type=pathlib.Path, help="a folder on the disk that is to be measured")
    chosen = options.parse_args()
    unknown = set(chosen.only.split(",")) - set(PARTS)
    if unknown:
        options.error(f"there is no part {', '.join(sorted(unknown))}")
    size = dict(SMALL if chosen.small else LONG if chosen.long else FULL)
    if chosen.runs:
        size["runs"] = chosen.runs
    top = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-bench-", dir=chosen.work))
    bench = Bench(size, top, harness.BUILD)
    try:
        bench.open_world()
        for part in PARTS:
            if part in chosen.only.split(","):
                bench.run_part(part)
    finally:
        bench.close()
        shutil.rmtree(top, ignore_errors=True)
    bench.results["machine"] = {"processors": os.cpu_count(), "system": platform.release(), "load": os.getloadavg()[0]}
    if chosen.json:
        chosen.json.write_text(json.dumps(bench.results, indent=1) + "\n")
    print(tables(bench.results))
    for words in bench.broken:
        say(f"NOT KEPT: {words}")
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
