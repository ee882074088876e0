"""The labelled results."""
