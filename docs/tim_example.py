"""A TIM in MicroPython, for a board with a network: one thermometer and one output. Runs with CPython, too.

    python3 tim_example.py 192.0.2.10 1451

Put in place of `temperature` and `switch` what your board has.
"""

import socket
import struct
import sys
import time

UUID = bytes.fromhex("746869726e67776172640001a1b2c3d4")
COMMAND, REPLY, INITIATED, HELLO, HEARTBEAT = 1, 2, 3, 4, 5

output = [0.0]


def temperature():
    """In kelvin: a TEDS has units of the SI alone."""
    return 293.15 + (time.time() % 60) / 60


def switch(value):
    """Returns whether it can be set so."""
    if not 0 <= value <= 1:
        return False
    output[0] = value
    return True


# --- Transducer Electronic Data Sheets -------------------------------------------------------------------------------------------


def field(kind, value):
    return bytes([kind, len(value)]) + value


def f32(value):
    return struct.pack(">f", value)


def teds(code, fields):
    """Length, identification (1451.0-2024: family, member, access code, version, octets of a length), fields, checksum."""
    block = field(3, bytes([0, 0xFF, code, 2, 1])) + b"".join(fields)
    octets = struct.pack(">I", len(block) + 2) + block
    return octets + struct.pack(">H", 0xFFFF - sum(octets) % 0x10000)


def name(text):
    return teds(12, [field(4, b"\x01"), field(5, text.encode())])


def channel(kind, units, low, high, uncertainty):
    sample = field(40, b"\x01") + field(41, b"\x04")  # Float32, four octets
    return teds(
        3,
        [
            field(10, b"\x00"),
            field(11, bytes([kind])),
            field(12, units),
            field(13, f32(low)),
            field(14, f32(high)),
            field(15, f32(uncertainty)),
            field(18, sample),
        ],
    )


# Interpretation, then the exponents of rad, sr, m, kg, s, A, K, mol, cd: each 2e + 128.
KELVIN = bytes([0, 128, 128, 128, 128, 128, 128, 130, 128, 128])
NUMBER = bytes([0] + [128] * 9)

TEDS = {
    (0, 1): teds(1, [field(4, UUID), field(10, f32(1.0)), field(13, struct.pack(">H", 2))]),
    (0, 12): name("Example board"),
    (1, 3): channel(0, KELVIN, 233.15, 398.15, 0.5),
    (1, 12): name("Board temperature"),
    (2, 3): channel(1, NUMBER, 0.0, 1.0, 0.01),
    (2, 12): name("Output"),
}

# --- Commands --------------------------------------------------------------------------------------------------------------------

operating = {1: False, 2: False}


def perform(number, cls, function, body):
    """The octets of the reply's body; None when the command fails."""
    if (cls, function) == (1, 2):  # read TEDS segment: access code, offset
        code, offset = struct.unpack(">BI", body)
        octets = TEDS.get((number, code))
        if octets is None:
            return struct.pack(">I", 0xFFFFFFFF)
        if offset >= len(octets):
            return struct.pack(">I", len(octets))
        return struct.pack(">I", offset) + octets[offset : offset + 256]
    if number not in operating:
        return None
    if cls == 4 and function in (1, 2):  # operate, idle
        operating[number] = function == 1
        return b""
    if not operating[number]:
        return None
    if (cls, function) == (3, 1):  # read data-set segment: offset
        data = f32(temperature() if number == 1 else output[0])
        (offset,) = struct.unpack(">I", body)
        return struct.pack(">I", offset) + data[offset:]
    if (cls, function) == (3, 2) and number == 2 and len(body) == 8:  # write data-set segment: offset, octets
        offset, value = struct.unpack(">If", body)
        return b"" if offset == 0 and switch(value) else None
    return None


def answer(message):
    number, cls, function, length = struct.unpack(">HBBH", message[:6])
    body = perform(number, cls, function, message[6 : 6 + length])
    if body is None:
        return struct.pack(">BH", 0, 0)
    return struct.pack(">BH", 1, len(body)) + body


# --- The link --------------------------------------------------------------------------------------------------------------------


def send(sock, kind, sequence, message):
    sock.write(struct.pack(">BHBH", kind, sequence, len(message) >> 16, len(message) & 0xFFFF) + message)


def exactly(sock, count):
    octets = b""
    while len(octets) < count:
        part = sock.read(count - len(octets))
        if not part:
            raise OSError("the NCAP is gone")
        octets += part
    return octets


def serve(sock):
    send(sock, HELLO, 0, UUID)
    while True:
        kind, sequence, high, low = struct.unpack(">BHBH", exactly(sock, 6))
        message = exactly(sock, high << 16 | low)
        if kind == COMMAND:
            send(sock, REPLY, sequence, answer(message))
        elif kind == HELLO:
            send(sock, HELLO, sequence, UUID)
        elif kind == HEARTBEAT:
            send(sock, HEARTBEAT, sequence, message)


def main(host, port):
    while True:
        try:
            sock = socket.socket()
            sock.connect(socket.getaddrinfo(host, port)[0][-1])
            # An NCAP is heard of every second or so: longer silence is its end.
            sock.settimeout(10)
            # A socket of MicroPython is a stream already.
            serve(sock if hasattr(sock, "write") else sock.makefile("rwb", buffering=0))
        except OSError as error:
            print("no NCAP:", error)
        sock.close()
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
