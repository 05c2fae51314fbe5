"""What an event delivered."""
