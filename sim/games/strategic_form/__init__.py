"""Games in strategic form, any number of players: equilibria, dominance and selection."""
