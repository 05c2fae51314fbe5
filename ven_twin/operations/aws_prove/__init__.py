"""A throw-away stage that is deployed, used and destroyed: its cost, its remains, and the evidence of it."""
