"""Domain tags: what is signed or hashed for one purpose is never valid for another."""

from faults import Misuse


def tagged(tag: str, *parts: bytes) -> bytes:
    """The bytes that are hashed or signed: tag, a zero byte, the parts.

    Several parts each get a 4-byte big-endian length before them; a single part stands raw to the
    end. So the number of parts belongs to the tag: use one tag always with the same number.

    Raises:
        Misuse: the tag is empty, not ASCII, or contains a zero byte.
    """
    if not tag or not tag.isascii() or "\0" in tag:
        raise Misuse("a domain tag is non-empty ASCII without zero bytes")
    head = tag.encode("ascii") + b"\0"
    if len(parts) == 1:
        return head + parts[0]
    pieces = [head]
    for part in parts:
        pieces.append(len(part).to_bytes(4, "big"))
        pieces.append(part)
    return b"".join(pieces)
