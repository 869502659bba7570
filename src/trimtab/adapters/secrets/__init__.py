"""Secrets by reference: where a key is, never what it is."""
