#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The migration of one server as a task.

Invariant: options become arguments and an answer becomes a result (`module_utils/migration.py`); nothing is decided here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: migrate
short_description: Bring the new client to a Motion server, or look whether it is there
version_added: "0.1.0"
description:
  - Runs C(motionctl) on the server and returns what it says.
  - In check mode O(state=applied) plans the change with all options of the change and fails where the change would be
    refused; with C(--diff) the difference is shown, redacted as everything that C(motionctl) shows.
  - The option O(confirm_within) has the server undo the change by itself unless a later task with O(state=confirmed) comes in time.
author:
  - The motionctl authors (@motionctl)
options:
  state:
    description:
      - V(checked) looks whether a change would go ahead, and fails where something stops it. Changes nothing.
      - V(seen) says whether the route is served, whether files have drifted and what the last run was (C(motionctl status)). Changes nothing.
      - V(rehearsed) does the whole change on a private copy of the server. Changes nothing, also not outside of check mode.
      - V(applied) makes the change.
      - V(confirmed) keeps a change that waits for its confirmation.
      - V(rolled_back) undoes the newest change.
    type: str
    choices: [checked, seen, rehearsed, applied, confirmed, rolled_back]
    default: applied
  bundle:
    description: A folder with templates, on the server.
    type: path
  new_client_root:
    description: The folder that holds the new client.
    type: str
  new_client_upstream:
    description: The process that serves the new client, as a URL.
    type: str
  inherit_guards:
    description: Copy what guards today's pages into the new client's location.
    type: bool
    default: false
  accept:
    description: Findings that are accepted, by name.
    type: list
    elements: str
    default: []
  no_sandbox:
    description: Where the kernel refuses a sandbox, validate after installing, and undo at once on failure.
    type: bool
    default: false
  strategy:
    description: How the new file comes about.
    type: str
    choices: [merge, graft, replace]
  candidate:
    description: The vendor's own new file, on the server.
    type: path
  local_include:
    description: Move local locations into this file.
    type: str
  resolve:
    description: Decisions of conflicts, C(PATH=ours) or C(PATH=theirs).
    type: list
    elements: str
    default: []
  resolve_file:
    description: A file with decisions, on the server.
    type: path
  carry:
    description: Bring back what the live file lost against this old copy, on the server.
    type: path
  take:
    description: Paths of what is only offered and is to be taken.
    type: list
    elements: str
    default: []
  reload_timeout:
    description: How long a reload may take, such as V(30s).
    type: str
  load:
    description: With O(state=rehearsed), at least this many requests during the reload.
    type: int
  keep:
    description: With O(state=rehearsed), keep the files and NGINX's logs in this folder.
    type: path
  plan:
    description: With O(state=applied), a plan saved by C(motionctl plan --out), on the server.
    type: path
  wait_idle:
    description: With O(state=applied), wait up to this long until nobody is logged in, such as V(30m).
    type: str
  confirm_within:
    description:
      - With O(state=applied), undo the change unless it is confirmed in time, such as V(5m).
      - Refused where the promise cannot be kept, as without systemd.
    type: str
  not_over:
    description:
      - With O(state=confirmed), the RV(connection) that made the change. A confirmation over the same connection is refused,
        since it does not show that the server can still be reached.
    type: str
  backup:
    description: With O(state=rolled_back), undo the run that made this backup.
    type: str
  whole_tree:
    description: With O(state=rolled_back), restore everything in the backup.
    type: bool
    default: false
extends_documentation_fragment:
  - motionctl.fleet.program
  - motionctl.fleet.program.server
attributes:
  check_mode:
    description: O(state=applied) plans, O(state=confirmed) and O(state=rolled_back) look whether there is something to do; the rest changes nothing anyway.
    support: full
  diff_mode:
    description: The difference of the configuration, redacted.
    support: full
seealso:
  - module: motionctl.fleet.seed
"""

EXAMPLES = r"""
- name: Make the change, undone by itself unless it is confirmed
  motionctl.fleet.migrate:
    confirm_within: 5m
  register: made

- name: Close the connection
  ansible.builtin.meta: reset_connection

- name: Keep the change
  motionctl.fleet.migrate:
    state: confirmed
    not_over: "{{ made.connection }}"
  when: made.outcome == 'awaiting-confirmation'
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
  description: All findings, with C(code), C(level), C(title), C(evidence), C(advice) and C(accepted).
  type: list
  elements: dict
  returned: when it gave an answer
plan:
  description: Strategy, file, steps, what became of local changes, and the difference.
  type: dict
  returned: where there is something to do
details:
  description: What the command has to say besides, such as C(verdict) and C(confirmation).
  type: dict
  returned: where there is any
error:
  description: C(message) and C(hint) of a failure.
  type: dict
  returned: when it gave an answer
connection:
  description: The SSH connection that the task came by, and nothing where it came by another way.
  type: str
  returned: always
fresh:
  description: With O(state=confirmed), whether this is another connection than O(not_over). Nothing where it cannot be told.
  type: bool
  returned: with O(state=confirmed)
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.motionctl.fleet.plugins.module_utils.migration import STATES, confirmed
from ansible_collections.motionctl.fleet.plugins.module_utils.process import PROGRAM, SERVER, leave, tool_of
from ansible_collections.motionctl.fleet.plugins.module_utils.tool import connection


def main():
    text = {"type": "str"}
    path = {"type": "path"}
    flag = {"type": "bool", "default": False}
    many = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        supports_check_mode=True,
        mutually_exclusive=[("db", "no_db"), ("new_client_root", "new_client_upstream"), ("carry", "candidate")],
        argument_spec=dict(
            PROGRAM,
            state={"type": "str", "choices": sorted(STATES), "default": "applied"},
            bundle=path,
            new_client_root=text,
            new_client_upstream=text,
            inherit_guards=flag,
            no_sandbox=flag,
            strategy={"type": "str", "choices": ["merge", "graft", "replace"]},
            candidate=path,
            local_include=text,
            resolve=many,
            resolve_file=path,
            carry=path,
            take=many,
            reload_timeout=text,
            load={"type": "int"},
            keep=path,
            plan=path,
            wait_idle=text,
            confirm_within=text,
            not_over=text,
            backup=text,
            whole_tree=flag,
            **SERVER
        ),
    )
    tool = tool_of(module)
    state = module.params["state"]
    over = connection()
    if state == "confirmed":
        result = confirmed(tool, module.check_mode, over)
    else:
        result = STATES[state](tool, module.check_mode)
    leave(module, dict(result, connection=over))


if __name__ == "__main__":
    main()
