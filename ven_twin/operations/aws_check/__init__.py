"""The account as a deployment would meet it, looked at before anything is made. Nothing here writes."""
