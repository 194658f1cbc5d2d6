"""Items by the handful: in a fixed order, read ahead by threads, resumed where they were left."""
