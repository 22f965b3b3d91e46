"""Scripts in containers: from a script's meta and a request to a Dockerfile and the commands of an engine."""
