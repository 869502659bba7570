"""Works a cleared plan: a pure step machine takes events and returns commands, so that a crash is a replay."""
