"""Backends: one small class per runtime (see ``franca.mlperf.inference.plugs.Backend``)."""
