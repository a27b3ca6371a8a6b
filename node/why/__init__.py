"""Why no block is coming: what this node knows of itself and its peers, put into sentences.

`facts` is what is known, `explain` turns it into reasons (pure), `watch` gathers it, `diagnosis` is
the little protocol by which nodes compare clocks and, after a root mismatch, their write sets.
"""
