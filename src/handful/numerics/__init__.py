"""Numbers without torch: linear algebra, statistics, decisions."""
