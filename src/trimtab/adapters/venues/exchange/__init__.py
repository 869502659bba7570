"""Exchanges, by ccxt's own classes: one module for each that was proved, over lines that never send twice."""
