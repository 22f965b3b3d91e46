"""Where jobs run (launchers) and what they are wrapped in (containers); their product is every runner."""
