"""Mathematics that knows no venue and no clock; exact where money is counted."""
