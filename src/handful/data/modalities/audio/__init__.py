"""Sound: what differs from the other modalities."""
