"""Medical-insurance catalogues (医保目录): editions of items, sharing, and other regions' items."""
