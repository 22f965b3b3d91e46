"""Layer 0: the nouns. Frozen records and closed sets; nothing here reads or writes anything."""
