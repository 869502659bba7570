"""Sets what was expected against what was observed, to the last smallest unit, and says what explains a difference."""
