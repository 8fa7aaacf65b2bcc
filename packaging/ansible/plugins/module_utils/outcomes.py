# -*- coding: utf-8 -*-
"""What became of a server in a play, in one word and one sentence, from what its tasks returned.

Invariant: a task that did not run says nothing, and a server that could not be asked is never said to be as it was. Pure.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# Those that fail the server in the play.
BAD = {
    "unreachable",
    "failed",
    "refused",
    "rehearsal-failed",
    "rolled-back",
    "needs-operator",
    "undone",
    "not-begun",
    "waiting",
    "unknown",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration):
    """`1h30m` in seconds; 0 of nothing."""
    total, number = 0, ""
    for letter in str(duration or ""):
        if letter.isdigit():
            number += letter
        elif letter in UNITS and number:
            total, number = total + int(number) * UNITS[letter], ""
        else:
            raise ValueError("not a duration: %s" % duration)
    if number:
        raise ValueError("a duration without a unit: %s" % duration)
    return total


def ran(result):
    return bool(result) and not result.get("skipped")


def outcome(tasks, within="", check_mode=False):
    """`tasks` has what was registered: `installed`, `before`, `checked`, `rehearsed`, `made`, `taken_back`,
    `confirmed`, `later`. Gives `outcome`, `says` and `failed`."""
    word, says = judged(tasks, within, check_mode)
    return {"outcome": word, "says": says, "failed": word in BAD}


def judged(tasks, within, check_mode):
    for name, what in (
        ("asked", "the package"),
        ("installed", "the package"),
        ("before", "a look"),
        ("checked", "the check"),
    ):
        result = tasks.get(name)
        if ran(result) and result.get("unreachable"):
            return "unreachable", "could not be reached for %s; nothing was begun" % what
    installed = tasks.get("installed")
    if ran(installed) and installed.get("failed"):
        messages = str(installed.get("stderr") or said(installed)).strip().splitlines()
        return "failed", "the package was not installed: %s" % (messages or ["no reason was given"])[-1]
    if check_mode and ran(tasks.get("asked")) and tasks["asked"].get("stdout") != "installed":
        return "would-change", "the package would be installed first; what would come then is not known before"
    before = tasks.get("before")
    if ran(before) and before.get("failed"):
        return refused(before), said(before)
    checked = tasks.get("checked")
    if not ran(checked):
        return "unknown", "was not looked at"
    if checked.get("failed"):
        return refused(checked), said(checked)
    if checked.get("outcome") == "up-to-date":
        return "up-to-date", "up to date: nothing to do"
    rehearsed = tasks.get("rehearsed")
    if ran(rehearsed) and rehearsed.get("unreachable"):
        return "unreachable", "was lost during the rehearsal, which changes nothing"
    if ran(rehearsed) and rehearsed.get("failed"):
        return "rehearsal-failed", "the rehearsal failed, nothing was changed: %s" % said(rehearsed)
    return of_change(tasks, within, check_mode)


def of_change(tasks, within, check_mode):
    made = tasks.get("made")
    if not ran(made):
        return "unknown", "the change was not asked for"
    if made.get("unreachable") or made.get("failed") and not made.get("exit_code"):
        # A connection that breaks while a task runs is unreachable to newer Ansibles and failed to older ones.
        return of_later(tasks, within, "the connection was lost while the change was made")
    if made.get("outcome") == "unknown":
        return of_later(tasks, within, "the change was begun, and no answer came: %s" % said(made))
    if made.get("failed"):
        word = {4: "rolled-back", 5: "needs-operator"}.get(made.get("exit_code"), refused(made))
        return word, said(made)
    if check_mode:
        return ("would-change", "changes are pending") if made.get("changed") else ("up-to-date", "nothing to do")
    if made.get("outcome") != "awaiting-confirmation":
        return made.get("outcome") or "unknown", said(made)
    confirmed = tasks.get("confirmed")
    if ran(confirmed) and not confirmed.get("failed") and not confirmed.get("unreachable"):
        if confirmed.get("fresh"):
            return "confirmed", "applied, and confirmed over a fresh connection"
        return "confirmed", "applied and confirmed; whether over a fresh connection could not be told"
    back = tasks.get("taken_back")
    if ran(back) and not back.get("failed") and not back.get("unreachable"):
        return "undone", "applied, and taken back, since a task before the confirmation failed"
    why = "applied, but no fresh connection came about"
    if ran(back):
        why = "applied, a task before the confirmation failed, and so did taking it back: %s" % said(back)
    if ran(confirmed) and not confirmed.get("unreachable"):
        why = "applied, but not confirmed: %s" % said(confirmed)
    return of_later(tasks, within, why)


def of_later(tasks, within, why):
    """A change that was not confirmed, or of which no answer came: what the server says of it afterwards."""
    later = tasks.get("later")
    promised = " within %s unless somebody confirms it" % within if within else ""
    if not ran(later) or later.get("unreachable") or later.get("failed") or "details" not in later:
        end = "; the server was not reached again"
        if within:
            return "unknown", why + end + ". motionctl on it undoes the change" + promised + "; see for yourself"
        return "unknown", why + end + ": what stands there is not known"
    run = later["details"].get("last_run") or {}
    before = (tasks.get("before") or {}).get("details", {}).get("last_run") or {}
    if run.get("id") == before.get("id"):
        return "not-begun", why + ", before it began: nothing was changed"
    word = run.get("outcome")
    if word in ("rolled-back", "failed") or run.get("kind") == "rollback":
        end = "; the server has undone it by itself" if within else "; it failed on the server and was undone"
        return "undone", why + end + ", and the old configuration is back"
    if word == "awaiting-confirmation":
        return "waiting", why + "; it still waits, and the server undoes it" + promised
    if word == "applied":
        return "applied", why + "; by now the change stands there" + (", confirmed by somebody" if within else "")
    return "needs-operator", why + "; the run is unfinished: run `motionctl recover` there"


def refused(result):
    return "refused" if result.get("exit_code") == 3 else "failed"


def said(result):
    text = str(result.get("msg") or result.get("outcome") or "no reason was given")
    # What newer Ansibles put in front of a connection's own words.
    return text[len("Task failed: ") :] if text.startswith("Task failed: ") else text


def table(outcomes, hosts):
    """One line a server, for people; `outcomes` is by name, `hosts` are all that the play is for."""
    known = {"outcome": "not-reached", "says": "the play has not come to it"}
    rows = [(host, (outcomes.get(host) or known)) for host in hosts]
    if not rows:
        return []
    return lined_up([(host, row["outcome"], row["says"]) for host, row in rows])


def lined_up(rows):
    """Rows of three texts, the first two as wide as the widest of them."""
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return ["  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2]]) for row in rows]
