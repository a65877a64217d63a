"""Measures the product over real HTTP: what a request costs, as ratios within one run.

Asserts nothing: a benchmark is not a test."""
