"""The IAM policies of the people and machines that use the CLI, made of the calls of its commands."""
