"""Everything that is hashed, signed or proved, as pure functions of bytes.

`SPEC.md` fixes the bytes; `tests/ledger/vectors/` holds golden vectors. Nothing here does I/O,
reads a clock or draws randomness: hash functions, signers and the key-value store come in as
arguments.
"""
