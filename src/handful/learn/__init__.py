"""Learning: towers, models, objectives, training, and the rungs that read latents."""
