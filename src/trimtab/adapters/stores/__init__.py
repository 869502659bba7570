"""Where the ledger is kept, and where its seals are kept apart from it."""
