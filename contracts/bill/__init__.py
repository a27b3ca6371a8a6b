"""The medical e-bill (医疗收费电子票据): its record, its rules, and what is done to it.

`rules` is the table of states and actions, `contract` what callers ask for, `incoming` what
another chain's packets do, `answers` what the home chain's receipts do.
"""
