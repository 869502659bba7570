"""The imperative shell: the only place where the stages meet, and the only one that waits for the world."""
