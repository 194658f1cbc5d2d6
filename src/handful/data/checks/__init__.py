"""What may be wrong with a library: one file per check, each proving that it can find its fault."""
