"""Tests the addresses that a vault can have: HTTPS's own port with and without its number, an IPv6 address, and no URL
that could mislead."""
import contextlib
import json
import socket
import unittest

import harness
from harness import USAGE

HTTPS = 443
LOOPBACK = "127.0.0.9"  # only this test uses it, so nothing else on this machine listens there


def can_listen(family, address, port):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
        return True
    except OSError:
        return False


class Addresses(unittest.TestCase):
    def use(self, url, listen):
        """Enrols everybody of genesis, adds an agency, and has the ledger checked by service and client."""
        world = harness.World(people=False, url=url, listen=listen)
        with contextlib.closing(world):
            world.found()
            world.run("local-authority", "agency", "add", "Fictional School", "--kind", "school")
            world.run("local-authority", "audit", "verify")
            pins = json.loads((world.home("local-authority") / "pins.json").read_text())
            with world.stopped():
                world.check()
        return pins["url"]

    @unittest.skipUnless(can_listen(socket.AF_INET, LOOPBACK, HTTPS), f"port {HTTPS} of {LOOPBACK} is not for this user")
    def test_a_vault_on_https_own_port_is_enrolled_in_and_used(self):
        for url in (f"https://{LOOPBACK}", f"https://{LOOPBACK}:{HTTPS}"):
            with self.subTest(url):
                self.assertEqual(self.use(url, f"{LOOPBACK}:{HTTPS}"), f"https://{LOOPBACK}")

    @unittest.skipUnless(can_listen(socket.AF_INET6, "::1", 0), "this machine has no IPv6")
    def test_a_vault_at_an_ipv6_address_is_enrolled_in_and_used(self):
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
        self.assertEqual(self.use(f"https://[0:0::1]:{port}", f"[::1]:{port}"), f"https://[::1]:{port}")

    @unittest.skipUnless(can_listen(socket.AF_INET6, "::1", 0), "this machine has no IPv6")
    def test_the_address_that_is_printed_is_one_that_listen_takes(self):
        world = harness.World(people=False, url="https://[::1]", listen="[::1]:0")
        with contextlib.closing(world):
            world.stop()
            self.assertRegex(world.serve(), r" listening on \[::1\]:[0-9]+\n$")

    def test_a_url_that_is_not_https_host_and_port_is_refused_and_nothing_is_made(self):
        world = harness.World(people=False)
        with contextlib.closing(world):
            for url in ("https://vault.example:65536", "https://vault.example:443443", "https://vault.example:0",
                        "https://vault.example:", "http://vault.example", "https://vault.example/v1",
                        "https://me@vault.example", "https://vault.example.", "https://va%75lt.example", "https://::1",
                        "vault.example"):
                with self.subTest(url):
                    vault = world.top / "refused"
                    outcome = world.daemon("init", vault, "--origin", "test.example/strongroom", "--url", url,
                                           "--seal-keyfile", world.keyfile, check=USAGE)
                    self.assertIn("https://HOST:PORT", outcome.err)
                    self.assertFalse(vault.exists())
