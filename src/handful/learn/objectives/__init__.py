"""What a network can learn from files without labels: one objective per file; needs torch."""
