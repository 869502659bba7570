"""The plan stage: from goals to the provably cheapest legs that reach them."""
