"""What happens around a change: history, plan, apply, drift, references, simulation, events."""
