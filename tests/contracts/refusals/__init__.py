"""Every method of every contract: one scene in which it succeeds, and all that it must refuse."""
