"""The project folder: one folder, readable records, nothing half-written."""

from handful.foundation.project.folder import Project, Settings
from handful.foundation.project.manifest import FORMAT

__all__ = ["FORMAT", "Project", "Settings"]
