"""Secrets that would go to the reader with the file: found in the project, in what was seeded and in images, never shown."""

from kgshare.secrets.find import in_image, in_project, in_tar
from kgshare.secrets.model import Finding, refuse

__all__ = ["Finding", "in_image", "in_project", "in_tar", "refuse"]
