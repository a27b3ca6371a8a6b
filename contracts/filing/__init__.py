"""The insured person's filing for treatment elsewhere (参保人异地就医备案)."""
