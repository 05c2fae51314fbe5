"""The VEN's files: messages not yet acknowledged, commands, and its state."""
