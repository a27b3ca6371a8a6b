"""Whole consortia on one machine, for a first look and for tests.

`stage` lays out three chains with their keys and configurations, `processes` runs them as
operating-system processes, `journey` takes the sample bills through them step by step, `chaos`
kills every process at every fail point on the way. What stands in for a partner says so by name.
"""
