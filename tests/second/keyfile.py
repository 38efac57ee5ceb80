#!/usr/bin/env python3
"""A second opener of Satchel's key files, written from docs/VAULT.md alone.

    tests/second/keyfile.py [FILE TEXT]    opens FILE (docs/vectors/store.keys) with what TEXT (docs/vectors/store.txt)
                                           says, and compares all that comes out

Argon2id is that of libargon2, with the lanes, version and lengths of the page; BLAKE2b is Python's;
XChaCha20-Poly1305 stands here. Exit status 0: all agree; 1: something differs; 77: there is no libargon2."""
import ctypes
import ctypes.util
import hashlib
import struct
import sys


def rotate(x, n):
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def chacha_rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        s[a] = (s[a] + s[b]) & 0xFFFFFFFF
        s[d] = rotate(s[d] ^ s[a], 16)
        s[c] = (s[c] + s[d]) & 0xFFFFFFFF
        s[b] = rotate(s[b] ^ s[c], 12)
        s[a] = (s[a] + s[b]) & 0xFFFFFFFF
        s[d] = rotate(s[d] ^ s[a], 8)
        s[c] = (s[c] + s[d]) & 0xFFFFFFFF
        s[b] = rotate(s[b] ^ s[c], 7)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return s


WORDS = struct.unpack("<4I", b"expand 32-byte k")


def hchacha(key, nonce):
    s = chacha_rounds(WORDS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def chacha_block(key, counter, nonce):
    start = WORDS + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(chacha_rounds(start), start)))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def unwrap(slot, wrapped, key):
    """What a slot wraps, 32 bytes; its header is the additional data."""
    nonce, text, tag, header = wrapped[:24], wrapped[24:56], wrapped[56:72], slot[:64]
    sub, nonce = hchacha(key, nonce[:16]), b"\0\0\0\0" + nonce[16:]
    sealed = header + text + struct.pack("<QQ", len(header), len(text))
    if poly1305(chacha_block(sub, 0, nonce)[:32], sealed) != tag:
        raise ValueError("a slot does not open")
    return bytes(a ^ b for a, b in zip(text, chacha_block(sub, 1, nonce)))


def keyed(key, word):
    return hashlib.blake2b(word.encode(), key=key, digest_size=32).digest()


def argon2id(library, passphrase, salt, passes, memory):
    out = ctypes.create_string_buffer(32)
    code = library.argon2id_hash_raw(
        ctypes.c_uint32(passes), ctypes.c_uint32(memory // 1024), ctypes.c_uint32(1),
        passphrase, ctypes.c_size_t(len(passphrase)), salt, ctypes.c_size_t(len(salt)), out, ctypes.c_size_t(32))
    if code != 0:
        raise ValueError("libargon2: %d" % code)
    return out.raw


def slots(file):
    at = 104
    while at < len(file):
        size = struct.unpack_from("<I", file, at + 8)[0]
        if file[at : at + 5] != b"SLOT\1" or size < 64:
            raise ValueError("no slot at %d" % at)
        yield file[at + 6], file[at : at + size]
        at += size


def main():
    name = ctypes.util.find_library("argon2")
    if name is None:
        print("there is no libargon2")
        return 77
    paths = sys.argv[1:] if len(sys.argv) == 3 else ["docs/vectors/store.keys", "docs/vectors/store.txt"]
    with open(paths[0], "rb") as f:
        file = f.read()
    with open(paths[1], encoding="utf-8") as f:
        said = dict(line.rstrip("\n").split(" ", 1) for line in f)
    if file[:16] != b"satchel keys 1\n\0":
        raise ValueError("this is no key file")
    found = {}
    for kind, slot in slots(file):
        if kind == 1:
            passes, memory = struct.unpack_from("<IQ", slot, 12)
            found["derived"] = argon2id(
                ctypes.CDLL(name), said["passphrase"].encode(), slot[64:80], passes, memory)
            found["data_key"] = unwrap(slot, slot[80:152], found["derived"])
        elif kind == 4:
            found["data_key by secret"] = unwrap(slot, slot[64:136], keyed(bytes.fromhex(said["secret"]), "satchel secret 1"))
        elif kind == 6:
            found["pages_key"] = unwrap(slot, slot[64:136], keyed(bytes.fromhex(said["reports"]), "satchel reports 1"))
    found["pages_key by data_key"] = keyed(found["data_key"], "satchel pages 1")
    wrong = [what for what, value in found.items() if value.hex() != said[what.split(" ")[0]]]
    print("%d of %d agree%s" % (len(found) - len(wrong), len(found), "".join("; not " + what for what in wrong)))
    return 1 if wrong or len(found) != 5 else 0


if __name__ == "__main__":
    sys.exit(main())
