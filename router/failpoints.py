"""Where a test may kill a router: before and after each thing it does to the world."""

FAILPOINTS: tuple[str, ...] = (
    "router.pull.before",
    "router.pull.after",
    "router.open.before",
    "router.open.after",
    "router.prepare.before",
    "router.prepare.after",
    "router.submit.before",
    "router.submit.after",
    "router.seal.before",
    "router.seal.after",
    "router.ack.before",
    "router.ack.after",
)
