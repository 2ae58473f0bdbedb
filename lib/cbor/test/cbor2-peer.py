"""Reads lines of a name and the bytes of a value in hex, and writes for each the type that cbor2 makes of it, and the
bytes that it writes for that."""
import sys

import cbor2

for line in sys.stdin:
    name, _, text = line.strip().partition(" ")
    value = cbor2.loads(bytes.fromhex(text))
    kind = f"tag {value.tag}" if isinstance(value, cbor2.CBORTag) else type(value).__name__
    print(name, kind.replace(" ", "-"), cbor2.dumps(value).hex())
