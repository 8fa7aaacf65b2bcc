# -*- coding: utf-8 -*-
"""The survey: one row a server, and the table of a fleet as CSV and HTML.

Invariant: what was not seen is `unknown`, and never an empty cell or a zero; nothing that a server says becomes a formula or
a tag. `of_server` runs on the servers, as `tool.py` does; the rest where Ansible is started.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .outcomes import lined_up, said
from .tool import stops

COLUMNS = [
    ("host", "host"),
    ("verdict", "verdict"),
    ("motionctl", "motionctl"),
    ("os", "system"),
    ("nginx", "NGINX"),
    ("motion", "Motion"),
    ("route", "new client"),
    ("base", "base known"),
    ("at_risk", "local changes at risk"),
    ("overwritten", "overwritten since"),
    ("stops", "stopped by"),
    ("says", "in words"),
]
UNKNOWN = "unknown"
# How a file stands against the record that the last change left, by `status`.
OVERWRITTEN = {
    "none": "never changed",
    "as-left": "no",
    "vendor-on-request": "on request",
    "edited": "edited",
    "overwritten": "yes",
    "moved": "yes",
}


def of_server(tool):
    """Asks the program of one server. Four commands that only read."""
    check = tool.ask("check")
    status = tool.ask("status")
    if not check.is_known or not status.is_known:
        broken = status if check.is_known else check
        return {"verdict": "failed", "says": broken.reason()}
    plan = tool.ask("plan", more=["--strategy", "replace"])
    kept = tool.ask("local list")
    return row(*[answer.document or {} for answer in (check, status, plan, kept)])


def row(check, status, plan, kept):
    """The row of the documents; a command that failed has one, too."""
    host = check.get("host") or {}
    details = status.get("details") or {}
    base, at_risk = local_changes(plan, kept, details)
    return {
        "verdict": verdict(check, details),
        "motionctl": check["version"],
        "os": host.get("os") or UNKNOWN,
        "nginx": host.get("nginx") or UNKNOWN,
        "motion": host.get("motion") or UNKNOWN,
        "route": details.get("route") or UNKNOWN,
        "base": base,
        "at_risk": at_risk,
        "overwritten": OVERWRITTEN.get(details.get("record"), UNKNOWN),
        "stops": " ".join(sorted(set(stops(check)))) or ("none" if check["exit_code"] in (0, 3) else UNKNOWN),
        "says": words(check, details),
    }


def verdict(check, details):
    if check["exit_code"] in (0, 3) and details.get("confirmation"):
        return "waits for its confirmation"
    if check["exit_code"] == 0:
        return {"up-to-date": "up to date", "changes-pending": "ready"}.get(check["outcome"], "nothing can be changed")
    return {3: "stopped", 65: "invalid", 69: "could not look"}.get(check["exit_code"], "failed")


def words(check, details):
    error = check.get("error") or {}
    stands = details.get("verdict")
    text = error.get("message") or (check.get("details") or {}).get("verdict") or stands or check["outcome"]
    # What an update took away says more than that the route is missing.
    overwritten = OVERWRITTEN.get(details.get("record")) == "yes"
    return "%s; %s" % (stands, text) if overwritten and stands else text


def local_changes(plan, kept, details):
    """Whether it is known what Motion's file was made from, and how many changes of the customer's writing over it would
    lose for good."""
    facts = kept.get("details") or {}
    if kept.get("exit_code") == 0 and "not_kept" in facts:
        # They are recorded; what was edited since and not recorded is what would be lost.
        base = "yes" if facts.get("base") == "vendor" else "no"
        return base, str(len(facts["not_kept"]))
    change = plan.get("plan") or {}
    if change.get("base"):
        lists = change["local_changes"]
        return "yes", str(sum(len(lists[name]) for name in ("carried", "conflicting", "dropped")))
    return ("no" if plan.get("exit_code") in (0, 2) else UNKNOWN), UNKNOWN


def of_fleet(results, hosts):
    """The rows of a fleet: `results` is by name what the task returned, `hosts` are all that were to be looked at."""
    rows = []
    for host in hosts:
        result = results.get(host) or {}
        values = result.get("row") or {}
        if result.get("unreachable"):
            values = {"verdict": "unreachable", "says": said(result)}
        elif not values:
            values = {"verdict": "failed", "says": said(result)}
        rows.append(dict((key, str(values.get(key) or UNKNOWN)) for key, _title in COLUMNS))
        rows[-1]["host"] = host
    return rows


def as_lines(rows):
    """One line a server, for people."""
    return lined_up([(row["host"], row["verdict"], row["says"]) for row in rows]) if rows else []


def as_csv(rows):
    """RFC 4180, for spreadsheets: what one would take for a formula gets an apostrophe."""
    lines = [",".join(quoted(title) for _key, title in COLUMNS)]
    lines += [",".join(quoted(row[key]) for key, _title in COLUMNS) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def quoted(text):
    text = " ".join(text.split())
    if text[:1] in ("=", "+", "-", "@"):
        text = "'" + text
    if any(letter in text for letter in ',";'):
        text = '"' + text.replace('"', '""') + '"'
    return text


STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .35em .7em; border-bottom: 1px solid #ddd; }
thead th { position: sticky; top: 0; background: #f4f4f4; }
.good td:first-of-type { border-left: 4px solid #2e7d32; }
.open td:first-of-type { border-left: 4px solid #f9a825; }
.bad td:first-of-type { border-left: 4px solid #c62828; }
"""
KINDS = {"up to date": "good", "ready": "open", "waits for its confirmation": "open", "nothing can be changed": "open"}


def as_html(rows, when=""):
    """One page that loads nothing."""
    head = "".join('<th scope="col">%s</th>' % escaped(title) for _key, title in COLUMNS)
    counts = {}
    for row in rows:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    summary = ", ".join("%d %s" % (counts[word], word) for word in sorted(counts, key=lambda word: -counts[word]))
    body = []
    for row in rows:
        cells = "".join("<td>%s</td>" % escaped(row[key]) for key, _title in COLUMNS)
        body.append('<tr class="%s">%s</tr>' % (KINDS.get(row["verdict"], "bad"), cells))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Motion servers</title>\n<style>%s</style>\n<h1>Motion servers</h1>\n<p>%s</p>\n"
        "<table>\n<thead><tr>%s</tr></thead>\n<tbody>\n%s\n</tbody>\n</table>\n</html>\n"
        % (STYLE, escaped("%d servers: %s. %s" % (len(rows), summary or "none", when)), head, "\n".join(body))
    )


def escaped(text):
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(letter, "&%s;" % name)
    return text
