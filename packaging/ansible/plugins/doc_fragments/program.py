# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The options that several modules have, described once; `module_utils/process.py` has their types.

Invariant: read by `ansible-doc` alone.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    DOCUMENTATION = r"""
options:
  executable:
    description: The program, when it is not the C(motionctl) of the path.
    type: path
  config:
    description: Settings, instead of C(/etc/motionctl/config.toml).
    type: path
  db:
    description: The database, as a URL without a password.
    type: str
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
"""

    SERVER = r"""
options:
  root:
    description: Work on the server tree below this folder instead of the server.
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
    description: What the live file was made from, on the server.
    type: path
  no_db:
    description: Ask no database.
    type: bool
    default: false
"""
