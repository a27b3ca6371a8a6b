"""The verbs of `yilian`: each module has SUMMARY, EXAMPLE, `arguments(parser)`, `run(options)`."""
