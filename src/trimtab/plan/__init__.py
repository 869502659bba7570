"""STAGE decision -> plan: the cheapest legs to the goals, with the proof of their price."""
