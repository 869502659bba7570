"""The simulated venue as Binance Spot speaks: REST for market, trading and wallet."""
