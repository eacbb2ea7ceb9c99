"""A WebSocket (RFC 6455) that sends texts back, and to `whoami` the user: as much as the lab needs, texts below 64 KiB in one frame."""

import base64
import hashlib
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def accept_value(key):
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode("ascii") + GUID).digest()).decode("ascii")


def read_frame(stream):
    """Opcode and payload of the client's next frame; CLOSE when the connection has ended."""
    head = stream.read(2)
    if len(head) < 2:
        return CLOSE, b""
    length = head[1] & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", stream.read(2))
    elif length == 127:
        return CLOSE, b""
    mask = stream.read(4)
    return head[0] & 0x0F, bytes(octet ^ mask[at % 4] for at, octet in enumerate(stream.read(length)))


def write_frame(stream, opcode, payload):
    """Sends a whole message in one frame."""
    length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    stream.write(bytes([0x80 | opcode]) + length + payload)


def serve(reader, writer, user):
    """Answers until the client closes."""
    while True:
        opcode, payload = read_frame(reader)
        if opcode == PING:
            write_frame(writer, PONG, payload)
        elif opcode == TEXT:
            write_frame(writer, TEXT, user.encode() if payload == b"whoami" else payload)
        elif opcode == CLOSE:
            write_frame(writer, CLOSE, payload)
            return
