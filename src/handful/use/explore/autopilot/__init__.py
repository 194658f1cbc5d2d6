"""Rules that act on new files by themselves: only when sure, written down first, and undone."""
