"""Abuses the real service from loopback, while honest people work on it.

The short form runs with every change and asserts nothing about time. With STRONGROOM_LONG=1 every attack lasts half a
minute, testssl.sh looks too, and the honest people's p50 and p99 in each phase are printed beside their quiet ones. The
attackers then get the processor time that nobody else wants (SCHED_IDLE, which only root may leave again), because real
attackers have machines of their own, and the test measures the service's work for them, not their own.
STRONGROOM_ATTACKERS=equal leaves them on an equal footing.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402
import stranger  # noqa: E402
from person import HonestWork, Person  # noqa: E402

LONG = bool(os.environ.get("STRONGROOM_LONG"))
ATTACKERS_YIELD = LONG and os.geteuid() == 0 and os.environ.get("STRONGROOM_ATTACKERS") != "equal"
SANITIZED = bool(os.environ.get("STRONGROOM_SANITIZE"))
ATTACK_SECONDS = 30 if LONG else 4
MAX_CONNECTIONS_PER_ADDRESS = 256  # net/limits.h
MAX_CONNECTIONS = 1024
MAX_ANONYMOUS_BYTES = 192 << 20  # of the service, after any attack: a thousand connections with their buffers
JSON_BYTES = 15 << 20
REQUEST_BURST = 300  # access/gate/rates.h
REQUESTS_PER_SECOND = 10
LIMITED_INTERVAL = 60
HONEST = ("reviewer", "practitioner", "depositor", "lead")


def setUpModule():
    # This side of the connections needs over a thousand sockets too.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


class AbuseTest(harness.WorldTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.figures = {}

    @classmethod
    def tearDownClass(cls):
        if cls.figures:
            print(json.dumps(cls.figures, indent=1), file=sys.stderr)
        super().tearDownClass()

    def setUp(self):
        self.port = self.world.port

    def tearDown(self):
        self.assertIsNone(self.world.server.poll(), "the service died")
        self.assertEqual(self.status(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200)

    # --- seeing ---

    def anonymous_bytes(self):
        text = pathlib.Path(f"/proc/{self.world.server.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) << 10

    def ledger_size(self):
        answer = stranger.ask(self.port, b"GET /v1/log/checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return int(answer.split(b"\r\n\r\n", 1)[1].split(b"\n")[1])

    def metric(self, name):
        text = stranger.ask(self.port, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode()
        found = re.search(rf"^{name} (\d+)", text, re.M)
        self.assertIsNotNone(found, text)
        return int(found[1])

    def status(self, request):
        statuses = stranger.statuses(stranger.ask(self.port, request))
        return statuses[0] if statuses else None

    @contextlib.contextmanager
    def honest_people_unharmed(self, phase):
        """Asserts that the attack inside the block keeps no honest person from their work, and that memory stays within
        its limit."""
        before = self.anonymous_bytes()
        peak = [before]
        with HonestWork([Person(self.world, who) for who in HONEST]) as work:
            done = threading.Event()

            def watch():
                while not done.wait(0.1):
                    peak[0] = max(peak[0], self.anonymous_bytes())

            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                self.eventually(work.are_at_work, bool)
                # This sets the policy of this thread; threads and processes that it starts inherit it.
                if ATTACKERS_YIELD:
                    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
                yield
            finally:
                done.set()
                watcher.join()
                if ATTACKERS_YIELD:
                    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        self.figures[phase] = {"attackers": "yield" if ATTACKERS_YIELD else "equal", "honest_requests": len(work.milliseconds), "failures": len(work.failures),
                               "p50_ms": round(work.percentile(0.5), 1), "p99_ms": round(work.percentile(0.99), 1),
                               "anonymous_mib_before": before >> 20, "anonymous_mib_peak": peak[0] >> 20}
        self.assertEqual(work.failures, [], phase)
        if not SANITIZED:
            self.assertLess(peak[0], MAX_ANONYMOUS_BYTES, phase)

    def while_the_attack_lasts(self):
        """Repeats the attack for ATTACK_SECONDS in the long form, and makes it once in the short form."""
        until = time.monotonic() + ATTACK_SECONDS
        yield
        while LONG and time.monotonic() < until:
            yield

    # --- shapes of requests ---

    def test_a_request_has_one_meaning(self):
        host = b"Host: 127.0.0.1:%d\r\n" % self.port
        smuggled = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"
        shapes = {
            "two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
            "one length twice": (b"Content-Length: 5\r\nContent-Length: 5\r\n", 400),
            "a list of lengths": (b"Content-Length: 5, 5\r\n", 400),
            "a signed length": (b"Content-Length: +5\r\n", 400),
            "a padded length": (b"Content-Length: 05\r\n", 400),
            "length and chunks": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
            "chunks and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
            "chunks": (b"Transfer-Encoding: chunked\r\n", 411),
            "chunks by another name": (b"Transfer-Encoding: xchunked\r\n", 411),
            "chunks, hidden": (b"Transfer-Encoding : chunked\r\n", 400),
            "chunks, folded": (b"Transfer-Encoding:\r\n chunked\r\n", 400),
            "chunks after a tab": (b"Transfer-Encoding:\tchunked\r\n", 411),
            "a bare line feed": (b"X: a\nContent-Length: 5\r\n", 400),
            "a bare carriage return": (b"X: a\rContent-Length: 5\r\n", 400),
            "a NUL": (b"X: a\x00b\r\n", 400),
            "a folded field": (b"X: a\r\n b\r\nContent-Length: 5\r\n", 400),
            "a field folded with a tab": (b"X: a\r\n\tb\r\nContent-Length: 5\r\n", 400),
            "a folded length": (b"Content-Length:\r\n 5\r\n", 400),
            "a folded signature": (b'Content-Length: 5\r\nSignature-Input: sig=("@method"\r\n "@path")\r\n', 400),
            "another Host": (b"Host: other\r\n", 400),
        }
        for odd in (b"5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nhello\r\n", b"-1\r\n",
                    b"5;a=b\nhello\n0\n\n"):
            for name, (fields, expected) in shapes.items():
                with self.subTest(shape=name, body=odd):
                    answer = stranger.ask(self.port, b"POST /v1/acts/copy.issue HTTP/1.1\r\n" + host + fields + b"\r\n" +
                                          odd + smuggled)
                    self.assertEqual(stranger.statuses(answer), [expected], answer)
            if not LONG:
                break

    def test_a_target_is_a_path_of_this_service(self):
        for target, expected in ((b"https://127.0.0.1/healthz", 400), (b"*", 400), (b"//healthz", 404), (b"/../healthz", 404),
                                 (b"/%2e%2e/healthz", 404), (b"/healthz%00", 404), (b"/healthz#a", 400), (b"healthz", 400)):
            with self.subTest(target=target):
                answer = stranger.ask(self.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertEqual(stranger.statuses(answer), [expected])
        answer = stranger.ask(self.port, b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(stranger.statuses(answer), [400])

    def test_a_signed_request_is_for_this_host_alone(self):
        person = Person(self.world, "reviewer")
        fields = person.sign("GET", "/v1/whoami")
        self.assertEqual(person.send("GET", "/v1/whoami", fields=dict(fields))[0], 200)
        for other in ("other.example", f"127.0.0.1:{self.port}.example", f"localhost:{self.port}", "127.0.0.1"):
            self.assertEqual(person.send("GET", "/v1/whoami", fields={**fields, "Host": other})[0], 401, other)
        person.close()

    def test_what_is_too_large_is_refused_before_it_is_read(self):
        line = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        self.assertEqual(self.status(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"), 414)
        self.assertEqual(self.status(b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n"), 431)
        self.assertEqual(self.status(line + b"X: " + b"a" * (17 << 10) + b"\r\n\r\n"), 431)
        self.assertEqual(self.status(line + b"X: a\r\n" * 5000 + b"\r\n"), 431)
        self.assertEqual(self.status(line + b"X: a\r\n" * 1000 + b"\r\n"), 200)
        post = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        self.assertEqual(self.status(post % (b"/v1/acts/copy.issue", (1 << 20) + 1)), 413)
        self.assertEqual(self.status(post % (b"/v1/beside", 1 << 62)), 413)
        self.assertEqual(self.status(post % (b"/v1/beside", 1 << 64)), 400)
        self.assertEqual(self.status(post % (b"/healthz", 0)), 405)
        # The body is within the route's limit, but nobody signed it, so the service answers without waiting for the
        # rest.
        self.assertEqual(self.status(post % (b"/v1/beside", 16 << 20) + b"a" * 100_000), 401)

    def test_strangers_bodies_do_not_use_up_the_memory_for_honest_ones(self):
        with contextlib.ExitStack() as held, self.honest_people_unharmed("strangers' bodies"):
            for _ in self.while_the_attack_lasts():
                held.pop_all().close()
                # The bodies declare as much as all bodies together may take, and each connection keeps back the last
                # bytes.
                for _ in range(17):
                    connection = held.enter_context(stranger.secure(self.port, "127.0.0.2"))
                    connection.sendall(b"POST /v1/beside HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (16 << 20))
                    with contextlib.suppress(OSError):
                        for _ in range(16):
                            connection.sendall(b"a" * ((1 << 20) - 1))
            value = base64.urlsafe_b64encode(os.urandom(60_000)).decode().rstrip("=")
            body = json.dumps({"values": [value, value[:-4]]}, separators=(",", ":")).encode()
            lead = Person(self.world, "school-lead")
            self.assertEqual(lead.send("POST", "/v1/beside", body)[0], 201)
            lead.close()

    def test_a_bomb_of_json_is_not_taken_apart(self):
        person = Person(self.world, "teacher")
        before = self.anonymous_bytes()
        for value in (b"0", b"[]", b'{"":0}'):
            body = b'{"values":[' + b",".join([value] * (JSON_BYTES // (len(value) + 1))) + b"]}"
            with self.honest_people_unharmed(f"JSON of {value.decode()}"):
                for _ in self.while_the_attack_lasts():
                    self.assertIn(person.send("POST", "/v1/beside", body)[0], (413, 429) if LONG else (413,))
        self.assertEqual(person.send("POST", "/v1/beside", b'{"values":' + b"[" * 100_000)[0], 400)
        person.close()
        if not SANITIZED:  # it must be freed, no matter which threads held it
            self.eventually(self.anonymous_bytes, lambda now: now < before + JSON_BYTES // 2)

    def test_pipelined_requests_are_answered_in_order_and_cost_nothing_while_they_wait(self):
        count = 5000 if LONG else 1000
        last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with self.honest_people_unharmed("pipelining"):
            for _ in self.while_the_attack_lasts():
                with stranger.secure(self.port, "127.0.0.2") as connection:
                    answers = stranger.statuses(stranger.exchange(
                        connection, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * count + last))
                self.assertEqual(answers, [200] * (count + 1))

    # --- connections ---

    def test_half_open_connections_and_garbage_harm_nobody(self):
        with contextlib.ExitStack() as held, self.honest_people_unharmed("half-open, half handshakes and garbage"):
            opened = []
            for number in range(240):
                connection = held.enter_context(stranger.connect(self.port, "127.0.0.2"))
                opened.append(connection)
                first = (b"", stranger.HALF_HELLO, stranger.garbage(300), b"GET / HTTP/1.1\r\n\r\n")[number % 4]
                with contextlib.suppress(OSError):
                    connection.sendall(first)
            time.sleep(ATTACK_SECONDS)
            # The service never receives the end of the handshakes, and closes each connection when its time for one is
            # up.
            for connection in opened:
                connection.settimeout(30)
                stranger.read_all(connection)
        for connection in (stranger.connect(self.port, "127.0.0.2") for _ in range(100)):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.close()  # with a reset

    def test_connections_over_the_limits_are_refused_and_the_others_go_on(self):
        with self.honest_people_unharmed("too many connections"), contextlib.ExitStack() as held:
            for _ in self.while_the_attack_lasts():
                held.pop_all().close()
                taken = 0
                for address in range(2, 8):
                    for _ in range(MAX_CONNECTIONS_PER_ADDRESS + 20):
                        held.enter_context(stranger.connect(self.port, f"127.0.0.{address}"))
                        taken += 1
                self.assertGreater(taken, MAX_CONNECTIONS)
                time.sleep(1)
        self.eventually(lambda: self.metric("strongroom_connections_refused_total"), lambda n: n > 0)
        self.eventually(lambda: self.metric("strongroom_connections"), lambda n: n <= 20)

    def eventually(self, read, holds, seconds=30):
        until = time.monotonic() + seconds
        while True:
            value = read()
            if holds(value):
                return value
            self.assertLess(time.monotonic(), until, value)
            time.sleep(0.2)

    def slow(self, phase, *options):
        """Runs slowhttptest for a while, with fewer connections than one address may have."""
        arguments = ["slowhttptest", "-c", "200", "-r", "100", "-l", str(ATTACK_SECONDS), "-p", "5", *options]
        before = self.metric("strongroom_connections_total")
        with self.honest_people_unharmed(phase):
            outcome = subprocess.run(arguments, capture_output=True, timeout=ATTACK_SECONDS + 60, stdin=subprocess.DEVNULL)
        self.assertIn(b"Exit status:", outcome.stdout, outcome.stderr)
        # The machine decides how many connections it opens in a short time.
        self.assertGreater(self.metric("strongroom_connections_total") - before, 150 if LONG else 10, outcome.stdout)

    def test_slow_headers(self):
        self.slow("slow headers", "-H", "-i", "1", "-x", "24", "-u", f"{self.world.url}/v1/whoami")

    def test_slow_bodies(self):
        self.slow("slow bodies", "-B", "-i", "1", "-x", "24", "-s", "60000", "-u", f"{self.world.url}/v1/acts/copy.issue")

    def test_slow_readers(self):
        self.slow("slow reading", "-X", "-w", "1", "-y", "16", "-n", "2", "-z", "1", "-k", "3", "-u",
                  f"{self.world.url}/metrics")

    # --- TLS ---

    def test_only_tls_1_3_is_spoken_with_strong_groups(self):
        outcome = subprocess.run(["sslscan", "--no-colour", "--xml=-", f"127.0.0.1:{self.port}"], capture_output=True,
                                 timeout=120)
        report = xml.etree.ElementTree.fromstring(outcome.stdout)
        enabled = {(p.get("type"), p.get("version")) for p in report.iter("protocol") if p.get("enabled") == "1"}
        self.assertEqual(enabled, {("tls", "1.3")})
        self.assertEqual({c.get("sslversion") for c in report.iter("cipher")}, {"TLSv1.3"})
        self.assertTrue(all(int(c.get("bits")) >= 128 for c in report.iter("cipher")))
        self.assertLessEqual({g.get("name") for g in report.iter("group")}, {"x25519", "secp256r1 (NIST P-256)",
                                                                              "secp384r1 (NIST P-384)"})
        self.assertEqual({h.get("vulnerable") for h in report.iter("heartbleed")} - {"0"}, set())

    def test_a_costly_or_weak_group_is_refused(self):
        for group, accepted in (("X25519", True), ("P-256", True), ("P-384", True), ("P-521", False), ("X448", False),
                                ("ffdhe2048", False), ("ffdhe8192", False)):
            outcome = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-groups", group],
                                     capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
            self.assertEqual(b"New, TLSv1.3" in outcome.stdout, accepted, group)

    def test_older_protocols_early_data_and_renegotiation_are_not_there(self):
        context = stranger.tls()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            stranger.secure(self.port, context=context)
        ticket = self.world.top / "ticket"
        request = f"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-sess_out", str(ticket), "-ign_eof"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            client.stdin.flush()
            said = client.communicate(timeout=30)[0]
        self.assertIn(b"Max Early Data: 0", said)
        self.assertIn(b"Secure Renegotiation IS NOT supported", said)  # TLS 1.3 has no renegotiation

    @unittest.skipUnless(LONG, "takes a minute")
    def test_testssl_finds_nothing_above_low(self):
        report = self.world.top / "testssl.json"
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--protocols", "--fs", "--vulnerable",
                        "--server-defaults", "--jsonfile", str(report), f"127.0.0.1:{self.port}"], capture_output=True,
                       timeout=900, stdin=subprocess.DEVNULL)
        findings = [f for f in json.loads(report.read_text()) if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL")]
        # Clients pin the service's key, so no public authority has signed its certificate.
        pinned = {"cert_chain_of_trust", "cert_trust", "cert_revocation", "OCSP_stapling", "cert_crlDistributionPoints",
                  "cert_ocspURL", "DNS_CAArecord", "cert_notAfter", "cert_extlifeSpan", "cert_validityPeriod"}
        self.assertEqual([f for f in findings if f["id"].split(" ")[0] not in pinned], [])

    # --- the ledger ---

    def test_what_strangers_send_never_reaches_the_ledger(self):
        world = self.world
        person = Person(world, "reviewer")
        reads = person.sign("GET", "/v1/whoami")
        unknown = {**reads, "Signature-Input": reads["Signature-Input"].replace(world.person["reviewer"][-4:], "0000")}
        flipped = {**reads, "Signature": reads["Signature"].replace("=:", "=:AA", 1)[:-4] + "==:"}
        before = self.ledger_size()
        for fields in ({}, {"Signature": "strongroom=:AA==:", "Signature-Input": "strongroom=()"}, unknown, flipped,
                       {**reads, "Signature-Input": "x" * 8000}):
            for target in ("/v1/whoami", "/v1/trail", f"/v1/safes/{'safe_' + '0' * 26}", "/v1/nothing"):
                for _ in range(20 if LONG else 5):
                    status, _ = person.send("GET", target, fields={"Host": f"127.0.0.1:{world.port}", **fields})
                    self.assertIn(status, (401, 404))
        for _ in range(50):
            self.assertIn(person.send("POST", "/v1/acts/agency.add", b"{}", fields={"X": "y"})[0], (400, 401))
        self.assertEqual(self.ledger_size(), before)
        person.close()

    def test_a_flood_of_refused_requests_becomes_one_entry(self):
        world = self.world
        world.invite("lead", "flooder", "local-authority", "practitioner")
        _, safe = world.open_safe()
        target = f"/v1/safes/{safe}/keys"  # the person is not a keyholder of it
        before = self.ledger_size()
        began = time.monotonic()
        answers = []

        def flood():
            person = Person(world, "flooder")
            for _ in self.while_the_attack_lasts():
                for _ in range(300):
                    answers.append(person.send("GET", target)[0])
            person.close()

        with self.honest_people_unharmed("a flood of refused requests"):
            threads = [threading.Thread(target=flood) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        allowed = REQUEST_BURST + REQUESTS_PER_SECOND * (time.monotonic() - began) + 1
        refused = sum(status in (403, 404) for status in answers)
        self.assertEqual(refused + answers.count(429), len(answers), set(answers))
        self.assertLessEqual(refused, allowed)
        self.assertGreater(answers.count(429), 0)
        # Each refusal that the service decided is an entry; all the others together become one entry, when the interval
        # is over.
        intervals = (time.monotonic() - began) // LIMITED_INTERVAL + 1
        self.assertLessEqual(self.ledger_size() - before, refused + intervals)
        if LONG:
            kinds = lambda: [e["kind"] for e in world.data("reviewer", "audit", "trail", "--person", world.person["flooder"])]
            self.eventually(kinds, lambda found: "requests.limited" in found, seconds=3 * LIMITED_INTERVAL)
        world.stop()
        try:
            world.check()
        finally:
            world.serve()

    def test_quiet(self):
        """Measures the figures with which the others are compared."""
        with self.honest_people_unharmed("quiet"):
            time.sleep(ATTACK_SECONDS)


if __name__ == "__main__":
    unittest.main()
