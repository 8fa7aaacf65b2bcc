# -*- coding: utf-8 -*-
"""What the module `seed` does: a manifest into Motion's database, or in check mode the plan of it.

Invariant: `changed` is true only where rows are written, would be, or may have been. Runs on the servers, as `tool.py`
does.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .migration import judged


def seed(tool, check_mode, content=None):
    """`content` is a manifest that lies in no file of the server."""
    manifest = "-" if content is not None else tool.options["manifest"]
    answer = tool.ask("seed apply", [manifest], ["--dry-run" if check_mode else "--yes"], data=content)
    if check_mode:
        # What differs and no apply changes, such as an agent's `internal`, is in no change.
        writes = answer.outcome == "changes-pending" and bool(answer.document.get("changes"))
    else:
        writes = answer.outcome in ("applied", "needs-operator", "unknown")
    result = judged(answer, writes, good=(0,))
    if answer.is_known and answer.document.get("changes"):
        result["diff"] = {"prepared": lines((answer.document.get("details") or {}).get("rows") or [])}
    return result


def lines(rows):
    """The plan's rows, as the program shows them to people."""
    return "".join("  ".join(row).rstrip() + "\n" for row in rows)
