"""From a library to a run: `align` learns without labels, `adapt` with a few, `train` does both."""
