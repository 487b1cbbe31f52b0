"""The tests: one module an area, each with a class `…Tests` whose tests carry the rule they try.

A new module is found by itself. `conformance_suite` makes one class of all of them.
"""
