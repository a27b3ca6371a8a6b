"""The node's fail points by name, for the kill matrix (faults/failpoint.py says how they work).

`before` and `after` stand around each effect that others could have seen or that must survive.
"""

FAILPOINTS: tuple[str, ...] = (
    "node.store.write.before",
    "node.store.write.after",
    "node.genesis.before",
    "node.genesis.after",
    "node.commit.before",
    "node.commit.after",
    "node.committed.before",
    "node.committed.after",
    "node.submit.before",
    "node.submit.after",
    "node.answer.before",
)

SNAPSHOT_FAILPOINTS: tuple[str, ...] = (
    "node.snapshot.take.before",
    "node.snapshot.take.after",
    "node.snapshot.part.before",
    "node.snapshot.part.after",
    "node.snapshot.finish.before",
    "node.snapshot.finish.after",
    "node.snapshot.publish.after",
    "node.snapshot.swap.between",
    "node.snapshot.swap.after",
)
"""Of snapshots, of which the journey has none: tests/node/snapshots kills there."""
