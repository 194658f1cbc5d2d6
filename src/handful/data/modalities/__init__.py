"""Everything that differs between text, image and audio: one folder per kind."""
