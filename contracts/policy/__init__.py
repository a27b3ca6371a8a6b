"""Medical-insurance policies (医保政策): versions, sharing, and those of other regions."""
