"""Who may have a revision: strategies, roll-outs, overlays, and the member that leads."""
