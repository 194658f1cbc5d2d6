"""Families of model folders: each knows its folders, and how to ask their network."""
