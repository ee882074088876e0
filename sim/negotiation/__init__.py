"""Tables and regimes: where the case meets the theory."""
