"""Stage: a valuation becomes a decision to rebalance or to hold, with its reasons."""
