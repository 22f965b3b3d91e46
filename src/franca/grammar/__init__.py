"""Layer 1: pure text. Command lines, references, versions, placeholders, shell lines, expressions."""
