"""The `yilian` command: one small module a verb in `commands/`, each a thin client of a node."""
