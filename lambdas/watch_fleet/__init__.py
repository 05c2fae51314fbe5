"""The fleet's figures as metrics, and the VENs that have gone silent."""
