"""Text: what differs from the other modalities."""
