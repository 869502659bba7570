"""Stage: facts become entries, entries become a chain, and the chain is sealed."""
