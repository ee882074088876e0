"""One table: the bargaining problem and its solutions."""
