"""Wire definitions and the code generated from them (`make proto`); nothing else."""
