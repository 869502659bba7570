"""Stage: what was read and quoted becomes one snapshot, one set of marks, and a valuation."""
