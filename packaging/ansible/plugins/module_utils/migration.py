# -*- coding: utf-8 -*-
"""What the module `migrate` does: one state, one command, and what its answer says of the server.

Invariant: `changed` is true only where the answer says so, or where it cannot be known any more. Runs on the servers, as
`tool.py` does.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# Whether a migration of the journal still stands, by `status`.
STANDS = ("applied", "awaiting-confirmation", "unfinished")


def checked(tool, _check_mode):
    answer = tool.ask("check")
    return judged(answer, changed=False, good=(0,))


def rehearsed(tool, _check_mode):
    # A rehearsal changes nothing of the server, so that it is the same in check mode.
    answer = tool.ask("rehearse")
    return judged(answer, changed=False, good=(0,))


def seen(tool, _check_mode):
    answer = tool.ask("status")
    return judged(answer, changed=False, good=(0,))


def applied(tool, check_mode):
    plan = [tool.options["plan"]] if tool.options.get("plan") else []
    if check_mode:
        # With all options of the change itself, so that what would refuse it refuses this.
        answer = tool.ask("apply", plan, ["--dry-run"])
        return judged(answer, answer.outcome == "changes-pending", good=(0,))
    answer = tool.ask("apply", plan, ["--yes"])
    # Of a run that ended without an answer, or with an operator needed, it is not known what stands there.
    changed = answer.outcome in ("applied", "awaiting-confirmation", "needs-operator", "unknown")
    return judged(answer, changed, good=(0,))


def confirmed(tool, check_mode, connection=None):
    before = tool.options.get("not_over")
    # Without both it cannot be told; `fresh` says so, and the change is kept, as by a person who types the command.
    fresh = None if not before or not connection else before != connection
    if fresh is False:
        return {
            "failed": True,
            "changed": False,
            "fresh": False,
            "outcome": "refused",
            "msg": "not confirmed: this is the connection by which the change was made, and proves nothing; "
            "open another one first (meta: reset_connection)",
        }
    if check_mode:
        answer = tool.ask("status")
        waits = answer.is_known and bool((answer.document.get("details") or {}).get("confirmation"))
        result = judged(answer, changed=waits, good=(0,))
    else:
        answer = tool.ask("confirm")
        result = judged(answer, changed=answer.outcome == "ok", good=(0,))
    result["fresh"] = fresh
    return result


def rolled_back(tool, check_mode):
    backup = tool.options.get("backup")
    if check_mode:
        answer = tool.ask("status")
        result = judged(answer, changed=False, good=(0,))
        if backup or tool.options.get("whole_tree"):
            result["msg"] = "what a named backup would bring back is shown by no command but the rollback itself"
            result["skipped"] = True
        elif answer.is_known:
            run = (answer.document.get("details") or {}).get("last_run") or {}
            result["changed"] = run.get("kind") == "migrate" and run.get("outcome") in STANDS
        return result
    answer = tool.ask("rollback", [backup] if backup else [], ["--yes"])
    changed = answer.outcome in ("applied", "needs-operator", "unknown")
    return judged(answer, changed, good=(0,))


def judged(answer, changed, good):
    """What a task returns. An exit code that nobody expected here is a failure."""
    result = answer.result()
    failed = not answer.is_known or answer.exit_code not in good
    result.update(failed=failed, changed=changed)
    if failed:
        result["msg"] = answer.reason()
    else:
        details = result.get("details") or {}
        result["msg"] = details.get("verdict") or answer.outcome
    unified = ((result.get("plan") or {}).get("diff") or {}).get("unified")
    if unified:
        result["diff"] = {"prepared": unified}
    return result


STATES = {
    "checked": checked,
    "seen": seen,
    "rehearsed": rehearsed,
    "applied": applied,
    "confirmed": confirmed,
    "rolled_back": rolled_back,
}
