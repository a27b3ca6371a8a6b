"""The cross-chain router: a pure relay core, its shell, and the service it offers to its peers.

A router carries, proves and converts; it decides nothing. Start reading at `relay.step`, go on to
`shell.ChannelRelay`, then `service.RelayService`, the side that is asked.
"""
