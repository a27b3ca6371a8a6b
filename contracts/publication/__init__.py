"""What policies and catalogues have in common: a region's home, sharing, asking another chain."""
