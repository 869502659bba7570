"""The simulated venues' servers: real exchanges' protocols over TLS, under their real host names."""
