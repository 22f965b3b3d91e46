"""Layer 8: the ``franca`` command. Commands are data (``tables``), what they do is in ``commands``."""
