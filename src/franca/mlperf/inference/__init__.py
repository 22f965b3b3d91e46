"""The inference harness: one request in, LoadGen runs in fresh processes, typed results out.

Two sides share this package. The *parent* (``campaign``, ``runner``, ``results`` ...) runs in Franca's own
interpreter. The *child* (``child``, ``job``, ``sut``, ``backends``, ``datasets``, ``metrics`` ...) runs in the
interpreter that has LoadGen and the runtime, one process per scenario and mode; it imports the standard
library, numpy, ``mlperf_loadgen`` and the backend's runtime, nothing else.
"""
