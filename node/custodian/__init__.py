"""The custodian service: people's keys, whose account is whose, and the sealing of payloads.

It runs in a node of the organisation that answers for people's data. `vault` keeps secrets at
rest, `people` names what is kept, `attribution` decides whose bill it is, `payloads` seals and
opens. `preparing` makes transaction bodies of documents, `deliveries` of what other chains sent,
where `arriving` says whose it is; `service` answers gRPC.
"""
