"""What the VEN keeps on disk: messages not yet acknowledged, commands, and its state."""
