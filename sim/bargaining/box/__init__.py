"""Batched solvers on boxes: one problem a draw, thousands at a time."""
