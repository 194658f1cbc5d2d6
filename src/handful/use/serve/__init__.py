"""Serving: a release answers over HTTP, guarded at the door, and writes down every use of it."""
