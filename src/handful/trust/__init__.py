"""What can be said for certain about a predictor: measured figures, gates, documents."""
