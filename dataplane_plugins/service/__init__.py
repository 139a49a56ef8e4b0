"""Plugins about the service itself: transactions, reloads, health, information, documents."""
