# -*- coding: utf-8 -*-
"""What the tests of the collection share: answers as the program gives them, and a program that gives them.

Invariant: neither Ansible nor a server is needed; the code under test is what runs on the servers.
"""

from __future__ import absolute_import, division, print_function

import json
import os
import sys

# Below it lies the package `module_utils`; in an installed collection it has a longer name.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins"))


def finding(code, level, accepted=False):
    return {"code": code, "level": level, "title": code, "evidence": [], "advice": "", "accepted": accepted}


def document(command, outcome, exit_code, **keys):
    value = {
        "tool": "motionctl",
        "version": "0.1.0",
        "format": 1,
        "command": command,
        "outcome": outcome,
        "exit_code": exit_code,
        "findings": [],
        "error": None,
    }
    value.update(keys)
    return value


class Program(object):
    """Gives one answer after the other and notes what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.data = []
        self.environment = []

    def __call__(self, words, data, environment):
        self.asked.append(words[1:])
        self.data.append(data)
        self.environment.append(environment)
        answer = self.answers.pop(0)
        if isinstance(answer, dict):
            return answer["exit_code"], json.dumps(answer), "progress\n"
        return answer
