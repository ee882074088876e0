"""Which comparisons there are on this machine."""

from against import PROGRAMS, installed

# A module is collected only where the program that it compares with is installed: one that cannot
# run is no test here, so that nothing is ever shown as skipped. The documentation lists the last
# result of every comparison, wherever it was run (docs/against.md).
collect_ignore = [f"test_{key}.py" for key in PROGRAMS if key not in installed()]
