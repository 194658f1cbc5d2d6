"""One transformer for text, pictures and sound that reads packed tokens; needs torch."""
