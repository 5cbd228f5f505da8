"""The encoding of values, written from section 6 of docs/PROTOCOL.md alone.

Run as a program it holds itself against the examples of that section and exits with 0 only if all
agree and each hostile body is refused. It knows nothing of connections.
"""

import struct


class BadValue(Exception):
    """Bytes that break section 6: an error of one call, never of the connection."""


# A type is a name ("i64", "text") or a tuple that starts with one:
# ("sequence", T), ("option", T), ("map", K, V), ("tuple", T, ...), ("enum", T of variant 0, ...).
FIXED = {"u8": "<B", "i8": "<b", "f32": "<f", "f64": "<d"}


def unsigned(n):
    for mark, width in ((251, 2), (252, 4), (253, 8), (254, 16)):
        if n <= 250 or n < 1 << (8 * width):
            return bytes([n]) if n <= 250 else bytes([mark]) + n.to_bytes(width, "little")
    raise BadValue(f"{n} is wider than 128 bits")


def encode(kind, value):
    name, *parts = (kind,) if isinstance(kind, str) else kind
    if name in FIXED:
        return struct.pack(FIXED[name], value)
    if name in ("text", "bytes"):
        raw = value.encode() if name == "text" else value
        return unsigned(len(raw)) + raw
    if name in ("bool", "char"):
        return value.encode() if name == "char" else bytes([value])
    if name[0] in "ui":
        return unsigned(value if name[0] == "u" else 2 * value if value >= 0 else -2 * value - 1)
    if name == "sequence":
        return unsigned(len(value)) + b"".join(encode(parts[0], one) for one in value)
    if name == "map":
        return unsigned(len(value)) + b"".join(encode(("tuple", *parts), one) for one in value.items())
    if name == "tuple":
        return b"".join(encode(part, one) for part, one in zip(parts, value, strict=True))
    if name == "option":
        return b"\0" if value is None else b"\1" + encode(parts[0], value)
    return unsigned(value[0]) + encode(parts[value[0]], value[1])


class Body:
    """Decodes from a whole body, within the limits that section 6 sets the reader."""

    def __init__(self, raw):
        self.raw, self.at, self.elements = raw, 0, len(raw) + 4096

    def take(self, count):
        if count > len(self.raw) - self.at:
            raise BadValue("the body is too short")
        self.at += count
        return self.raw[self.at - count:self.at]

    def integer(self, bits):
        first = self.take(1)[0]
        if first == 255 or (first == 254 and bits < 128):
            raise BadValue(f"byte {first} begins no integer of {bits} bits")
        value = first if first <= 250 else int.from_bytes(self.take(2 << (first - 251)), "little")
        if value >> bits:
            raise BadValue(f"{value} does not fit {bits} bits")
        return value

    def text(self, raw):
        try:
            return raw.decode()
        except UnicodeDecodeError as cause:
            raise BadValue("not UTF-8") from cause

    def many(self):
        count = self.integer(64)
        self.elements -= count
        if self.elements < 0:
            raise BadValue("more elements are declared than the body can hold")
        return range(count)

    def index(self, name, count):
        index = self.integer(32) if name == "enum" else self.take(1)[0]
        if index >= count:
            raise BadValue(f"{index} is no {name}")
        return index

    def decode(self, kind, level=0):
        name, *parts = (kind,) if isinstance(kind, str) else kind
        if name in FIXED:
            return struct.unpack(FIXED[name], self.take(struct.calcsize(FIXED[name])))[0]
        if name in ("text", "bytes"):
            raw = self.take(self.integer(64))
            return self.text(raw) if name == "text" else raw
        if name == "char":
            first = self.take(1)
            return self.text(first + self.take(sum(first[0] >= least for least in (0xC0, 0xE0, 0xF0))))
        if name == "bool":
            return bool(self.index(name, 2))
        if name[0] in "ui":
            n = self.integer(int(name[1:]))
            return n if name[0] == "u" else n // 2 if n % 2 == 0 else -(n + 1) // 2
        if name == "option" and self.index(name, 2) == 0:
            return None
        if level == 128:
            raise BadValue("more than 128 levels")
        values = (self.decode(part, level + 1) for part in parts)
        if name == "option":
            return next(values)
        if name == "sequence":
            return [self.decode(parts[0], level + 1) for _ in self.many()]
        if name == "map":
            return {self.decode(parts[0], level + 1): self.decode(parts[1], level + 1) for _ in self.many()}
        if name == "tuple":
            return tuple(values)
        index = self.index(name, len(parts))
        # Fields are one level; a tuple of them enters it by itself.
        return index, self.decode(parts[index], level + (parts[index][0] != "tuple"))

    def arguments(self, *kinds):
        values = [self.decode(kind) for kind in kinds]
        if self.at != len(self.raw):
            raise BadValue("bytes are left over")
        return values


I32S = ("tuple", "i32", "i32")
NOTHING = ("tuple",)
EXAMPLES = [
    ("u8", 200, "c8"), ("i8", -8, "f8"), ("u16", 250, "fa"), ("u16", 251, "fb fb 00"),
    ("u32", 65536, "fc 00 00 01 00"), ("u64", 1 << 32, "fd 00 00 00 00 01 00 00 00"),
    ("i64", 12, "18"), ("i64", -1, "01"), ("i16", -126, "fb fb 00"),
    ("i64", -(1 << 63), "fd ff ff ff ff ff ff ff ff"), ("bool", True, "01"), ("f32", 1.5, "00 00 c0 3f"),
    ("char", "é", "c3 a9"), ("text", "bonjour", "07 62 6f 6e 6a 6f 75 72"), ("bytes", b"\1\2\3", "03 01 02 03"),
    (("sequence", "u16"), [1, 251], "02 01 fb fb 00"), (("tuple", "u16", "u16"), (1, 251), "01 fb fb 00"),
    (("map", "u8", "text"), {1: "é"}, "01 01 02 c3 a9"), (("option", "u8"), None, "00"),
    (("option", "u8"), 5, "01 05"), (("tuple", "i64", "i64"), (12, 34), "18 44"), (I32S, (1, -1), "02 01"),
    (("enum", NOTHING, NOTHING, I32S), (2, (1, 2)), "02 02 04"), (("enum", "u8", "text"), (0, 5), "00 05"),
]
HOSTILE = [
    ("bool", "02"), ("u16", "fc 00 00 01 00"), ("u16", "ff"), ("u64", "fe"), ("text", "01 ff"), ("char", "80"),
    ("text", "fd 00 00 00 00 00 00 00 10"), (("sequence", NOTHING), "fd 00 00 00 00 00 00 00 10"),
    (("enum", NOTHING), "01"), (("option", "u8"), "02 00"), ("u8", "01 02"), ("u8", ""),
]


def check():
    for kind, value, text in EXAMPLES:
        assert encode(kind, value) == bytes.fromhex(text), (kind, value)
        assert Body(bytes.fromhex(text)).arguments(kind) == [value], (kind, value)
    assert Body(bytes.fromhex("fb 05 00")).arguments("u64") == [5]
    for kind, text in HOSTILE:
        try:
            value = Body(bytes.fromhex(text)).arguments(kind)
        except BadValue:
            continue
        raise AssertionError(f"{text} was taken for {value} as {kind}")
    print(f"valeurs: {len(EXAMPLES)} examples agree, {len(HOSTILE)} hostile bodies are refused")


if __name__ == "__main__":
    check()
