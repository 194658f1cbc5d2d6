"""Audio without weights: five descriptions of one shared log-mel picture of the sound."""
