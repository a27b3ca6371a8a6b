"""The bridge: packets leave through the outbox, arrive by `deliver`, are closed by `acknowledge`.

`operations` is where business contracts register what a packet does; `outbox.send_packet` is how
they send one, in the same transaction as the change it tells of.
"""
