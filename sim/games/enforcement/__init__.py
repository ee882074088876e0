"""Whether a deal holds: repeated games, trigger strategies, self-enforcing agreements."""
