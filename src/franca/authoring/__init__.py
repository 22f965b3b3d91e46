"""Layer 6: writing content: scaffolds, lint, tests and pages of scripts, adoption of existing projects."""
