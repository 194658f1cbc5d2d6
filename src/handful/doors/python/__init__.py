"""The door for Python: every verb of the command line as a method with types."""

from handful.doors.python.project import Project, project

__all__ = ["Project", "project"]
