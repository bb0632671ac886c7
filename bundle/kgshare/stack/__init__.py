"""The stack: what ``kgshare up``, ``status``, ``logs``, ``open``, ``reset`` and ``down`` do."""

from kgshare.stack.commands import down, logs, open_page, reset, status, up
from kgshare.stack.model import DownReport, OpenReport, ServiceStatus, StackReport, StackStatus, StatusReport

__all__ = [
    "DownReport",
    "OpenReport",
    "ServiceStatus",
    "StackReport",
    "StackStatus",
    "StatusReport",
    "down",
    "logs",
    "open_page",
    "reset",
    "status",
    "up",
]
