"""Grants as they stand on the chain, and as they travel to the home of the bill they are about."""
