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
  executable:
    description: The program, when it is not the C(motionctl) of the path.
    type: path
  root:
    description: Look at the server tree below this folder instead of the server.
    type: path
  config:
    description: Settings, instead of C(/etc/motionctl/config.toml).
    type: path
  site:
    description: Motion's NGINX file, when it cannot be found.
    type: str
  server:
    description: Motion's server blocks, C(NAME) or C(NAME:PORT).
    type: list
    elements: str
    default: []
  nginx:
    description: NGINX's program, when it is not the C(nginx) of the path.
    type: path
  nginx_conf:
    description: NGINX's main file.
    type: str
  base:
    description: What the live file was made from, on the server. With it, local changes can be told and counted.
    type: path
  accept:
    description: Findings that are accepted, by name.
    type: list
    elements: str
    default: []
  db:
    description: The database that is asked who is logged in.
    type: str
  no_db:
    description: Ask no database.
    type: bool
    default: false
  defaults_file:
    description: An option file of MySQL's kind, on the server.
    type: path
  db_ca:
    description: The authority that signed the database server's certificate.
    type: path
  db_password:
    description: The database's password. It goes to the program in a file that only root can read, and is never shown.
    type: str
  map:
    description: The schema map.
    type: path
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
from ansible_collections.motionctl.fleet.plugins.module_utils.process import PROGRAM, tool_of
from ansible_collections.motionctl.fleet.plugins.module_utils.rows import of_server


def main():
    text = {"type": "str"}
    path = {"type": "path"}
    many = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        supports_check_mode=True,
        mutually_exclusive=[("db", "no_db")],
        argument_spec=dict(
            PROGRAM,
            root=path,
            site=text,
            server=many,
            nginx=path,
            nginx_conf=text,
            base=path,
            accept=many,
            no_db={"type": "bool", "default": False},
        ),
    )
    module.exit_json(changed=False, row=of_server(tool_of(module)))


if __name__ == "__main__":
    main()
