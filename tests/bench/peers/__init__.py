"""Services and libraries of the usual kind, written well, to be compared with."""
