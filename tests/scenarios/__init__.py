"""What the tender asks for, clause by clause, over gRPC on a stage of real processes.

A test marked `clause("2.2.1.6.1", …)` is a scenario of these clauses. docs/contracts.md names it;
with `--every-clause` (`make test`) a run in which a clause's scenarios did not pass has failed.
"""
