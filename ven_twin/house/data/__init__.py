"""Packaged tables, each with a NOTICE that says where it comes from and under which terms."""
