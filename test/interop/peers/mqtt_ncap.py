"""An NCAP that speaks 1451.1.6 over MQTT 3.1.1, with nothing but the standard library.

Usage: mqtt_ncap.py PORT ENCODING. One TIM with a thermometer and a valve. Says {"ready": ...} when it listens, and at the end of its
input announces its departure and says what it was asked.
"""

import base64
import json
import socket
import struct
import sys
import threading

NCAP = bytes.fromhex("00303900303900303907e80549382e50")
TIM = bytes.fromhex("86258a0b72f612d68707e8054911dcf0")
TOPIC = "_1451.1.6/D0/PLANT/NCAP-1"
ROOT = "_1451.1.6/D0"
TEMPERATURE = "298.15"


def tlv(kind, value):
    return bytes([kind, len(value)]) + value


def teds(access_code, fields):
    block = tlv(3, bytes([0, 255, access_code, 2, 1])) + fields
    body = struct.pack(">I", len(block) + 2) + block
    return body + struct.pack(">H", 0xFFFF - sum(body) % 65536)


KELVIN = bytes([0, 128, 128, 128, 128, 128, 128, 130, 128, 128])
SAMPLE = tlv(18, tlv(40, b"\x01") + tlv(41, b"\x04"))
CHANNELS = {
    1: ("Temperature", teds(3, tlv(11, b"\x00") + tlv(12, KELVIN) + tlv(13, struct.pack(">f", 233.0))
                            + tlv(14, struct.pack(">f", 398.0)) + SAMPLE)),
    2: ("Valve", teds(3, tlv(11, b"\x01") + SAMPLE)),
}


class Mqtt:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.lock = threading.Lock()
        self.send(0x10, b"\x00\x04MQTT\x04\x02\x00\x3c" + self.text("ncap-1"))
        assert self.packet()[0] >> 4 == 2

    @staticmethod
    def text(value):
        data = value.encode()
        return struct.pack(">H", len(data)) + data

    def send(self, head, body):
        length, size = len(body), b""
        while True:
            length, digit = divmod(length, 128)
            size += bytes([digit | (128 if length else 0)])
            if not length:
                break
        with self.lock:
            self.socket.sendall(bytes([head]) + size + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def packet(self):
        head, length, shift = self.exactly(1)[0], 0, 0
        while True:
            digit = self.exactly(1)[0]
            length |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return head, self.exactly(length)

    def subscribe(self, *topics):
        self.send(0x82, b"\x00\x01" + b"".join(self.text(topic) + b"\x00" for topic in topics))
        assert self.packet()[0] >> 4 == 9

    def publish(self, topic, payload):
        self.send(0x30, self.text(topic) + payload)


def encoded(octets, encoding):
    if encoding == "hex":
        return octets.hex().encode()
    return base64.b64encode(octets) if encoding == "base64" else octets


def decoded(payload):
    if payload[:1] < b"\x20":
        return payload
    try:
        return bytes.fromhex(payload.decode())
    except ValueError:
        return base64.b64decode(payload)


def message(service, kind, message_type, body):
    return bytes([service, kind, message_type]) + struct.pack(">H", len(body)) + body


def answer(command, asked):
    """The reply to a command, or None."""
    service, kind, message_type = command[:3]
    body = command[5:]
    app = body[:16]
    if message_type != 1 or (kind != 8 and body[16:32] != NCAP):
        return None
    asked.append([service, kind])
    if (service, kind) == (1, 8):
        return message(1, 8, 2, b"\0\0" + app + NCAP + b"NCAP-1\0" + b"\x01" + bytes([127, 0, 0, 1]))
    if (service, kind) == (1, 9):
        return message(1, 9, 2, b"\0\0" + app + NCAP + b"\0\1" + TIM + b"Weather\0")
    if (service, kind) == (1, 10):
        numbers = b"".join(struct.pack(">H", number) for number in CHANNELS)
        names = b"".join(name.encode() + b"\0" for name, _ in CHANNELS.values())
        return message(1, 10, 2, b"\0\0" + app + NCAP + TIM + struct.pack(">H", len(CHANNELS)) + numbers + names)
    (channel,) = struct.unpack(">H", body[48:50])
    ids = app + NCAP + TIM + struct.pack(">H", channel)
    if (service, kind) == (2, 1):
        time = (1716910928).to_bytes(6, "big") + struct.pack(">I", 500_000_000)
        return message(2, 1, 2, b"\0\0" + ids + TEMPERATURE.encode() + b"\0" + time)
    if (service, kind) == (3, 2):
        access_code, offset = body[50], struct.unpack(">I", body[51:55])[0]
        if access_code != 3:
            return message(3, 2, 2, b"\0\x05" + ids + struct.pack(">I", 0))
        # In segments of 40 octets.
        return message(3, 2, 2, b"\0\0" + ids + struct.pack(">I", offset) + CHANNELS[channel][1][offset:offset + 40])
    return None


def main():
    port, encoding = int(sys.argv[1]), sys.argv[2]
    client = Mqtt(port)
    client.subscribe(ROOT, TOPIC)
    asked = []

    def listen():
        try:
            while True:
                head, body = client.packet()
                if head >> 4 != 3:
                    continue
                (size,) = struct.unpack(">H", body[:2])
                reply = answer(decoded(body[2 + size:]), asked)
                if reply:
                    client.publish(TOPIC, encoded(reply, encoding))
        except (EOFError, OSError):
            pass

    threading.Thread(target=listen, daemon=True).start()
    client.publish(TOPIC, encoded(message(1, 1, 3, NCAP + b"NCAP-1\0" + b"\x01" + bytes([127, 0, 0, 1])), encoding))
    print(json.dumps({"ready": TOPIC}), flush=True)
    sys.stdin.read()
    client.publish(TOPIC, encoded(message(1, 2, 3, NCAP), encoding))
    print(json.dumps({"asked": asked}), flush=True)


main()
