"""Folds: how each decision changes the state tables, a noun to a module.

Every row of a state table was written by a function in here, from a decision and nothing else. A
module names its folds in `FOLDS` and the queries that empty its tables in `CLEARED`; `record.py`
puts them together, `rebuild.py` runs them again.
"""
