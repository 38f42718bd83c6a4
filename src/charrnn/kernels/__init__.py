"""The network's arithmetic: one readable version, the oracle, and one fast one."""
