# -*- coding: utf-8 -*-
"""Speaks to motionctl by what it promises to scripts: options, `--json` and exit codes (docs/commands.md).

Invariant: nothing is changed but by the program; what an answer does not say is not known, and never "nothing".
It runs on the servers: Python 2.7 to 3.13, standard library alone, and without Ansible, so that it can be tested.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

# How a value becomes arguments.
ONE, EACH, JOINED, FLAG = "one", "each", "joined", "flag"

SITE = [
    ("site", ONE),
    ("server", EACH),
    ("nginx", ONE),
    ("nginx_conf", ONE),
    ("bundle", ONE),
    ("new_client_root", ONE),
    ("new_client_upstream", ONE),
    ("inherit_guards", FLAG),
    ("accept", JOINED),
    ("no_sandbox", FLAG),
]
DATABASE = [("db", ONE), ("no_db", FLAG), ("defaults_file", ONE), ("db_ca", ONE), ("map", ONE)]
CHANGE = SITE + [
    ("strategy", ONE),
    ("candidate", ONE),
    ("base", ONE),
    ("local_include", ONE),
    ("resolve", EACH),
    ("resolve_file", ONE),
    ("carry", ONE),
    ("take", EACH),
    ("reload_timeout", ONE),
]
SEED_CHANGE = DATABASE + [("prune", JOINED), ("max_delete", ONE), ("accept", JOINED), ("with", ONE)]
# The options of each command. What a command does not have is left out: a task names all that its change needs, and
# the check before it needs less.
COMMANDS = {
    "check": SITE + DATABASE,
    "status": SITE + DATABASE,
    "plan": CHANGE + DATABASE,
    "rehearse": CHANGE + [("load", ONE), ("keep", ONE)],
    "apply": CHANGE + DATABASE + [("wait_idle", ONE), ("confirm_within", ONE)],
    "rollback": [
        ("nginx", ONE),
        ("nginx_conf", ONE),
        ("no_sandbox", FLAG),
        ("reload_timeout", ONE),
        ("whole_tree", FLAG),
    ],
    "confirm": [],
    "local list": [],
    "seed plan": SEED_CHANGE,
    "seed apply": SEED_CHANGE,
}
# What each exit code says of the server, for one line of a play's result.
STATES = {
    1: "failed, nothing was changed",
    2: "changes are pending",
    3: "refused, nothing was changed",
    4: "rolled back, the old configuration is proven to serve",
    5: "an operator is needed on the server before anything else is done",
    64: "wrong usage, nothing was changed",
    65: "bad input, nothing was changed",
    69: "could not look, nothing was changed",
}


def arguments(command, options, positional=(), more=()):
    """The words of a command line, without the program."""
    words = ["--json", "--no-input"]
    for name in ("root", "config"):
        if options.get(name):
            words += ["--" + name, options[name]]
    words += command.split(" ")
    for name, how in COMMANDS[command]:
        value = options.get(name)
        flag = "--" + name.replace("_", "-")
        if value is None or value is False or value == [] or value == "":
            continue
        if how == FLAG:
            words.append(flag)
        elif how == JOINED:
            words += [flag, ",".join(value)]
        elif how == EACH:
            for one in value:
                words += [flag, one]
        else:
            words += [flag, str(value)]
    words += list(more)
    # What stands behind the two dashes is no option, whatever it begins with.
    return words + (["--"] + list(positional) if positional else [])


class Answer(object):
    """What one run of the program said."""

    def __init__(self, exit_code, out, err=""):
        self.exit_code = exit_code
        self.document = document(exit_code, out)
        self.said = err.strip().splitlines()[-1:] or [""]

    @property
    def is_known(self):
        """Whether it ended as the program ends. One that was killed, or that is another program, says nothing."""
        return self.document is not None

    @property
    def outcome(self):
        return self.document["outcome"] if self.is_known else "unknown"

    @property
    def stops(self):
        """The codes of the findings that stop a change."""
        return stops(self.document) if self.is_known else []

    def reason(self):
        """Why it failed, in one line."""
        if not self.is_known:
            return "motionctl ended with %s and gave no answer: %s" % (self.exit_code, self.said[0])
        error = self.document.get("error") or {}
        state = STATES.get(self.exit_code)
        words = error.get("message") or ", ".join(self.stops) or self.outcome
        codes = [code for code in self.stops if code not in words]
        if error.get("message") and codes:
            words += " (%s)" % ", ".join(codes)
        if error.get("hint"):
            words += "; " + error["hint"]
        return "%s: %s" % (state, words) if state else words

    def result(self):
        """What a task returns of it: the document's own keys, and the stops by their names."""
        if not self.is_known:
            return {"outcome": "unknown", "exit_code": self.exit_code, "stops": []}
        result = dict((key, self.document[key]) for key in self.document if key not in ("tool", "format"))
        result["stops"] = self.stops
        return result


def document(exit_code, out):
    """The one document of an answer; none where this is not what the program promises."""
    try:
        value = json.loads(out)
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("tool") != "motionctl" or value.get("format") != 1:
        return None
    return value if value.get("exit_code") == exit_code else None


def stops(value):
    return [
        finding["code"]
        for finding in value.get("findings") or []
        if finding["level"] == "stop" and not finding["accepted"]
    ]


class Tool(object):
    """The program on this server."""

    def __init__(self, program, run, options):
        """`run(words, data, environment)` gives exit code, output and messages."""
        self.program = program
        self.run = run
        self.options = options

    def ask(self, command, positional=(), more=(), data=None, environment=None):
        words = [self.program] + arguments(command, self.options, positional, more)
        return Answer(*self.run(words, data, environment or {}))


def connection(pid=None, proc="/proc"):
    """The SSH connection that this process came by, as sshd names it: two addresses, two ports. None where it came by
    no such way, or where that cannot be read. `sudo` takes the variable out of the environment, the processes above it
    still have it."""
    pid = os.getpid() if pid is None else pid
    while pid > 1:
        folder = os.path.join(proc, str(pid))
        try:
            with open(os.path.join(folder, "environ"), "rb") as file:
                words = file.read().split(b"\0")
            with open(os.path.join(folder, "stat"), "rb") as file:
                # The name of the program is the second field, in brackets, and may hold anything.
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (IOError, OSError, ValueError, IndexError):
            return None
        for word in words:
            if word.startswith(b"SSH_CONNECTION="):
                return word[len(b"SSH_CONNECTION=") :].decode("utf-8", "replace")
        pid = parent
    return None
