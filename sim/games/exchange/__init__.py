"""Files of other programs: Gambit's games, and negotiation domains of GENIUS and GeniusWeb."""
