#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Agents, queues and profiles of one server as a task.

Invariant: options become arguments and an answer becomes a result (`module_utils/seeding.py`); nothing is decided here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: seed
short_description: Bring agents, queues and profiles of a manifest into Motion's database
version_added: "0.1.0"
description:
  - Runs C(motionctl seed apply) on the server and returns what it says. All of a manifest is applied in one transaction, or nothing.
  - In check mode it plans, and fails where the change would be refused.
author:
  - The motionctl authors (@motionctl)
options:
  manifest:
    description: The manifest, a file on the server. It may be a plan saved by C(motionctl seed plan --out).
    type: path
  content:
    description: The manifest itself, in place of O(manifest). Values in it are shown in differences.
    type: str
  with:
    description: The values of a site for C({{ "{{ site.NAME }}" }}) in the manifest, a file on the server.
    type: path
  prune:
    description: Deletions that are allowed.
    type: list
    elements: str
    choices: [memberships, profiles, absent]
    default: []
  max_delete:
    description: Refuse a plan that deletes more rows than this.
    type: int
  accept:
    description: Findings that are accepted, by name.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - motionctl.fleet.program
attributes:
  check_mode:
    description: Plans; nothing is written.
    support: full
  diff_mode:
    description: The rows that come, change and go.
    support: full
seealso:
  - module: motionctl.fleet.migrate
"""

EXAMPLES = r"""
- name: Bring the profiles of this site
  motionctl.fleet.seed:
    content: "{{ lookup('ansible.builtin.file', 'team.yaml') }}"
    db: mysql:///motion2
"""

RETURN = r"""
outcome:
  description: The program's word for what happened; V(unknown) where it gave no answer.
  type: str
  returned: always
exit_code:
  description: The program's exit code.
  type: int
  returned: when it was run
stops:
  description: The codes of the findings that stop a change.
  type: list
  elements: str
  returned: when it was run
findings:
  description: All findings.
  type: list
  elements: dict
  returned: when it gave an answer
changes:
  description: What comes, changes and goes.
  type: list
  elements: dict
  returned: when it gave an answer
problems:
  description: What is wrong with the manifest, with file, line and column.
  type: list
  elements: dict
  returned: when it is wrong
details:
  description: Among others C(counts), C(rows) and C(verdict).
  type: dict
  returned: when it gave an answer
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.motionctl.fleet.plugins.module_utils.process import PROGRAM, leave, tool_of
from ansible_collections.motionctl.fleet.plugins.module_utils.seeding import seed


def main():
    many = {"type": "list", "elements": "str", "default": []}
    spec = dict(
        PROGRAM,
        manifest={"type": "path"},
        content={"type": "str"},
        prune=dict(many, choices=["memberships", "profiles", "absent"]),
        max_delete={"type": "int"},
        accept=many,
    )
    # A word of the language.
    spec["with"] = {"type": "path"}
    module = AnsibleModule(
        supports_check_mode=True,
        argument_spec=spec,
        mutually_exclusive=[("manifest", "content")],
        required_one_of=[("manifest", "content")],
    )
    leave(module, seed(tool_of(module), module.check_mode, module.params["content"]))


if __name__ == "__main__":
    main()
