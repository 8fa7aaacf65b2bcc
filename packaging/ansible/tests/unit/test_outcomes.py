# -*- coding: utf-8 -*-
"""What a play says of a server, for every way that its tasks can end."""

from __future__ import absolute_import, division, print_function

import unittest

import support  # The path to what is tested.
from module_utils.outcomes import outcome, seconds, table

SKIPPED = {"skipped": True, "changed": False}
LOST = {"unreachable": True, "msg": "Connection closed"}
OLD = {"details": {"last_run": {"id": "1", "kind": "migrate", "outcome": "rolled-back"}}}
WAITS = {"outcome": "awaiting-confirmation", "changed": True, "exit_code": 0, "msg": "applied"}


def seen(run, kind="migrate", word="rolled-back"):
    return {"details": {"last_run": {"id": run, "kind": kind, "outcome": word}}}


def judged(within="5m", check_mode=False, **tasks):
    given = {
        "asked": {"rc": 0, "stdout": "installed"},
        "installed": SKIPPED,
        "before": OLD,
        "checked": {"outcome": "changes-pending", "exit_code": 0},
        "rehearsed": {"outcome": "ok", "exit_code": 0},
        "made": SKIPPED,
        "confirmed": SKIPPED,
        "later": SKIPPED,
    }
    given.update(tasks)
    return outcome(given, within, check_mode)


def failed(exit_code, words="because", **keys):
    return dict(keys, failed=True, exit_code=exit_code, msg=words)


class Outcomes(unittest.TestCase):
    def says(self, word, is_failed, words, result):
        self.assertEqual((result["outcome"], result["failed"]), (word, is_failed), result["says"])
        self.assertIn(words, result["says"])

    def test_it_is_confirmed_over_a_fresh_connection_or_says_that_it_cannot_tell(self):
        done = judged(made=WAITS, confirmed={"outcome": "ok", "fresh": True})
        self.says("confirmed", False, "over a fresh connection", done)
        done = judged(made=WAITS, confirmed={"outcome": "ok", "fresh": None})
        self.says("confirmed", False, "could not be told", done)

    def test_a_refusal_a_failed_rehearsal_and_a_failed_probe_are_three_things(self):
        self.says("refused", True, "because", judged(checked=failed(3)))
        self.says("failed", True, "because", judged(checked=failed(69)))
        self.says("rehearsal-failed", True, "nothing was changed", judged(rehearsed=failed(1)))
        self.says("rolled-back", True, "because", judged(made=failed(4)))
        self.says("refused", True, "because", judged(made=failed(3)))
        self.says("needs-operator", True, "because", judged(made=failed(5)))

    def test_a_server_that_was_lost_is_as_it_says_itself_afterwards(self):
        self.says("undone", True, "by itself", judged(made=LOST, later=seen("2")))
        self.says("undone", True, "by itself", judged(made=LOST, later=seen("2", "rollback", "applied")))
        # As ansible-core 2.16 says it.
        older = {"failed": True, "msg": "Failed to connect to the host via ssh: Connection refused"}
        self.says("undone", True, "by itself", judged(made=older, later=seen("2")))
        self.says("undone", True, "failed on the server", judged("", made=LOST, later=seen("2", word="failed")))
        self.says("waiting", True, "within 5m", judged(made=LOST, later=seen("2", word="awaiting-confirmation")))
        self.says("needs-operator", True, "recover", judged(made=LOST, later=seen("2", word="unfinished")))
        self.says("applied", False, "by somebody", judged(made=LOST, later=seen("2", word="applied")))

    def test_a_run_that_was_there_before_is_not_taken_for_the_new_one(self):
        self.says("not-begun", True, "nothing was changed", judged(made=LOST, later=OLD))
        nothing = {"details": {"last_run": None}}
        self.says("not-begun", True, "nothing was changed", judged(made=LOST, before=nothing, later=nothing))

    def test_a_server_that_is_not_found_again_is_never_said_to_be_as_before(self):
        for later in (SKIPPED, LOST, failed(69), {}):
            self.says("unknown", True, "within 5m unless", judged(made=LOST, later=later))
            self.says("unknown", True, "is not known", judged("", made=LOST, later=later))

    def test_an_answer_that_was_no_answer_is_as_a_lost_connection(self):
        killed = failed(-9, outcome="unknown", changed=True)
        self.says("undone", True, "no answer came", judged(made=killed, later=seen("2")))
        self.says("unknown", True, "no answer came", judged(made=killed))

    def test_a_confirmation_that_did_not_come_about_is_told_from_one_that_was_refused(self):
        self.says("undone", True, "no fresh connection", judged(made=WAITS, later=seen("2")))
        self.says("undone", True, "no fresh connection", judged(made=WAITS, confirmed=LOST, later=seen("2")))
        late = failed(3, "its time is over")
        self.says("undone", True, "its time is over", judged(made=WAITS, confirmed=late, later=seen("2")))

    def test_a_change_that_the_play_itself_objects_to_is_taken_back_at_once(self):
        self.says("undone", True, "taken back", judged(made=WAITS, taken_back={"outcome": "applied"}))
        result = judged(made=WAITS, taken_back=failed(3, "the lock"), later=seen("2"))
        self.says("undone", True, "so did taking it back: the lock; the server has undone it", result)

    def test_nothing_to_do_is_no_change_and_no_failure(self):
        self.says("up-to-date", False, "nothing to do", judged(checked={"outcome": "up-to-date"}, rehearsed=SKIPPED))

    def test_a_server_that_could_not_be_reached_was_not_begun(self):
        self.says("unreachable", True, "nothing was begun", judged(asked=LOST))
        self.says("unreachable", True, "nothing was begun", judged(before=LOST, checked=SKIPPED))
        self.says("unreachable", True, "nothing was begun", judged(checked=LOST))
        self.says("unreachable", True, "changes nothing", judged(rehearsed=LOST))
        self.says("failed", True, "not installed", judged(installed=failed(1)))
        self.says("unknown", True, "not looked at", judged(checked=SKIPPED))

    def test_check_mode_says_what_would_come(self):
        made = {"outcome": "changes-pending", "changed": True}
        self.says("would-change", False, "pending", judged(check_mode=True, made=made))
        result = judged(check_mode=True, asked={"rc": 1, "stdout": ""}, before=SKIPPED, checked=SKIPPED)
        self.says("would-change", False, "would be installed first", result)

    def test_the_table_has_every_server_of_the_play(self):
        lines = table({"a": judged(checked=failed(3)), "bb": {}}, ["a", "bb", "c"])
        self.assertEqual(
            lines,
            [
                "a   refused      because",
                "bb  not-reached  the play has not come to it",
                "c   not-reached  the play has not come to it",
            ],
        )


class Durations(unittest.TestCase):
    def test_they_are_read_as_the_program_reads_them(self):
        for text, value in [("30s", 30), ("10m", 600), ("1h30m", 5400), ("2d", 172800), ("", 0), (None, 0)]:
            self.assertEqual(seconds(text), value)
        for text in ("5", "m", "5 m", "five", "-5m"):
            self.assertRaises(ValueError, seconds, text)


if __name__ == "__main__":
    unittest.main()
