"""A VEN's certificate, its secret and its registration: what provisioning and rotation share."""
