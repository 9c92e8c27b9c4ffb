#!/usr/bin/python3
"""Opens ESP packets of suite 12, AES-128-GCM with 8 bytes of tag and 64-bit numbers (RFC 4106, RFC 4303, RFC 7402).

Scapy cannot: it wants the whole tag. Lines in and out are those of ../shared/oracles/esp-oracle.py. AES-GCM is that of
python3-cryptography, which is OpenSSL's, as node:crypto's is; what is judged here is how the packet is put together.
"""
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TAG_BYTES = 8


def check(line):
    raw, secret = bytes.fromhex(line["packet"]), bytes.fromhex(line["key"])
    key, salt = secret[:-4], secret[-4:]
    spi, low = struct.unpack("!II", raw[:8])
    high = line.get("high", 0)
    iv, sealed, tag = raw[8:16], raw[16:-TAG_BYTES], raw[-TAG_BYTES:]
    opener = Cipher(algorithms.AES(key), modes.GCM(salt + iv, tag, min_tag_length=TAG_BYTES)).decryptor()
    opener.authenticate_additional_data(struct.pack("!III", spi, high, low))
    plain = opener.update(sealed) + opener.finalize()
    length, next_header = plain[-2], plain[-1]
    payload = plain[:len(plain) - 2 - length]
    if plain[len(payload):-2] != bytes(range(1, length + 1)):
        raise ValueError("padding is not 1, 2, 3 (RFC 4303, 2.4)")
    return {"ok": True, "spi": spi, "sequence": (high << 32) | low, "next_header": next_header, "pad_length": length,
            "payload": payload.hex()}


for text in sys.stdin:
    if text.strip():
        try:
            print(json.dumps(check(json.loads(text))), flush=True)
        except Exception as error:  # a bad ICV is an answer, not a crash
            print(json.dumps({"ok": False, "error": f"{type(error).__name__}: {error}"}), flush=True)
