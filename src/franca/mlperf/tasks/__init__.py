"""The official benchmark tasks: one data set and one metric each, and the scoring of an accuracy log alone.

A data set reads the official files as they lie on disk; a metric judges what the accuracy log holds in the
official encoding and writes the official line (mlperf-inference section 8.4). Both are plug-ins of the harness
(``franca.mlperf.inference.plugs``) and load in its child: standard library and numpy, everything else late.
``catalog`` has the table of tasks, ``score`` the command.
"""
