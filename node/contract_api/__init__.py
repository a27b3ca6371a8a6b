"""The contracts' typed gRPC services (proto/api/): a node's side of prepare, check, sign, submit.

`service` puts the rpcs together from the service descriptions: `unsigned` answers those that take
operations, `documents` those that need the custodian, `reads` and `answers` those that read.
"""
