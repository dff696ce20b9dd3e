"""Marks the runner reads on test functions."""


def slow(test):
    """Takes long; `--quick` leaves it out."""
    return test


def alone(test):
    """Measures time or load, so nothing may run beside it."""
    return test
