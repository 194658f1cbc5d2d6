"""Ask a predictor about cases whose truth is known, and report what the answers are worth."""
