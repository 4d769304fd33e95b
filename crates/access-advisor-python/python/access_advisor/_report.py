"""The report that `Advisor.report` returns: a dict, which notebooks show as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from access_advisor import _native

_COLUMNS = {"Service": "ServiceName", "State": "State", "Last access, UTC": "LastAuthenticated", "By": "LastAuthenticatedEntity"}


class Report(dict[str, Any]):
    """A dict of the keys of `types.Report`."""

    def _repr_html_(self) -> str:
        services = self["ServicesLastAccessed"]
        used = [service for service in services if "LastAuthenticated" in service]
        # What was used last stands first.
        used.sort(key=lambda service: service["LastAuthenticated"], reverse=True)
        rest = [service for service in services if "LastAuthenticated" not in service]
        ungranted = self.get("UngrantedServicesUsed", [])
        shown = [*used, *rest, *({**it, "ServiceName": f"{it['ServiceName']} (not granted)"} for it in ungranted)]
        columns = {title: key for title, key in _COLUMNS.items() if key != "State" or any(key in it for it in services)}
        rows = [[_text(service.get(key)) for key in columns.values()] for service in shown]
        if self["JobType"] == "ACTION_LEVEL":
            columns["Actions accessed"] = ""
            for row, service in zip(rows, shown, strict=True):
                actions = service.get("TrackedActionsLastAccessed", [])
                accessed = sum("LastAccessedTime" in action for action in actions)
                row.append(f"{accessed} of {len(actions)}" if actions else "")
        caption = f"{self['Arn']}: {len(used)} of {len(services)} services accessed, as of {_text(self['JobCreationDate'])}"
        return _native.notebook_table(caption, list(columns), rows)


def _text(value: str | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    # Of an ARN, its end tells most.
    return "" if value is None else value.rsplit(":", 1)[-1] if value.startswith("arn:") else value
