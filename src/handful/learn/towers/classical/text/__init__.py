"""Text without weights: character and word n-grams of every language field, in one space."""
