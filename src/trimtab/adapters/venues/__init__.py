"""Venues: simulated in process (`paper`); each is a translation between its own words and the ports."""
