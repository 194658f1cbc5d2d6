"""Train: what a training will cost before it starts, from plain counts."""
