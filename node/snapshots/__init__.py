"""Snapshots: a node far behind takes the state over from its peers and checks every part of it."""
