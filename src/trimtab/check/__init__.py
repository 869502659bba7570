"""Stage: a plan becomes a verdict, recomputed from its legs alone."""
