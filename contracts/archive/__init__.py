"""Archives of persons and enterprises (参保档案).

Register, update, revoke, carry to the government chain.
"""
