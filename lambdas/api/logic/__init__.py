"""Reading a call, its route, its cursors and its problems. Pure."""
