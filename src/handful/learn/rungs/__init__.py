"""The ladder: every way from few labels to answers, one file each, baselines among them."""
