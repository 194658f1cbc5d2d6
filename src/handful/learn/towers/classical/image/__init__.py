"""Weight-free encoders of pictures, one block per file."""
