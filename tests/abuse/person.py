"""Signs requests as an enrolled person does, and keeps on asking. It is written from only the documents (age v1, RFC
9421)."""
import base64
import hashlib
import http.client
import multiprocessing
import secrets
import ssl
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SIGNING_LINE = "# strongroom signing key: "


def open_identity(path, passphrase):
    """Returns the plaintext of a passphrase-encrypted age file of one chunk."""
    whole = path.read_bytes()
    end = whole.index(b"\n--- ")
    lines = whole[:end].decode().split("\n")
    _, kind, salt, log_n = lines[1].split(" ")
    assert (lines[0], kind) == ("age-encryption.org/v1", "scrypt")
    decode = lambda text: base64.b64decode(text + "=" * (-len(text) % 4))
    n = 1 << int(log_n)
    wrap = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + decode(salt), n=n, r=8, p=1,
                          maxmem=256 * n * 8, dklen=32)
    file_key = ChaCha20Poly1305(wrap).decrypt(bytes(12), decode(lines[2]), None)
    payload = whole[whole.index(b"\n", end + 1) + 1:]
    key = HKDF(hashes.SHA256(), 32, payload[:16], b"payload").derive(file_key)
    return ChaCha20Poly1305(key).decrypt(bytes(11) + b"\x01", payload[16:], None).decode()


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the client's own tests check the pin
    return context


class Person:
    """One person of a harness.World, and their own connection."""

    def __init__(self, world, who):
        text = open_identity(world.home(who) / "identity.age", world.passphrase.read_text())
        seed = next(line for line in text.splitlines() if line.startswith(SIGNING_LINE))[len(SIGNING_LINE):]
        self.key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self.id = world.person[who]
        self.port = world.port
        self.connection = None

    def sign(self, method, target, body=None, nonce=None):
        """Returns the fields of a request that is signed as the service demands."""
        path, _, query = target.partition("?")
        created = int(time.time())
        components = {"@method": method, "@authority": f"127.0.0.1:{self.port}", "@path": path, "@query": "?" + query}
        fields = {"Host": f"127.0.0.1:{self.port}"}
        if body is not None:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            fields["Content-Digest"] = components["content-digest"] = f"sha-256=:{digest}:"
        names = " ".join(f'"{name}"' for name in components)
        parameters = (f'({names});created={created};expires={created + 60};nonce="{nonce or secrets.token_hex(16)}";'
                      f'keyid="{self.id}";alg="ed25519";tag="strongroom"')
        base = "".join(f'"{name}": {value}\n' for name, value in components.items())
        signature = self.key.sign((base + f'"@signature-params": {parameters}').encode())
        fields["Signature-Input"] = "strongroom=" + parameters
        fields["Signature"] = f"strongroom=:{base64.b64encode(signature).decode()}:"
        return fields

    def send(self, method, target, body=None, fields=None, timeout=60):
        """Returns (status, body). Opens a connection if there is none; a broken one is an exception."""
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=tls(), timeout=timeout)
        try:
            self.connection.request(method, target, body=body, headers=fields or self.sign(method, target, body))
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class HonestWork:
    """People who ask for their own things, steadily and within their rate, while something else happens.

    They are a process of their own, so that they never wait for an attacker who holds this interpreter's lock. How long
    they wait is counted from each one's third request on: the first opens the connection, and `are_at_work` says when.
    """
    INTERVAL = 0.15  # of each person: two thirds of a person's rate

    def __init__(self, people):
        self.people = people
        self.milliseconds = []
        self.failures = []
        context = multiprocessing.get_context("fork")
        self.asked = context.Array("L", len(people))
        self.done = context.Event()
        self.result, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=self.ask_until_done, args=(theirs,))

    def ask_until_done(self, result):
        threads = [threading.Thread(target=self.work, args=each) for each in enumerate(self.people)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for person in self.people:
            person.close()
        result.send((self.milliseconds, self.failures))

    def are_at_work(self):
        """True when each person has had two answers."""
        return min(self.asked) >= 2

    def work(self, place, person):
        while not self.done.is_set():
            begun = time.monotonic()
            try:
                status, _ = person.send("GET", "/v1/whoami")
                if status != 200:
                    self.failures.append(status)
            except (OSError, http.client.HTTPException) as trouble:
                self.failures.append(repr(trouble))
            if self.asked[place] >= 2:
                self.milliseconds.append((time.monotonic() - begun) * 1000)
            self.asked[place] += 1
            self.done.wait(max(0.0, self.INTERVAL - (time.monotonic() - begun)))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.milliseconds, self.failures = self.result.recv()
        self.process.join()

    def percentile(self, part):
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
