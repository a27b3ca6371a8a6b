"""What crosses between chains: each operation applied there, its failure saved and compensated."""
