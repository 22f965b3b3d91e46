"""What the hooks of recipes (``customize.py``) share: finding a tool, and taking a file that the user already has.

Hooks get and return the dictionaries of the language; so do these functions. Nothing here imports the engine.
"""
