"""The ways in: the command line and the studio. No logic of their own."""
