"""Data sets: one small class per set (see ``franca.mlperf.inference.plugs.Dataset``)."""
