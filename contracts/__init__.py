"""Messages and resources that cross a border: VEN and cloud, operator and cloud, cloud and its own tables."""
