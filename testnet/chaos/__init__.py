"""The kill matrix: every fail point of node and router, killed once during the journey.

`plan` finds which process passes which point how often, `trial` takes the journey once with some
points armed, `outside` is a ledger kept by the test alone, against which the chains are compared.
"""
