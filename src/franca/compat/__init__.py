"""Layer 7: the worlds that Franca took over, as they knew themselves.

Everything that speaks in free-form dictionaries lives here and nowhere else: ``access`` of CM and MLC,
their console commands, the modules that content imports, and the object that ``customize.py`` is given.
"""
