"""The simulated venue as Coinbase Advanced speaks: v3 for trading, v2 for money in and out; REST only."""
