# SPDX-License-Identifier: GPL-2.0
"""The packets of the parser's unit test, unit/key_vectors.h."""
import pathlib
import re

HEADER = pathlib.Path(__file__).resolve().parents[1] / "unit" / \
    "key_vectors.h"
# A field of an entry, and its value: numbers, a name, or strings in a row.
FIELD = re.compile(r'\.(\w+) =\s+((?:"[^"]*"\s*)+|[^,]+),')


def vectors():
    """A name, a frame, and its fate: the reason to drop it, or None."""
    text = HEADER.read_text(encoding="ascii")
    for entry in text.split("\n\t{\n")[1:]:
        found = dict(FIELD.findall(entry))
        if "is_gso" in found or "vlan_tci" in found:
            continue
        name, frame = ("".join(re.findall(r'"([^"]*)"', found[key]))
                       for key in ("name", "frame"))
        fate = found.get("result", "").rpartition("_")[2].lower() or None
        yield name, bytes.fromhex(frame).ljust(int(found["size"]), b"\0"), \
            fate
