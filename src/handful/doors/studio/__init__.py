"""The door for everybody: a page on this computer whose buttons are the verbs of a project."""
