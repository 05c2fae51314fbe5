"""The fleet's figures as metrics, and who has gone silent."""
