"""The indicative benefit (待遇测算, 2.2.1.4.5.5–6): matching of item codes and the calculation.

Pure functions over versioned policies and catalogue items. They decide nothing on the chain: a
settlement is what the insured region's system settles. The same inputs give the same bytes.
"""
