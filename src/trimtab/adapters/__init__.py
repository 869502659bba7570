"""The world: each module fits a Protocol of `ports`, and adapters do not know each other."""
