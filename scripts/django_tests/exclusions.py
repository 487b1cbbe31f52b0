"""The tests that do not apply, each with the reason. They are run, and must fail: one that passes goes out."""

_DUMMY = "test_dummy_backend.DummyBackendTestCase."
_IMMEDIATE = "test_immediate_backend.ImmediateBackendTestCase."
_TASKS = "test_tasks.TaskTestCase."

_NO_PRIORITY = "sets a priority, which is not supported: no storage backend orders by one"
_OWN_LIST = "changes or empties the list that Django's dummy backend keeps in the process; records are elsewhere"
_SUPPORTED = "is about what Django's immediate backend cannot do, and this one can"
_BEHIND = "is about what Django 6 has added to the framework and the backport has not"

EXCLUDED = {
    f"{_TASKS}test_using_priority": _NO_PRIORITY,
    f"{_TASKS}test_invalid_priority": _NO_PRIORITY,
    f"{_TASKS}test_chained_using": _NO_PRIORITY,
    f"{_DUMMY}test_clear": _OWN_LIST,
    f"{_DUMMY}test_refresh_result": _OWN_LIST,
    f"{_DUMMY}test_refresh_result_async": _OWN_LIST,
    f"{_IMMEDIATE}test_cannot_get_result": _SUPPORTED,
    f"{_IMMEDIATE}test_cannot_refresh_result": _SUPPORTED,
    f"{_IMMEDIATE}test_cannot_pass_run_after": _SUPPORTED,
    f"{_IMMEDIATE}test_complex_return_value": "wants a task to fail whose return value is no JSON; it is not stored, "
    "so a task that did its work has succeeded",
    f"{_IMMEDIATE}test_throws_keyboard_interrupt": "wants the exception to leave enqueue(); a worker outlives every "
    "exception of a task, and this one fails the attempt",
}

EXCLUDED_ON_BACKPORT = {
    f"{_TASKS}test_pickle_task": _BEHIND,
    f"{_TASKS}test_pickle_task_result": _BEHIND,
    f"{_TASKS}test_unpickle_arbitrary_string": _BEHIND,
    f"{_TASKS}test_unpickle_non_task_object": _BEHIND,
    f"{_TASKS}test_run_after_in_decorator": _BEHIND,
    "test_custom_backend.CustomBackendTestCase.test_no_enqueue": "wants the words of Python 3.12 in a TypeError of "
    "Python, which 3.11 puts otherwise",
}
