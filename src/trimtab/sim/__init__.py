"""Simulated venues: a pure matching core, one venue's rules and books, and the tapes that feed them."""
