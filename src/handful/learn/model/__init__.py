"""Fitted models: numbers in, calibrated probabilities out, plain arrays for a release."""
