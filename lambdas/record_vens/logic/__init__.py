"""Reading the three kinds of message, and the changes to the tables. Pure."""
