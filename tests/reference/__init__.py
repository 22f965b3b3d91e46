"""A second, naive reading of the script engine's specification, and the properties that compare Franca with it."""
