"""Acts as somebody who can reach the port and nothing more: sends bytes by hand, over TLS or not. It uses only loopback
addresses."""
import contextlib
import os
import select
import socket
import ssl
import time

from person import tls

# The beginning of a ClientHello, from a client that then sends nothing more.
HALF_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32))


def connect(port, source="127.0.0.1", timeout=30):
    """Opens a TCP connection from any address of the loopback network."""
    plain = socket.socket()
    plain.settimeout(timeout)
    plain.bind((source, 0))
    plain.connect(("127.0.0.1", port))
    return plain


def secure(port, source="127.0.0.1", timeout=30, context=None):
    plain = connect(port, source, timeout)
    try:
        return (context or tls()).wrap_socket(plain)
    except (OSError, ssl.SSLError):
        plain.close()
        raise


def read_all(connection, limit=1 << 22):
    """Returns everything until the other side closes."""
    data = b""
    while len(data) < limit:
        try:
            more = connection.recv(1 << 16)
        except ssl.SSLError:
            break
        except (ConnectionError, TimeoutError):
            break
        if not more:
            break
        data += more
    return data


def exchange(connection, request, timeout=30):
    """Returns the answer until the service closes, read while `request` is still being sent. One thread does both,
    because two that use a TLS connection at once end the interpreter."""
    connection.setblocking(False)
    data, left = b"", memoryview(request)
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        moved = False
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if left:
                left = left[connection.send(left[:1 << 16]):]
                moved = True
        try:
            more = connection.recv(1 << 16)
            if not more:
                break
            data += more
            moved = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            break
        if not moved:
            select.select([connection], [connection] if left else [], [], 1)
    return data


def ask(port, request, source="127.0.0.1"):
    """Sends these bytes and nothing more, and returns the answer until the service closes."""
    with secure(port, source) as connection:
        try:
            connection.sendall(request)
            # This ends only TCP's sending side: TLS can still receive.
            socket.socket.shutdown(connection, socket.SHUT_WR)
        except OSError:
            pass  # the service may have answered and closed before the end
        return read_all(connection)


def statuses(data):
    """Returns the status of each answer that begins in `data`. It never skips a body, so a smuggled answer would
    show."""
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]


def garbage(size):
    return os.urandom(size)
