"""Stands for ``cmind`` in programs that native scripts start; see franca.compat.child_modules."""

import franca_stub  # type: ignore[import-not-found]  # beside this folder, see there

franca_stub.hand_over("cmind")
