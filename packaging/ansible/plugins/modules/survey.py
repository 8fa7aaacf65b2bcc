#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""One server's row of the survey as a task.

Invariant: only commands that read are run (`module_utils/rows.py`).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: survey
short_description: Look how a Motion server stands, for a table of a fleet
version_added: "0.1.0"
description:
  - Runs C(motionctl check), C(status), C(plan) and C(local list), and makes one row of what they say.
  - Nothing is changed on the server. What could not be seen is C(unknown).
author:
  - The motionctl authors (@motionctl)
options:
  accept:
    description: Findings that are accepted, by name.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - motionctl.fleet.program
  - motionctl.fleet.program.server
attributes:
  check_mode:
    description: It changes nothing anyway.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
seealso:
  - module: motionctl.fleet.migrate
"""

EXAMPLES = r"""
- name: Look
  motionctl.fleet.survey:
    no_db: true
  register: seen
"""

RETURN = r"""
row:
  description: One text for each column of the table.
  type: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.motionctl.fleet.plugins.module_utils.process import PROGRAM, SERVER, tool_of
from ansible_collections.motionctl.fleet.plugins.module_utils.rows import of_server


def main():
    module = AnsibleModule(
        supports_check_mode=True,
        mutually_exclusive=[("db", "no_db")],
        argument_spec=dict(PROGRAM, **SERVER),
    )
    module.exit_json(changed=False, row=of_server(tool_of(module)))


if __name__ == "__main__":
    main()
