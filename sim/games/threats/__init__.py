"""What happens without a deal: wars in the instruments of each player, and threats before talks."""
