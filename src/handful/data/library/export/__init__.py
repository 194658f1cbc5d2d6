"""Export: a library as a folder that anything can read, and back without losing a byte."""
