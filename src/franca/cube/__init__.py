"""MLCube: read and check a cube, turn its tasks into jobs, run them and keep the record."""
