"""What a scenario file says."""
