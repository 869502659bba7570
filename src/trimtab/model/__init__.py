"""The nouns: frozen, without behaviour beyond their own arithmetic. Import them from their modules."""
