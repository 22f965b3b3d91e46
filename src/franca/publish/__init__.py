"""Publishing: reports and documents made from records."""
