"""Readers for what LoadGen writes.

Standard library only: a child interpreter without our dependencies imports it.
"""
