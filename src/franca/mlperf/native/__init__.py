"""The C++ harness: building it, and driving one run of it (mlperf-inference sections 5.4 and 6).

``cpp`` holds its sources. It is built on the user's machine against the LoadGen of the PyPI source package, when
asked for; the wheel remains the default.
"""
