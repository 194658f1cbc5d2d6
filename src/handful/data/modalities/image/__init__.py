"""Images: what differs from the other modalities."""
