"""The operations of the route table, one file a resource."""
